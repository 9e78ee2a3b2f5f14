import type { Dependencies, Instant } from "@rockpool/base";

import { type Bookmarks, type BookmarkView, bindsHit } from "./bookmarks.ts";
import type { EdgeFreshness } from "./edge-freshness.ts";
import type { LoginBookmarks } from "./login-bookmarks.ts";
import type { Stamp } from "./stamp.ts";

/** The part of a cached answer that decides whether it may be served. */
export interface Judged {
  readonly deps: Dependencies;
  readonly stamp: Stamp;
  /** When its read was sent, on this worker's monotonic clock: its age counts from here. */
  readonly dispatchedAt: Instant;
}

/** Who asks. */
export interface Reader {
  /** The session's, already arrived at this edge (`arriveBookmarks`). */
  readonly bookmarks: Bookmarks;
  readonly login: string;
}

/** What one worker knows. */
export interface WorkerView {
  readonly freshness: EdgeFreshness;
  readonly logins: LoginBookmarks;
  /** Names the clock of `now` (see `TimeBookmark.clock`). */
  readonly clock: string;
}

/** `hit`, or why a stored answer is not served. A closed list; each is a metric label. */
export type HitVerdict =
  | "hit"
  | "not-fresh" // (a) the edge cannot prove that it is within the bound
  | "changed" // (b) something it depends on changed after its stamp
  | "bookmark" // (c) the session or login wrote something the answer may lack
  | "too-old"; // (d) beyond the maximum age

/** The one test of DESIGN section 3, conditions (a) to (d). */
export function judgeHit(worker: WorkerView, entry: Judged, reader: Reader, now: Instant): HitVerdict {
  const { freshness } = worker;
  if (!freshness.isFresh(now)) return "not-fresh";
  if (!freshness.isYoung(entry.dispatchedAt, now)) return "too-old";
  if (!freshness.isCurrent(entry.deps, entry.stamp)) return "changed";
  return isBound(worker, entry, reader) ? "bookmark" : "hit";
}

function isBound(worker: WorkerView, entry: Judged, reader: Reader): boolean {
  const { freshness, logins } = worker;
  if (!logins.isEmpty && logins.bindsHit(reader.login, entry.deps, freshness.asOf())) return true;
  const { bookmarks } = reader;
  if (bookmarks.position === null && bookmarks.times.length === 0) return false;
  return bindsHit(bookmarks, viewOf(worker), entry.deps, entry.stamp.seq);
}

function viewOf(worker: WorkerView): BookmarkView {
  const { freshness, clock } = worker;
  return { clock, position: freshness.position(), asOf: freshness.asOf() };
}
