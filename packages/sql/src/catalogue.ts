import type { TableId } from "@rockpool/base";

/** What a body of stored SQL (view, trigger, routine) can touch. `null` = cannot be told: everything. */
export type Reach = readonly TableId[] | null;

/** One base table or view. */
export interface CatalogueTable {
  readonly name: string;
  readonly kind: "table" | "view" | "other";
  /** False when R12 forbids caching (engine, volatile generated column, system-versioned, view that cannot be expanded). */
  readonly cacheable: boolean;
  /** For a view: its base tables, all the way down, and the schemas it passes through; for a table: itself. */
  readonly baseTables: readonly TableId[];
  readonly baseSchemas: readonly string[];
  /** Everything a write to this table may alter besides itself: FK descendants and trigger bodies, transitively. `null` = everything. */
  readonly writeReach: Reach;
  /** It has triggers, or defaults/checks that call functions: a write to it must run on a clean connection. */
  readonly runsCode: boolean;
  /** That code may leave session state behind (user variables …). Absent = no. */
  readonly leavesState?: boolean;
  /** For a view: what merely reading it may write, through the functions it calls. Absent = nothing if cacheable, else everything. */
  readonly readReach?: Reach;
  /** Indexed, non-generated integer columns, for row keys (R6): name → signedness and width. */
  readonly integerColumns: readonly {
    readonly name: string;
    readonly unsigned: boolean;
    readonly bits: number;
  }[];
}

/** One stored procedure or function. */
export interface CatalogueRoutine {
  readonly name: string;
  readonly kind: "procedure" | "function";
  /** What running it may write, transitively. */
  readonly writeReach: Reach;
  /** Its body (transitively) leaves no session state behind: no temporary table, user variable, SET, lock, PREPARE, transaction control. */
  readonly clean: boolean;
}

/** One schema (MySQL calls it a database). */
export interface CatalogueSchema {
  readonly name: string;
  readonly tables: readonly CatalogueTable[];
  readonly routines: readonly CatalogueRoutine[];
}

/** What the origin publishes of the database's definitions (R11). Plain JSON. */
export interface CatalogueData {
  /** `@@lower_case_table_names`: 0 = names are case-sensitive. */
  readonly lowerCaseTableNames: number;
  readonly schemas: readonly CatalogueSchema[];
  /** Schemas whose triggers and foreign keys the account may not see: a write to any table there may alter everything. */
  readonly blindSchemas?: readonly string[];
}
