/** What the statements of a login may be; each kind of statement belongs to exactly one (see @rockpool/sql). */
export const STATEMENT_RIGHTS = [
  "read",
  "write",
  "transaction",
  "session",
  "definition",
  "call",
  "lock",
  "admin",
] as const;

/** One of `STATEMENT_RIGHTS`. */
export type StatementRight = (typeof STATEMENT_RIGHTS)[number];

/** What a login may do, beyond what the database grants its account. */
export interface LoginRights {
  /** Only what is certainly a read. */
  readonly readOnly: boolean;
  /** Null = all. */
  readonly statements: readonly StatementRight[] | null;
  /** Databases that its statements may name or start in; null = all. */
  readonly databases: readonly string[] | null;
}

/** The rights of a login without limits. */
export const ALL_RIGHTS: LoginRights = { readOnly: false, statements: null, databases: null };

/** Limits of one login at one edge; 0 = none. */
export interface LoginLimits {
  readonly connectionsMax: number;
  readonly concurrentStatementsMax: number;
  readonly statementsPerSecondMax: number;
  readonly bytesPerSecondMax: number;
}
