import type { Instant } from "@rockpool/base";
import { bindsHit, type Judged, notBefore, type Reader, type WorkerView } from "@rockpool/freshness";

/**
 * Whether a joiner may take the answer of the flight it waited for (R8). The answer must pass what a hit passes:
 * nothing it depends on changed after its stamp, and its read left within the bound and after everything that the
 * joiner's session and login wrote. If not, the joiner asks again. `flight.dispatchedAt` is when the read left.
 */
export function mayTakeFlight(worker: WorkerView, flight: Judged, joiner: Reader, now: Instant): boolean {
  const { freshness, clock, logins } = worker;
  const { deps, stamp, dispatchedAt } = flight;
  if (dispatchedAt < now - freshness.boundMs || !freshness.isYoung(dispatchedAt, now)) return false;
  if (!freshness.isCurrent(deps, stamp)) return false;
  if (dispatchedAt < notBefore(joiner.bookmarks.times, clock, deps)) return false;
  if (dispatchedAt < logins.notBefore(joiner.login, deps)) return false;
  const positionOnly = { ...joiner.bookmarks, times: [] };
  const view = { clock, position: freshness.position(), asOf: freshness.asOf() };
  return !bindsHit(positionOnly, view, deps, stamp.seq);
}
