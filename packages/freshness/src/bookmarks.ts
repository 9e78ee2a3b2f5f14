import {
  type ChangeSet,
  type Dependencies,
  EVERYTHING,
  type Instant,
  type Position,
  uniteChanges,
} from "@rockpool/base";

import { intersects } from "./intersects.ts";

/** What a session must not read behind. Plain JSON: it travels in session tokens from edge to edge (R8, R13). */
export interface Bookmarks {
  /** The last position known to contain the session's writes, for edges that have not been told otherwise. */
  readonly position: Position | null;
  /** At the edge with this clock, only positions up to `seq` still need waiting for: later writes went through it. */
  readonly known: { readonly clock: string; readonly seq: number } | null;
  /** Writes whose position is not known. */
  readonly times: readonly TimeBookmark[];
}

/** Reads that depend on `affected` get no hit until an installed asOf reaches `at`. */
export interface TimeBookmark {
  /** Whose clock `at` was read from; on any other clock it says nothing. */
  readonly clock: string;
  readonly at: Instant;
  readonly affected: ChangeSet;
}

/** The bookmarks of a session that has written nothing. */
export const NO_BOOKMARKS: Bookmarks = { position: null, known: null, times: [] };

/** The edge that judges a bookmark. */
export interface BookmarkView {
  /** Names the edge's monotonic clock: one random id per clock that instants can be compared on. */
  readonly clock: string;
  /** What `EdgeFreshness.position()` says. */
  readonly position: Position | null;
  readonly asOf: Instant | null;
}

/** Time bookmarks a session carries one by one; more are merged into one on everything. */
export const TIME_BOOKMARK_MAX = 4;
/** Names one time bookmark may list before it widens to everything: tokens must stay small. */
const AFFECTED_NAMES_MAX = 16;

/** After a write's answer at this edge told its position. `carried`: its change was applied here before release. */
export function noteWrite(
  bookmarks: Bookmarks,
  position: Position,
  clock: string,
  carried: boolean,
): Bookmarks {
  const before = bookmarks.position?.epoch === position.epoch ? bookmarks.position.seq : 0;
  const waited = bookmarks.known?.clock === clock ? bookmarks.known.seq : before;
  return {
    position: { epoch: position.epoch, seq: Math.max(before, position.seq) },
    known: { clock, seq: carried ? Math.min(waited, before) : Math.max(before, position.seq) },
    times: bookmarks.times,
  };
}

/** After a write whose position is unknown: its answer came at `now`, and it may have changed `affected`. */
export function noteTime(bookmarks: Bookmarks, affected: ChangeSet, clock: string, now: Instant): Bookmarks {
  return {
    ...bookmarks,
    times: addTimeBookmark(bookmarks.times, { clock, at: now, affected }, TIME_BOOKMARK_MAX),
  };
}

/**
 * What bookmarks brought to this edge mean here: a position of another epoch, and instants of another clock, bind
 * from this moment on. An edge without a feed serves no hits and leaves positions as they are. Keep the result:
 * judging the same foreign bookmark again later would bind again from then on.
 */
export function arriveBookmarks(bookmarks: Bookmarks, view: BookmarkView, now: Instant): Bookmarks {
  let times = bookmarks.times;
  if (times.some((time) => time.clock !== view.clock)) {
    times = times.map((time) => (time.clock === view.clock ? time : { ...time, clock: view.clock, at: now }));
  }
  const { position } = bookmarks;
  if (position !== null && view.position !== null && position.epoch !== view.position.epoch) {
    const everything = { clock: view.clock, at: now, affected: EVERYTHING };
    return { position: null, known: null, times: addTimeBookmark(times, everything, TIME_BOOKMARK_MAX) };
  }
  return times === bookmarks.times ? bookmarks : { ...bookmarks, times };
}

/** Time bookmarks that have stopped binding are dropped; the same object when there are none. */
export function settleBookmarks(bookmarks: Bookmarks, view: BookmarkView): Bookmarks {
  const times = bookmarks.times.filter((time) => isBinding(time, view));
  return times.length === bookmarks.times.length ? bookmarks : { ...bookmarks, times };
}

/** Whether a bookmark forbids a hit (or a joined answer) with these dependencies and this stamp position (R8). */
export function bindsHit(
  bookmarks: Bookmarks,
  view: BookmarkView,
  deps: Dependencies,
  stampSeq: number,
): boolean {
  if (isPositionBinding(bookmarks, view, stampSeq)) return true;
  return bookmarks.times.some((time) => isBinding(time, view) && intersects(time.affected, deps));
}

/**
 * The instant before which a read cannot contain what the session's time bookmarks ask for; `-Infinity` when none
 * concerns these dependencies, `Infinity` when it cannot be told.
 */
export function notBefore(times: readonly TimeBookmark[], clock: string, deps: Dependencies): Instant {
  let latest = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (!intersects(time.affected, deps)) continue;
    latest = Math.max(latest, time.clock === clock ? time.at : Number.POSITIVE_INFINITY);
  }
  return latest;
}

/** Adds one; beyond `max`, all become one on everything. Ones on the same names become the later one. */
export function addTimeBookmark(
  times: readonly TimeBookmark[],
  added: TimeBookmark,
  max: number,
): readonly TimeBookmark[] {
  const bounded = { ...added, affected: boundAffected(added.affected) };
  const kept = times.filter((time) => time.clock !== added.clock || !covers(bounded.affected, time.affected));
  if (kept.length < max) return [...kept, bounded];
  return [{ clock: added.clock, at: added.at, affected: EVERYTHING }];
}

function isPositionBinding(bookmarks: Bookmarks, view: BookmarkView, stampSeq: number): boolean {
  const { position, known } = bookmarks;
  if (position === null) return false;
  if (view.position === null || view.position.epoch !== position.epoch) return true;
  const wanted = known?.clock === view.clock ? known.seq : position.seq;
  return view.position.seq < wanted && stampSeq < wanted;
}

function isBinding(time: TimeBookmark, view: BookmarkView): boolean {
  return time.clock !== view.clock || view.asOf === null || view.asOf < time.at;
}

/** Whether `wide` surely touches all that `narrow` touches. */
function covers(wide: ChangeSet, narrow: ChangeSet): boolean {
  if (wide.everything) return true;
  if (narrow.everything || narrow.keys.length > 0) return false;
  const tables = narrow.tables.every((table) => wide.tables.includes(table));
  return tables && narrow.schemas.every((schema) => wide.schemas.includes(schema));
}

/** Rows become their tables, and many names everything. */
function boundAffected(affected: ChangeSet): ChangeSet {
  if (affected.everything) return EVERYTHING;
  const keyTables = {
    everything: false,
    schemas: [],
    tables: affected.keys.map((key) => key.table),
    keys: [],
  };
  const wide = uniteChanges({ ...affected, keys: [] }, keyTables);
  return wide.tables.length + wide.schemas.length > AFFECTED_NAMES_MAX ? EVERYTHING : { ...wide, keys: [] };
}
