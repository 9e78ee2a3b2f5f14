/** What a client asks for beside the statement itself. */
export interface StatementTerms {
  /** How long it may take from now, in milliseconds; null = as long as the way to the origin allows. */
  readonly timeoutMs: number | null;
  /** The session is over after it: a database connection that it holds is rolled back and given back. */
  readonly endsSession: boolean;
}

/** Nothing special. */
export const NO_TERMS: StatementTerms = { timeoutMs: null, endsSession: false };
