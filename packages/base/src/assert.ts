/** Thrown when an invariant of our own is broken: a bug, never a client's fault. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws `InvariantError` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends a `switch` over a closed union: the compiler proves it is never reached. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected variant: ${JSON.stringify(value)}`);
}
