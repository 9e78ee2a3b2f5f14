/** A database's error as a client told it. */
export interface DatabaseFailure {
  readonly message: string;
  readonly errno: number;
  /** null = the client drops it. */
  readonly state: string | null;
}

/** Reads `<message> (errno N) (sqlstate S)`; throws the error itself when its text has another form. */
export function parseFailure(text: string, error: unknown): DatabaseFailure {
  const [, message, errno, state] = /^([^]*) \(errno (\d+)\) \(sqlstate (\w{5})\)$/.exec(text) ?? [];
  if (message === undefined || state === undefined) throw error;
  return { message, errno: Number(errno), state };
}
