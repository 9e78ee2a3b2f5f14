import type { RawColumn, StatementEnd } from "@rockpool/base";
import type { StoredResult } from "./stored-result.ts";

/** Keeps a copy of a passing result as long as it stays small enough to be stored. */
export class ResultCollector {
  readonly #sizeMaxBytes: number;
  #columns: readonly RawColumn[] | null = null;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #end: StatementEnd | null = null;
  #spoilt = false;

  constructor(sizeMaxBytes: number) {
    this.#sizeMaxBytes = sizeMaxBytes;
  }

  /** It can no longer become an entry: too large, several results, or warnings. */
  get isSpoilt(): boolean {
    return this.#spoilt;
  }

  columns(columns: readonly RawColumn[]): void {
    if (this.#columns !== null) this.spoil();
    else this.#columns = columns;
  }

  rows(piece: Uint8Array): void {
    if (this.#spoilt) return;
    this.#bytes += piece.length;
    if (this.#bytes > this.#sizeMaxBytes) this.spoil();
    else this.#pieces.push(new Uint8Array(piece));
  }

  end(end: StatementEnd, more: boolean): void {
    if (more || this.#end !== null || end.warnings > 0) this.spoil();
    this.#end = end;
  }

  /** Lets go of what was gathered. */
  spoil(): void {
    this.#spoilt = true;
    this.#pieces = [];
  }

  /** The whole result; null when it has no columns or is spoilt. */
  take(): StoredResult | null {
    if (this.#spoilt || this.#columns === null || this.#end === null) return null;
    const rows = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      rows.set(piece, at);
      at += piece.length;
    }
    return { columns: this.#columns, rows, end: this.#end, renderings: [] };
  }
}
