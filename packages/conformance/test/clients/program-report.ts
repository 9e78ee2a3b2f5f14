/** Whom a client program speaks to; passed as JSON in the environment. */
export interface ClientTarget {
  /** The edge's base URL, without a login. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The login's default database; no other program uses it. */
  readonly database: string;
  /** The database itself, for comparison. */
  readonly direct: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
  };
}

/** One check of a program. */
export interface CheckReport {
  readonly name: string;
  readonly ok: boolean;
  /** Why it failed, or what is worth printing. */
  readonly detail: string;
}

/** What a client program prints, as its last line. */
export interface ProgramReport {
  readonly client: string;
  /** `process.version`. */
  readonly node: string;
  readonly requests: number;
  readonly checks: readonly CheckReport[];
}
