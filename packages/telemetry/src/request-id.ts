/** The id of an edge's own looks at the way to the database: what they find is told by its readiness, not line by line. */
export const PROBE_REQUEST_ID = "probe";

/** Longest id that a client may bring. */
const LENGTH_MAX = 64;
const SHAPE = /^[A-Za-z0-9._-]+$/;

/**
 * A client's own request id (`x-request-id`), or null when there is none or it is not fit for logs and headers: only
 * 1 to 64 of `A-Z a-z 0-9 . _ -` are, so that no id can forge a log line or a header. The edge then makes its own.
 */
export function parseRequestId(header: string | undefined): string | null {
  if (header === undefined || header.length > LENGTH_MAX) return null;
  return SHAPE.test(header) ? header : null;
}
