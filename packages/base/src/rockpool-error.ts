import { ERROR_TABLE, type ErrorCode, type ErrorRow } from "./error-table.ts";

/** What may travel with an error into the logs. Never a secret, never SQL text. */
export type ErrorContext = Readonly<Record<string, string | number | boolean>>;

/** The one error class of our own making. Everything a client sees of it comes from `ERROR_TABLE`. */
export class RockpoolError extends Error {
  override name = "RockpoolError";
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, options: { cause?: unknown; context?: ErrorContext } = {}) {
    super(ERROR_TABLE[code].text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }

  /** The table row: errno, SQLSTATE, HTTP status, retry advice, text. */
  get row(): ErrorRow {
    return ERROR_TABLE[this.code];
  }
}

/** An error of the database, passed through byte for byte (errno, SQLSTATE, message). */
export interface DatabaseError {
  readonly errno: number;
  /** Five characters. */
  readonly sqlState: string;
  readonly message: string;
}

/** Any thrown value as a `RockpoolError`; what is not one of ours becomes `internal`. */
export function toRockpoolError(error: unknown): RockpoolError {
  return error instanceof RockpoolError ? error : new RockpoolError("internal", { cause: error });
}
