/** Monotonic milliseconds with a fraction, as of `performance.now()`. Only differences of one process's instants mean anything. */
export type Instant = number;

/** The time port. Pure code takes `now` as an argument; rims hold a `Clock`. */
export interface Clock {
  /** Monotonic milliseconds; for durations, ages and deadlines. */
  now(): Instant;
  /** Milliseconds since the Unix epoch; only for values that leave the process. */
  wallMs(): number;
}

/** A cancellable timer, as returned by `Timers.after`. */
export interface TimerHandle {
  cancel(): void;
}

/** The timer port, so that a simulator can own time. */
export interface Timers {
  /** Calls `task` once after `delayMs`; never keeps the process alive by itself. */
  after(delayMs: number, task: () => void): TimerHandle;
}

/** Seedable randomness for back-off jitter and sampling; never for secrets. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** Cryptographic randomness, for tokens and ids. */
export interface SecureRandom {
  bytes(length: number): Uint8Array;
}
