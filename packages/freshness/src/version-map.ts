import type { ChangeSet, Dependencies, RowKey, TableId } from "@rockpool/base";

import { type BoundedVersions, createBoundedVersions } from "./bounded-versions.ts";
import { createDoubts, type Doubts } from "./doubts.ts";
import { maxOverSchemas } from "./table-schemas.ts";

/** Bounds of a `VersionMap`. What is forgotten beyond them reads as changed: never the other way round. */
export interface VersionMapOptions {
  /** Row keys remembered one by one; beyond it the horizon rises. */
  readonly keyRingMax: number;
  /** Tables (and schemas) remembered one by one; beyond it the floor rises. */
  readonly tableMax: number;
  /** Doubts told apart; more put everything in doubt. Default 256. */
  readonly doubtMax?: number;
}

/** When each table, row key and schema last changed: R3. All positions are of one epoch. */
export interface VersionMap {
  /** Notes a change. Positions may come out of order (R8: answers run ahead of the feed) and more than once. */
  apply(seq: number, change: ChangeSet): void;
  /** Until it is settled, everything `change` touches has changed "later than anything" (R14). */
  openDoubt(id: string, change: ChangeSet): void;
  /** Ends a doubt: what it touched, or only `change`, changed at `seq` at the latest. An unknown id means everything changed. */
  settleDoubt(id: string, seq: number, change?: ChangeSet): void;
  /** The last position at which anything in the table may have changed; `Infinity` while in doubt. */
  lastTable(table: TableId): number;
  /** The last position at which the row may have changed, precise enough for comparison with `stampSeq` only. */
  lastKey(key: RowKey, stampSeq: number): number;
  /** The last position at which a definition in the schema may have changed (R11). */
  lastDdl(schema: string): number;
  /** Nothing in `deps` changed after `stampSeq`, no definition after `catalogueSeq`. */
  isCurrent(deps: Dependencies, stampSeq: number, catalogueSeq: number): boolean;
  /** Forgets all: everything counts as changed at `seq`. */
  reset(seq: number): void;
  /** Rises with every call that may make an answer of this map different. */
  readonly revision: number;
  /** Estimated heap bytes. */
  readonly bytes: number;
}

/** Creates a map in which everything counts as changed at position 0. */
export function createVersionMap(options: VersionMapOptions): VersionMap {
  return new Versions(options);
}

const DOUBT_MAX = 256;
/** A Map slot with its string header: 69 bytes with the text were measured with 100,000 row keys (Node 26). */
const NAME_BYTES = 80;

class Versions implements VersionMap {
  readonly #options: VersionMapOptions;
  #all = 0;
  #schemas: BoundedVersions;
  /** Changes of the table as a whole: TRUNCATE, statement events, keys that could not be told. */
  #tableWide: BoundedVersions;
  /** Any change in the table, single rows included. */
  #tableAny: BoundedVersions;
  /** Its floor is the horizon: a stamp below it may have missed a forgotten key. */
  #keys: BoundedVersions;
  #doubts: Doubts;
  #revision = 0;

  constructor(options: VersionMapOptions) {
    this.#options = options;
    this.#schemas = createBoundedVersions(options.tableMax, 0);
    this.#tableWide = createBoundedVersions(options.tableMax, 0);
    this.#tableAny = createBoundedVersions(options.tableMax, 0);
    this.#keys = createBoundedVersions(options.keyRingMax, 0);
    this.#doubts = createDoubts(options.doubtMax ?? DOUBT_MAX);
  }

  get revision(): number {
    return this.#revision;
  }

  get bytes(): number {
    let bytes = 0;
    for (const versions of [this.#schemas, this.#tableWide, this.#tableAny, this.#keys]) {
      bytes += versions.count * NAME_BYTES + versions.nameLength;
    }
    return bytes + this.#doubts.count * NAME_BYTES;
  }

  apply(seq: number, change: ChangeSet): void {
    this.#revision += 1;
    if (change.everything && seq > this.#all) this.#all = seq;
    for (const schema of change.schemas) this.#schemas.raise(schema, seq);
    for (const table of change.tables) {
      this.#tableWide.raise(table, seq);
      this.#tableAny.raise(table, seq);
    }
    for (const key of change.keys) {
      this.#tableAny.raise(key.table, seq);
      this.#keys.raise(keyName(key), seq);
    }
  }

  openDoubt(id: string, change: ChangeSet): void {
    this.#revision += 1;
    this.#doubts.open(id, change);
  }

  settleDoubt(id: string, seq: number, change?: ChangeSet): void {
    this.#revision += 1;
    const known = this.#doubts.settle(id);
    if (known === null) this.#all = Math.max(this.#all, seq);
    else this.apply(seq, change ?? known);
  }

  lastTable(table: TableId): number {
    return Math.max(this.#lastAround(table), this.#tableAny.last(table));
  }

  lastKey(key: RowKey, stampSeq: number): number {
    const around = Math.max(this.#lastAround(key.table), this.#tableWide.last(key.table));
    const own = stampSeq >= this.#keys.floor ? this.#keys.last(keyName(key)) : this.#tableAny.last(key.table);
    return Math.max(around, own);
  }

  lastDdl(schema: string): number {
    if (this.#doubts.count > 0 && this.#doubts.isSchemaInDoubt(schema)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#all, this.#schemas.last(schema));
  }

  isCurrent(deps: Dependencies, stampSeq: number, catalogueSeq: number): boolean {
    for (const key of deps.keys) {
      if (this.lastKey(key, stampSeq) > stampSeq) return false;
    }
    for (const table of deps.tables) {
      if (this.lastTable(table) > stampSeq) return false;
    }
    for (const schema of deps.schemas) {
      if (this.lastDdl(schema) > catalogueSeq) return false;
    }
    return true;
  }

  reset(seq: number): void {
    this.#revision += 1;
    this.#all = seq;
    this.#schemas = createBoundedVersions(this.#options.tableMax, seq);
    this.#tableWide = createBoundedVersions(this.#options.tableMax, seq);
    this.#tableAny = createBoundedVersions(this.#options.tableMax, seq);
    this.#keys = createBoundedVersions(this.#options.keyRingMax, seq);
    this.#doubts = createDoubts(this.#options.doubtMax ?? DOUBT_MAX);
  }

  /** What reaches a table from above: everything, its schema, doubts. */
  #lastAround(table: TableId): number {
    if (this.#doubts.count > 0 && this.#doubts.isTableInDoubt(table)) return Number.POSITIVE_INFINITY;
    // No schema ever changed on its own: the usual state, and it spares the hot path a substring.
    if (this.#schemas.count === 0) return Math.max(this.#all, this.#schemas.floor);
    return Math.max(
      this.#all,
      maxOverSchemas(table, (schema) => this.#schemas.last(schema)),
    );
  }
}

function keyName(key: RowKey): string {
  return `${key.value}\0${key.column}\0${key.table}`;
}
