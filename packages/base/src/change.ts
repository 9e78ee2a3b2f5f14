/**
 * A base table as `schema.table`, in the catalogue's spelling. Two tables that collide in this form share
 * one version, which can only invalidate more.
 */
export type TableId = string;

/** The place of a published change in one total order per database. Comparable only within one epoch. */
export interface Position {
  /** Opaque; a new one after every restart, failover or lost position of the origin. */
  readonly epoch: string;
  /** Dense counter of published changes, a safe integer; 0 = nothing published yet. */
  readonly seq: number;
}

/** One row, as far as an integer column names it (CORRECTNESS R6). */
export interface RowKey {
  readonly table: TableId;
  readonly column: string;
  /** The canonical decimal integer. */
  readonly value: string;
}

/** What one committed transaction may have altered. Wider is always safe; narrower never is. */
export interface ChangeSet {
  /** All tables of all schemas, all definitions, all rights. */
  readonly everything: boolean;
  /** Whole schemas: each of their tables and their definitions (DDL). */
  readonly schemas: readonly string[];
  /** Whole tables. */
  readonly tables: readonly TableId[];
  /** Single rows; a table named here is not repeated in `tables`. */
  readonly keys: readonly RowKey[];
}

/** The change set that touches nothing. */
export const NO_CHANGE: ChangeSet = { everything: false, schemas: [], tables: [], keys: [] };

/** The change set that touches all there is. */
export const EVERYTHING: ChangeSet = { everything: true, schemas: [], tables: [], keys: [] };

/** What a cached answer depends on: row keys where they are proven, whole tables otherwise. */
export interface Dependencies {
  /** Tables on which the answer depends as a whole. */
  readonly tables: readonly TableId[];
  /** Rows on which it depends; their tables are not in `tables`. */
  readonly keys: readonly RowKey[];
  /** Every schema whose definitions the answer relies on (R11). */
  readonly schemas: readonly string[];
  /** The statement names a view: which tables it stands for may have changed without this edge knowing yet. */
  readonly throughView?: boolean;
}

/** Whether `change` touches anything at all. */
export function isEmptyChange(change: ChangeSet): boolean {
  return (
    !change.everything &&
    change.schemas.length === 0 &&
    change.tables.length === 0 &&
    change.keys.length === 0
  );
}

/** The union of two change sets, without duplicates among whole schemas and tables. */
export function uniteChanges(left: ChangeSet, right: ChangeSet): ChangeSet {
  if (isEmptyChange(left)) return right;
  if (isEmptyChange(right)) return left;
  if (left.everything || right.everything) return EVERYTHING;
  const tables = [...new Set([...left.tables, ...right.tables])];
  return {
    everything: false,
    schemas: [...new Set([...left.schemas, ...right.schemas])],
    tables,
    keys: [...left.keys, ...right.keys],
  };
}
