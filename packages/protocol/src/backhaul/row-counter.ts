/** Counts the rows of a row stream without keeping any of it. */
export class RowCounter {
  #count = 0;
  /** Bytes of the current row that are still to come. */
  #toSkip = 0;
  #length = 0;
  #lengthFilled = 0;

  /** Rows whose beginning has come. */
  get count(): number {
    return this.#count;
  }

  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, piece.length - at);
        this.#toSkip -= skipped;
        at += skipped;
        continue;
      }
      this.#length = this.#length * 256 + (piece[at] ?? 0);
      this.#lengthFilled += 1;
      at += 1;
      if (this.#lengthFilled < 4) continue;
      this.#count += 1;
      this.#toSkip = this.#length;
      this.#length = 0;
      this.#lengthFilled = 0;
    }
  }
}
