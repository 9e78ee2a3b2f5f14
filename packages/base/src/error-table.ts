/** Where an error comes from. `database` errors pass through and are not in this table. */
export type ErrorSource = "client" | "edge" | "backhaul" | "origin" | "database";

/** May the caller send the same statement again, and how. CORRECTNESS R17 decides; `safe` = it certainly did not run. */
export type RetryAdvice = "never" | "new-connection" | "safe";

/** vtrpc code names: what a psdb client sees as `error.code`. */
export type VitessCode =
  | "ABORTED"
  | "DEADLINE_EXCEEDED"
  | "FAILED_PRECONDITION"
  | "INTERNAL"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE"
  | "UNIMPLEMENTED"
  | "UNKNOWN";

/** One row of the error table. */
export interface ErrorRow {
  /** MySQL error number, as a MySQL client sees it. */
  readonly errno: number;
  /** Five characters. */
  readonly sqlState: string;
  readonly vitessCode: VitessCode;
  /** HTTP status where the error is the whole answer (not an error inside a psdb 200). */
  readonly httpStatus: number;
  readonly source: ErrorSource;
  readonly retry: RetryAdvice;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Client-safe text: no host, no secret, no SQL. */
  readonly text: string;
}

/** Every error that Rockpool itself makes. Nobody writes an errno anywhere else. */
export const ERROR_TABLE = {
  "access-denied": row(
    1045,
    "28000",
    "UNAUTHENTICATED",
    401,
    "client",
    "never",
    "info",
    "Access denied: unknown login or wrong password",
  ),
  "address-not-allowed": row(
    1130,
    "HY000",
    "PERMISSION_DENIED",
    403,
    "client",
    "never",
    "info",
    "Clients at this address may not connect",
  ),
  "too-many-failures": row(
    1129,
    "HY000",
    "RESOURCE_EXHAUSTED",
    429,
    "client",
    "safe",
    "info",
    "Too many failed logins; try again later",
  ),
  "too-many-logins": row(
    1040,
    "08004",
    "RESOURCE_EXHAUSTED",
    503,
    "edge",
    "safe",
    "warn",
    "Too many passwords are waiting to be verified at this edge",
  ),
  "login-limit": row(
    1226,
    "42000",
    "RESOURCE_EXHAUSTED",
    429,
    "client",
    "safe",
    "info",
    "The login has reached one of its limits at this edge",
  ),
  // What a read-only transaction of the server says. 1290 would tell drivers that the server was demoted.
  "read-only-login": row(
    1792,
    "25006",
    "PERMISSION_DENIED",
    403,
    "client",
    "never",
    "info",
    "The login is read-only, and the statement is not certainly a read",
  ),
  "statement-not-allowed": row(
    1227,
    "42000",
    "PERMISSION_DENIED",
    403,
    "client",
    "never",
    "info",
    "The login may not run statements of this kind",
  ),
  "database-not-allowed": row(
    1044,
    "42000",
    "PERMISSION_DENIED",
    403,
    "client",
    "never",
    "info",
    "The login may not use a database that the statement names or may reach",
  ),
  "bad-request": row(1835, "HY000", "INVALID_ARGUMENT", 400, "client", "never", "info", "Malformed request"),
  "bad-session": row(
    1227,
    "42000",
    "PERMISSION_DENIED",
    403,
    "client",
    "never",
    "info",
    "The session token is not valid for this login",
  ),
  "bind-variable-missing": row(
    1210,
    "HY000",
    "INVALID_ARGUMENT",
    400,
    "client",
    "never",
    "info",
    "The query names a bind variable that was not sent",
  ),
  "bind-variable-invalid": row(
    1210,
    "HY000",
    "INVALID_ARGUMENT",
    400,
    "client",
    "never",
    "info",
    "A bind variable has an unsupported type or a malformed value",
  ),
  "body-too-large": row(
    1153,
    "08S01",
    "INVALID_ARGUMENT",
    413,
    "client",
    "never",
    "info",
    "The request is larger than the statement limit",
  ),
  "empty-query": row(1065, "42000", "INVALID_ARGUMENT", 400, "client", "never", "debug", "Query was empty"),
  "statement-too-large": row(
    1153,
    "08S01",
    "INVALID_ARGUMENT",
    413,
    "client",
    "never",
    "info",
    "Got a statement bigger than the statement limit",
  ),
  "not-found": row(1047, "08S01", "NOT_FOUND", 404, "client", "never", "debug", "No such endpoint"),
  "method-not-allowed": row(
    1047,
    "08S01",
    "INVALID_ARGUMENT",
    405,
    "client",
    "never",
    "debug",
    "Method not allowed",
  ),
  "unsupported-media-type": row(
    1047,
    "08S01",
    "INVALID_ARGUMENT",
    415,
    "client",
    "never",
    "debug",
    "Only application/json is spoken here",
  ),
  "content-encoding-unsupported": row(
    1047,
    "08S01",
    "INVALID_ARGUMENT",
    415,
    "client",
    "never",
    "debug",
    "Compressed requests are not taken: send the body uncompressed",
  ),
  "provider-unsupported": row(
    1235,
    "42000",
    "INVALID_ARGUMENT",
    400,
    "client",
    "never",
    "info",
    "Only the providers mysql and mariadb are spoken here",
  ),
  "needs-session": row(
    1235,
    "42000",
    "FAILED_PRECONDITION",
    400,
    "client",
    "never",
    "info",
    "This endpoint keeps no session: the transaction was rolled back",
  ),
  "headers-too-large": row(
    1153,
    "08S01",
    "INVALID_ARGUMENT",
    431,
    "client",
    "never",
    "info",
    "The request's headers are too large or too many",
  ),
  "url-too-long": row(
    1153,
    "08S01",
    "INVALID_ARGUMENT",
    414,
    "client",
    "never",
    "info",
    "The URL is too long",
  ),
  "request-timeout": row(
    1159,
    "08S01",
    "DEADLINE_EXCEEDED",
    408,
    "client",
    "safe",
    "info",
    "The request did not arrive in time",
  ),
  unimplemented: row(1047, "08S01", "UNIMPLEMENTED", 501, "client", "never", "debug", "Not implemented"),
  "unsupported-statement": row(
    1235,
    "42000",
    "UNIMPLEMENTED",
    400,
    "client",
    "never",
    "info",
    "Rockpool does not support this statement",
  ),
  "diagnostics-not-kept": row(
    1235,
    "42000",
    "FAILED_PRECONDITION",
    400,
    "client",
    "never",
    "info",
    "The previous statement's diagnostics are not kept outside a transaction; run both statements inside one",
  ),
  "session-lost": row(
    1317,
    "70100",
    "ABORTED",
    409,
    "origin",
    "never",
    "info",
    "The transaction or session state was lost; send ROLLBACK to continue",
  ),
  "session-queue-full": row(
    1040,
    "08004",
    "RESOURCE_EXHAUSTED",
    429,
    "origin",
    "safe",
    "warn",
    "Too many statements are waiting in this session",
  ),
  "too-many-clients": row(
    1040,
    "08004",
    "RESOURCE_EXHAUSTED",
    503,
    "edge",
    "safe",
    "warn",
    "Too many statements are in progress at this edge",
  ),
  "pool-exhausted": row(
    1040,
    "08004",
    "RESOURCE_EXHAUSTED",
    503,
    "origin",
    "safe",
    "warn",
    "Too many connections: no database connection became free in time",
  ),
  "database-unreachable": row(
    2003,
    "HY000",
    "UNAVAILABLE",
    503,
    "origin",
    "safe",
    "warn",
    "The origin cannot reach the database",
  ),
  "database-lost": row(
    2013,
    "HY000",
    "UNAVAILABLE",
    502,
    "origin",
    "never",
    "warn",
    "Lost connection to the database during the statement; its outcome is unknown",
  ),
  "read-lost": row(
    2013,
    "HY000",
    "UNAVAILABLE",
    502,
    "origin",
    "safe",
    "warn",
    "Lost connection to the database during the read",
  ),
  "origin-unreachable": row(
    2003,
    "HY000",
    "UNAVAILABLE",
    503,
    "backhaul",
    "safe",
    "warn",
    "The edge cannot reach the origin",
  ),
  "outcome-unknown": row(
    2013,
    "HY000",
    "UNAVAILABLE",
    504,
    "backhaul",
    "never",
    "warn",
    "The answer was lost; the statement's outcome is unknown",
  ),
  "deadline-exceeded": row(
    3024,
    "HY000",
    "DEADLINE_EXCEEDED",
    504,
    "origin",
    "never",
    "info",
    "Statement execution was interrupted, maximum statement execution time exceeded",
  ),
  "deadline-expired": row(
    3024,
    "HY000",
    "DEADLINE_EXCEEDED",
    504,
    "origin",
    "safe",
    "info",
    "The statement's deadline had passed before it could start; it did not run",
  ),
  cancelled: row(
    1317,
    "70100",
    "ABORTED",
    499,
    "client",
    "never",
    "debug",
    "Query execution was interrupted: the client went away",
  ),
  "row-too-large": row(
    1153,
    "08S01",
    "RESOURCE_EXHAUSTED",
    413,
    "origin",
    "never",
    "info",
    "A row of the result is larger than the row limit",
  ),
  "unsupported-column-name": row(
    1166,
    "42000",
    "INVALID_ARGUMENT",
    400,
    "origin",
    "never",
    "info",
    "The result has a column name that cannot be relayed",
  ),
  "shutting-down": row(
    1053,
    "08S01",
    "UNAVAILABLE",
    503,
    "edge",
    "safe",
    "info",
    "Server shutdown in progress",
  ),
  "protocol-error": row(
    1835,
    "HY000",
    "INTERNAL",
    502,
    "backhaul",
    "never",
    "error",
    "Malformed communication on the backhaul",
  ),
  internal: row(1105, "HY000", "INTERNAL", 500, "edge", "never", "error", "Internal error"),
} as const satisfies Record<string, ErrorRow>;

/** The closed set of our own error codes. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** All of them. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERROR_TABLE) as ErrorCode[]; // a record's own keys

function row(
  errno: number,
  sqlState: string,
  vitessCode: VitessCode,
  httpStatus: number,
  source: ErrorSource,
  retry: RetryAdvice,
  logLevel: ErrorRow["logLevel"],
  text: string,
): ErrorRow {
  return { errno, sqlState, vitessCode, httpStatus, source, retry, logLevel, text };
}
