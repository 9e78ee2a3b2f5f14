/** OpenSSL's verdicts that come down to: nobody whom this side trusts has signed it. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

const NOT_TLS = "what answers there does not speak TLS: is it http://?";

/** What went wrong on the edge's side, by the code of Node's error, and what to do about it. */
const EDGE_ADVICE: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the origin's certificate carries another name: check origin.url, or set origin.tls.serverName",
  CERT_HAS_EXPIRED: "the origin's certificate has expired",
  CERT_NOT_YET_VALID: "the origin's certificate is not valid yet: check the clocks",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "the origin wants a certificate of this edge: set origin.tls.certFile and origin.tls.keyFile",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "what answers there does not speak HTTP/2",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "what answers there does not speak TLS 1.3",
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host has no address",
};

/** The same on the origin's side. */
const ORIGIN_ADVICE: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the peer showed no certificate",
  CERT_HAS_EXPIRED: "the peer's certificate has expired",
  CERT_NOT_YET_VALID: "the peer's certificate is not valid yet: check the clocks",
  ERR_SSL_WRONG_VERSION_NUMBER: "the peer does not speak TLS: is its origin.url http://?",
  ERR_SSL_HTTP_REQUEST: "the peer does not speak TLS",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the peer does not speak TLS 1.3",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the peer does not speak HTTP/2",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the peer does not trust the authority of this origin's certificate",
};

/** Why an edge has no connection, in words for its log. Never contains anything the peer sent. */
export function describeLinkFailure(error: Error): string {
  const code = codeOf(error);
  if (UNTRUSTED.has(code)) {
    return "the origin's certificate is signed by nobody this edge trusts: check origin.tls.caFile";
  }
  return EDGE_ADVICE[code] ?? (code === "" ? error.message : code);
}

/** Why an origin refused a TLS client, in words for its log. */
export function describeClientRefusal(error: Error, authorizationError: unknown): string {
  const code = typeof authorizationError === "string" ? authorizationError : codeOf(error);
  if (UNTRUSTED.has(code)) {
    return "the peer's certificate is not signed by the authority of listen.backhaul.tls.clientCaFile";
  }
  return ORIGIN_ADVICE[code] ?? (code === "" ? error.message : code);
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
