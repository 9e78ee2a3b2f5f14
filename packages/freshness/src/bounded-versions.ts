/** Name → last position, for at most `max` names. What is forgotten raises the floor that all unknown names share. */
export interface BoundedVersions {
  /** The last position at which `name` changed, or a later one. */
  last(name: string): number;
  /** Notes that `name` changed at `seq`. */
  raise(name: string, seq: number): void;
  /** No name unknown to the map reads lower than this. */
  readonly floor: number;
  readonly count: number;
  /** UTF-16 units held as names. */
  readonly nameLength: number;
}

/** Creates an empty map whose floor is `floor`. Forgets the name that changed least recently. */
export function createBoundedVersions(max: number, floor: number): BoundedVersions {
  return new VersionTable(max, floor);
}

class VersionTable implements BoundedVersions {
  readonly #max: number;
  readonly #versions = new Map<string, number>();
  #floor: number;
  #nameLength = 0;

  constructor(max: number, floor: number) {
    this.#max = max;
    this.#floor = floor;
  }

  get floor(): number {
    return this.#floor;
  }

  get count(): number {
    return this.#versions.size;
  }

  get nameLength(): number {
    return this.#nameLength;
  }

  last(name: string): number {
    return this.#versions.get(name) ?? this.#floor;
  }

  raise(name: string, seq: number): void {
    const known = this.#versions.get(name);
    if (known === undefined) {
      if (seq <= this.#floor) return;
      this.#nameLength += name.length;
    } else {
      // Taken out and put back even when it does not rise: a Map's order is then the order of the last change.
      this.#versions.delete(name);
    }
    this.#versions.set(name, known !== undefined && known > seq ? known : seq);
    if (this.#versions.size > this.#max) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [name, seq] of this.#versions) {
      this.#versions.delete(name);
      this.#nameLength -= name.length;
      if (seq > this.#floor) this.#floor = seq;
      return;
    }
  }
}
