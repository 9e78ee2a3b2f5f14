/** What a failed connection means for whoever configured it, by the code of the innermost error. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at database.host and database.port",
  ENOTFOUND: "database.host has no address",
  EAI_AGAIN: "database.host cannot be resolved",
  EHOSTUNREACH: "database.host cannot be reached",
  ENETUNREACH: "database.host cannot be reached",
  ETIMEDOUT: "database.host does not answer",
  ECONNRESET: "the database broke the connection off",
  PROTOCOL_CONNECTION_LOST: "the database broke the connection off",
  ER_ACCESS_DENIED_ERROR: "the database refuses the account's name or password",
  ER_DBACCESS_DENIED_ERROR: "the account may not use the database",
  ER_BAD_DB_ERROR: "there is no such database",
  ER_CON_COUNT_ERROR: "the database has no connection left for this account",
  ER_TOO_MANY_USER_CONNECTIONS: "the database has no connection left for this account",
  ER_USER_LIMIT_REACHED: "the database has no connection left for this account",
  ER_HOST_IS_BLOCKED: "the database has blocked this host after too many failures: FLUSH HOSTS there",
  ER_HOST_NOT_PRIVILEGED: "the database lets no account in from this host",
  HANDSHAKE_NO_SSL_SUPPORT: "the database offers no TLS, but database.tls.mode wants it",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the database's certificate is signed by nobody trusted: set database.tls.caFile",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the database's certificate is signed by nobody trusted: set database.tls.caFile",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the database's certificate is signed by nobody trusted: set database.tls.caFile",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the database's certificate is signed by nobody trusted: set database.tls.caFile",
  ERR_TLS_CERT_ALTNAME_INVALID: "the database's certificate carries another name than database.host",
  CERT_HAS_EXPIRED: "the database's certificate has expired",
};
const CAUSE_DEPTH_MAX = 8;

/** Why no database connection came about, in words for the log: without host, account and anything the server said. */
export function describeConnectFailure(error: unknown): string {
  const innermost = innermostOf(error);
  const code = codeOf(innermost);
  const meaning = MEANINGS[code];
  if (meaning !== undefined) return `${meaning} (${code})`;
  if (innermost instanceof Error && innermost.message === "connect timeout") {
    return "the database does not answer within pool.connectTimeoutMs";
  }
  return code === "" ? "no connection to the database" : code;
}

function innermostOf(error: unknown): unknown {
  let inner = error;
  for (
    let depth = 0;
    depth < CAUSE_DEPTH_MAX && inner instanceof Error && inner.cause !== undefined;
    depth++
  ) {
    inner = inner.cause;
  }
  return inner;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
