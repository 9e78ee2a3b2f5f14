import { type ChangeSet, EVERYTHING, NO_CHANGE, type TableId } from "@rockpool/base";
import type { Reach } from "./catalogue.ts";
import type { TableEntry } from "./catalogue-index.ts";

/** Collects what a statement may alter; once it is everything it stays so. */
export class ReachSet {
  readonly #tables = new Set<TableId>();
  #everything = false;

  add(reach: Reach): void {
    if (reach === null) this.#everything = true;
    else for (const table of reach) this.#tables.add(table);
  }

  addEverything(): void {
    this.#everything = true;
  }

  /** Adds a written table: itself, or a view's base tables, and all that triggers and foreign keys take along. */
  addWritten(entry: TableEntry): void {
    this.add(entry.table.baseTables);
    this.add(entry.table.writeReach);
  }

  /** Adds what reading the table runs: nothing, but for views that call functions. */
  addRead(entry: TableEntry): void {
    if (entry.table.kind === "view") this.add(readReachOf(entry));
  }

  toChangeSet(): ChangeSet {
    if (this.#everything) return EVERYTHING;
    return this.#tables.size === 0 ? NO_CHANGE : { ...NO_CHANGE, tables: [...this.#tables] };
  }
}

/** What reading a table may write; `[]` for all but views that call functions. */
export function readReachOf(entry: TableEntry): Reach {
  if (entry.table.kind !== "view") return [];
  return entry.table.readReach !== undefined ? entry.table.readReach : entry.table.cacheable ? [] : null;
}
