import type { Clock, Instant } from "@rockpool/base";
import type { Logger } from "@rockpool/telemetry";

const INTERVAL_MS = 60_000;
/** Reasons that are told apart; beyond it all of them are forgotten, and may be said again. */
const REASONS_MAX = 100;

/** Warns of what may happen many times a second: each reason at most once a minute. */
export function createDampedWarning(message: string, log: Logger, clock: Clock): (reason: string) => void {
  const saidAt = new Map<string, Instant>();
  return (reason) => {
    const now = clock.now();
    if (now - (saidAt.get(reason) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return;
    if (saidAt.size >= REASONS_MAX) saidAt.clear();
    saidAt.set(reason, now);
    log.warn(message, { reason });
  };
}
