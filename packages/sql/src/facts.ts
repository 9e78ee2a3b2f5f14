import type { ChangeSet, RowKey, TableId } from "@rockpool/base";

/** What a statement is, by its leading tokens. */
export type StatementKind =
  | "select"
  | "show" // SHOW, EXPLAIN, DESCRIBE, HELP: reads of metadata, never cached
  | "dml" // INSERT, UPDATE, DELETE, REPLACE (without session state), DO
  | "ddl" // CREATE, ALTER, DROP, RENAME, TRUNCATE, OPTIMIZE, ANALYZE TABLE, REPAIR …
  | "rights" // GRANT, REVOKE, CREATE/ALTER/DROP/RENAME USER or ROLE, FLUSH, SET PASSWORD
  | "begin" // BEGIN, START TRANSACTION
  | "commit"
  | "rollback" // without TO SAVEPOINT
  | "savepoint" // SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO
  | "set"
  | "use"
  | "call"
  | "lock" // LOCK TABLES
  | "unlock"
  | "prepare" // PREPARE, EXECUTE, DEALLOCATE as text
  | "xa"
  | "handler"
  | "load" // LOAD DATA/XML
  | "empty" // nothing but blanks and comments
  | "other";

/** Why a statement does not get an answer from the cache, nor leaves one there. A closed list; each is a metric label. */
export type BypassReason =
  | "not-a-select"
  | "statement-too-long"
  | "too-many-tokens"
  | "too-deep" // nested deeper than may be parsed, or a group that is not closed
  | "invalid-text" // NUL, invalid UTF-8, unterminated quote or comment
  | "executable-comment"
  | "optimizer-hint"
  | "user-variable"
  | "system-variable"
  | "into"
  | "locking-read"
  | "several-statements"
  | "sql-no-cache"
  | "found-rows"
  | "parse-error"
  | "not-one-select"
  | "unknown-node"
  | "unlisted-function"
  | "volatile-function"
  | "no-table"
  | "unknown-table"
  | "floor-mismatch"
  | "system-schema"
  | "uncacheable-table"
  | "uncacheable-view"
  | "temporal-table"
  | "sql-mode"
  | "charset-introducer"
  | "no-catalogue";

/** Why a statement needs a database connection of its own beyond its own end. */
export type PinReason =
  | "transaction"
  | "set-transaction"
  | "temporary-table"
  | "user-variable"
  | "lock-tables"
  | "user-lock"
  | "session-variable"
  | "prepared-statement"
  | "handler"
  | "xa"
  | "found-rows"
  | "routine"
  | "unknown-statement";

/** One assignment of a variable that is known to be harmless: part of the key, replayed on checkout. */
export interface VirtualSet {
  /** Lower-case system variable name, e.g. `time_zone`; or `names`, with `charset` or `charset COLLATE collation` as its value. */
  readonly name: string;
  /** The SQL text to put after `SET SESSION name = ` (see `formatVirtualSets`): a literal or a bare word; strings in single quotes. */
  readonly value: string;
}

/** Whether a statement may be answered from, and kept in, the cache. */
export type ReadPlan =
  | {
      readonly cacheable: true;
      /** Base tables it depends on as a whole; empty when `keys` bind it. */
      readonly tables: readonly TableId[];
      /** Row keys it depends on instead (R6, R7); empty = table-level. */
      readonly keys: readonly RowKey[];
      /** Schemas of its tables and of the views it goes through. */
      readonly schemas: readonly string[];
      /** It goes through a view: a redefinition can change what it depends on (`Dependencies.throughView`). */
      readonly throughView?: true;
    }
  | { readonly cacheable: false; readonly reason: BypassReason };

/** What a login's rights are judged by (see `decideRefusal`). */
export interface RightsFacts {
  /** It may be another kind of statement than it seems. */
  readonly unsure: boolean;
  /** `certainly` = can do nothing but read, or only steers its own session; `with-locks` = and holds up writers. */
  readonly reads: "certainly" | "with-locks" | "no";
  /** Schemas that it names or works in, the default one included; null = cannot be told. */
  readonly schemas: readonly string[] | null;
}

/** All that the text of a statement, read against a catalogue, says. */
export interface StatementFacts {
  readonly kind: StatementKind;
  readonly plan: ReadPlan;
  readonly rights: RightsFacts;
  /**
   * Proven free of effects on data and on session state (all three gates, volatile-but-harmless functions such as
   * NOW() allowed; also plain SHOW/EXPLAIN). Only these may be retried (R17) and need no change to be published.
   */
  readonly pure: boolean;
  /** What it may alter when it is not pure; `NO_CHANGE` for pure statements and transaction control. */
  readonly effect: ChangeSet;
  /** The catalogue must be loaded anew after it (DDL, rights, anything unknown). */
  readonly altersCatalogue: boolean;
  /** It leaves state on its connection: the connection must be pinned to the session. */
  readonly pin: PinReason | null;
  /** Not pinned, yet the connection must be reset before anybody else uses it (CALL of a routine known to be clean, GET DIAGNOSTICS …). */
  readonly resetAfter: boolean;
  /** Non-null for a SET made of harmless assignments only (`kind` is then `set`, `pin` null). */
  readonly virtualSets: readonly VirtualSet[] | null;
  /** Reads LAST_INSERT_ID() or @@last_insert_id/@@identity, directly in its text: needs the session's own value. */
  readonly usesLastInsertId: boolean;
  /** Reads what the previous statement left: FOUND_ROWS(), ROW_COUNT(), SHOW WARNINGS/ERRORS, GET DIAGNOSTICS, @@warning_count … */
  readonly usesDiagnostics: boolean;
  /** Must run on a connection in its initial session state (calls routines, fires triggers, reads @x …): S1. */
  readonly needsCleanConnection: boolean;
  /**
   * For what is not pure: names, in lower case, of its calls that may be stored functions, where nothing else in it runs
   * stored code. Absent = anything may. What the catalogue does not know counts as not there.
   */
  readonly storedCalls?: readonly string[];
  /** For `use`: the database's name as the client wrote it, unquoted. */
  readonly useSchema?: string;
  /** For `SET @@boost_cached_queries = …`, which psdb clients send and no server knows: what it asks for. */
  readonly boost?: boolean;
  /**
   * After it the session's `character_set_client` may be one whose text cannot be read (gbk, sjis, big5 …), in a way that
   * `virtualSets` does not show: pass `charsetUnsafe` for everything that follows.
   */
  readonly unreadableAfter?: boolean;
}
