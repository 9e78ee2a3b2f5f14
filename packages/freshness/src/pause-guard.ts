import type { Instant } from "@rockpool/base";

/** Notices that the machine stood still: wall time advanced, the monotonic clock did not (R18). */
export interface PauseGuard {
  /** Reads both clocks. True = within the last window the wall clock ran ahead by the limit or more. */
  check(now: Instant, wallMs: number): boolean;
}

/** Creates a guard over sliding windows of at least `windowMs`; at `limitMs` of difference it reports once and starts anew. */
export function createPauseGuard(windowMs: number, limitMs: number): PauseGuard {
  let windowStart = Number.NEGATIVE_INFINITY;
  // Least wall-minus-monotonic of the window before and of this one: several short pauses must add up.
  let leastBefore = Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  return {
    check(now, wallMs) {
      const offset = wallMs - now;
      if (now - windowStart > windowMs) {
        leastBefore = least;
        least = offset;
        windowStart = now;
      }
      if (offset < least) least = offset;
      if (offset - Math.min(least, leastBefore) < limitMs) return false;
      leastBefore = Number.POSITIVE_INFINITY;
      least = offset;
      windowStart = now;
      return true;
    },
  };
}
