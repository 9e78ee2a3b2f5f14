import type { ChangeSet, TableId } from "@rockpool/base";

import { hasSchemaIn } from "./table-schemas.ts";

/** Writes whose outcome nobody knows (R14), at most `max` of them by name; more put everything in doubt. */
export interface Doubts {
  open(id: string, change: ChangeSet): void;
  /** Ends a doubt. Returns what it had put in doubt; `null` when it was one of those beyond the bound, or unknown. */
  settle(id: string): ChangeSet | null;
  isTableInDoubt(table: TableId): boolean;
  isSchemaInDoubt(schema: string): boolean;
  /** Doubts open now, those beyond the bound included. */
  readonly count: number;
}

/** Creates an empty register. */
export function createDoubts(max: number): Doubts {
  return new DoubtRegister(max);
}

class DoubtRegister implements Doubts {
  readonly #max: number;
  readonly #open = new Map<string, ChangeSet>();
  /** Doubts that found the register full: only their number is kept. */
  #beyondCount = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#open.size + this.#beyondCount;
  }

  open(id: string, change: ChangeSet): void {
    if (this.#open.has(id) || this.#open.size < this.#max) this.#open.set(id, change);
    else this.#beyondCount += 1;
  }

  settle(id: string): ChangeSet | null {
    const change = this.#open.get(id);
    if (change === undefined) {
      if (this.#beyondCount > 0) this.#beyondCount -= 1;
      return null;
    }
    this.#open.delete(id);
    return change;
  }

  isTableInDoubt(table: TableId): boolean {
    if (this.#beyondCount > 0) return true;
    for (const change of this.#open.values()) {
      if (change.everything || change.tables.includes(table) || hasSchemaIn(table, change.schemas))
        return true;
      // A doubt is a rare thing: its rows are not told apart.
      if (change.keys.some((key) => key.table === table)) return true;
    }
    return false;
  }

  isSchemaInDoubt(schema: string): boolean {
    if (this.#beyondCount > 0) return true;
    for (const change of this.#open.values()) {
      if (change.everything || change.schemas.includes(schema)) return true;
    }
    return false;
  }
}
