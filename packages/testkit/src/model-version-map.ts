import type { ChangeSet, Dependencies, RowKey, TableId } from "@rockpool/base";
import type { VersionMap } from "@rockpool/freshness";

/** What a broken `VersionMap` leaves out. */
export type VersionFlaw =
  | "no-table-wide" // whole-table changes do not reach the table's rows
  | "no-table-any" // row changes do not reach whole-table readers
  | "no-horizon" // forgotten rows count as never changed
  | "no-schema"; // changes of a schema reach nothing

/** How a model differs from the truth. */
export interface ModelVersionMapOptions {
  readonly flaws?: readonly VersionFlaw[];
  /** With `no-horizon`: the row changes that are remembered. */
  readonly keyMax?: number;
}

/** The obvious `VersionMap`: keeps the whole history and searches it. The product's own may only say "changed" more often. */
export function createModelVersionMap(options: ModelVersionMapOptions = {}): VersionMap {
  return new HistoryMap(options);
}

interface Past {
  readonly seq: number;
  readonly change: ChangeSet;
}

class HistoryMap implements VersionMap {
  readonly #flaws: ReadonlySet<VersionFlaw>;
  readonly #keyMax: number;
  #history: Past[] = [];
  #doubts = new Map<string, ChangeSet>();
  #floor = 0;
  #revision = 0;

  constructor(options: ModelVersionMapOptions) {
    this.#flaws = new Set(options.flaws);
    this.#keyMax = options.keyMax ?? Number.POSITIVE_INFINITY;
  }

  get revision(): number {
    return this.#revision;
  }

  get bytes(): number {
    return this.#history.length;
  }

  apply(seq: number, change: ChangeSet): void {
    this.#revision += 1;
    this.#history.push({ seq, change });
  }

  openDoubt(id: string, change: ChangeSet): void {
    this.#revision += 1;
    this.#doubts.set(id, change);
  }

  settleDoubt(id: string, seq: number, only?: ChangeSet): void {
    const change = this.#doubts.get(id);
    if (change === undefined) throw new Error(`no doubt ${id}`);
    this.#doubts.delete(id);
    this.apply(seq, only ?? change);
  }

  lastTable(table: TableId): number {
    const byRows = !this.#flaws.has("no-table-any");
    return this.#last((change) => {
      return this.#reachesTable(change, table) || (byRows && change.keys.some((key) => key.table === table));
    });
  }

  lastKey(key: RowKey): number {
    const remembered = this.#rememberedKeys();
    return this.#last((change, past) => {
      if (this.#reachesRows(change, key.table)) return true;
      if (past === null) return change.keys.some((one) => one.table === key.table);
      return (remembered === null || remembered.has(past)) && change.keys.some((one) => isSame(one, key));
    });
  }

  lastDdl(schema: string): number {
    const bySchema = !this.#flaws.has("no-schema");
    return this.#last((change) => change.everything || (bySchema && change.schemas.includes(schema)));
  }

  isCurrent(deps: Dependencies, stampSeq: number, catalogueSeq: number): boolean {
    return (
      deps.keys.every((key) => this.lastKey(key) <= stampSeq) &&
      deps.tables.every((table) => this.lastTable(table) <= stampSeq) &&
      deps.schemas.every((schema) => this.lastDdl(schema) <= catalogueSeq)
    );
  }

  reset(seq: number): void {
    this.#revision += 1;
    this.#history = [];
    this.#doubts = new Map();
    this.#floor = seq;
  }

  #reachesTable(change: ChangeSet, table: TableId): boolean {
    const bySchema = !this.#flaws.has("no-schema") && isInSchemas(table, change.schemas);
    return change.everything || bySchema || change.tables.includes(table);
  }

  #reachesRows(change: ChangeSet, table: TableId): boolean {
    if (!this.#flaws.has("no-table-wide")) return this.#reachesTable(change, table);
    return change.everything || isInSchemas(table, change.schemas);
  }

  #last(touches: (change: ChangeSet, past: Past | null) => boolean): number {
    for (const change of this.#doubts.values()) if (touches(change, null)) return Number.POSITIVE_INFINITY;
    let last = this.#floor;
    for (const past of this.#history) {
      if (past.seq > last && touches(past.change, past)) last = past.seq;
    }
    return last;
  }

  #rememberedKeys(): ReadonlySet<Past> | null {
    if (!this.#flaws.has("no-horizon")) return null;
    return new Set(this.#history.filter(({ change }) => change.keys.length > 0).slice(-this.#keyMax));
  }
}

function isInSchemas(table: TableId, schemas: readonly string[]): boolean {
  return schemas.some((schema) => table.startsWith(`${schema}.`));
}

function isSame(left: RowKey, right: RowKey): boolean {
  return left.value === right.value && left.column === right.column && left.table === right.table;
}
