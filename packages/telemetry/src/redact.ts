/** What replaces the value of a field that must not be logged. */
export const REDACTED = "[redacted]";

/** Field names whose values never reach a log, wherever they stand in the name and however they are written. */
const SECRET_NAME =
  /password|passwd|authorization|secret|token|cookie|credential|verifier|^sql$|statement_?text/i;

/**
 * `value`, or `REDACTED` when the field's name says it is a secret. Numbers and booleans pass: `tokenCount: 7`
 * tells nothing, and no secret of ours is a number.
 */
export function redactField<T>(name: string, value: T): T | typeof REDACTED {
  if (typeof value === "number" || typeof value === "boolean") return value;
  return SECRET_NAME.test(name) ? REDACTED : value;
}
