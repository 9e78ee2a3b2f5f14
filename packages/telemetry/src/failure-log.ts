import type { Clock, ErrorCode, Instant, RockpoolError } from "@rockpool/base";
import type { LogFields, Logger } from "./logger.ts";

/** Lines of one code within a second; a flood of refusals must not become a flood of lines. */
const LINES_PER_SECOND_MAX = 10;
const SECOND_MS = 1_000;

interface Window {
  readonly startedAt: Instant;
  count: number;
}

/** Logs what a request failed with. */
export type LogFailure = (error: RockpoolError, fields: LogFields) => void;

/**
 * Logs failed requests at the level that the error table gives their code: at most ten lines a second for each code, then
 * a count of what was left out. `internal` comes with its stack, every other code with the code alone.
 */
export function createFailureLog(log: Logger, clock: Pick<Clock, "now">): LogFailure {
  const windows = new Map<ErrorCode, Window>();
  return (error, fields) => {
    const { code } = error;
    const now = clock.now();
    let window = windows.get(code);
    if (window === undefined || now - window.startedAt >= SECOND_MS) {
      const leftOut = Math.max(0, (window?.count ?? 0) - LINES_PER_SECOND_MAX);
      if (leftOut > 0) log.warn("requests failed without a line each", { code, count: leftOut });
      window = { startedAt: now, count: 0 };
      windows.set(code, window); // as many as there are codes
    }
    window.count += 1;
    if (window.count > LINES_PER_SECOND_MAX) return;
    log[error.row.logLevel]("request failed", { ...fields, code, ...(code === "internal" ? { error } : {}) });
  };
}
