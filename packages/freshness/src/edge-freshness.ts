import { assertNever, type ChangeSet, type Dependencies, type Instant, type Position } from "@rockpool/base";

import { createCarriedAhead } from "./carried-ahead.ts";
import type { FeedItem, FeedWelcome } from "./feed-item.ts";
import { createPauseGuard, type PauseGuard } from "./pause-guard.ts";
import type { Stamp } from "./stamp.ts";
import { createVersionMap, type VersionMap } from "./version-map.ts";
import { createWatermark } from "./watermark.ts";

/** Why an answer was not stored, or `admit`. A closed list; each refusal is a metric label. */
export type AdmitVerdict =
  | "admit"
  | "caching-off" // the bound is 0
  | "no-feed" // no feed has been welcomed yet, or it broke
  | "other-epoch" // stamped by an origin that does not feed this edge (R19)
  | "no-dependency" // nothing could ever invalidate it
  | "in-doubt" // a write with unknown outcome touches it (R14)
  | "definition-changed" // its plan was made with an older catalogue (R11)
  | "changed"; // something it depends on changed after its stamp

/** How an `EdgeFreshness` is bounded. */
export interface EdgeFreshnessOptions {
  /** The most that a hit may be behind the database. 0 = never a hit. */
  readonly boundMs: number;
  /** The greatest age of an entry, counted from dispatch. */
  readonly maxAgeMs: number;
  readonly keyRingMax: number;
  readonly tableMax: number;
  /** Wall time running ahead of monotonic time by this much within a bound drops asOf (R18). Default: half the bound. */
  readonly pauseGuardMs?: number;
}

/** A heartbeat's answer, or what a miss's answer says of the feed (R2). */
export interface Heartbeat {
  readonly epoch: string;
  /** All commits up to the confirmed sample are published up to this position. */
  readonly seq: number;
  /** When this edge sent the question, on its own monotonic clock. */
  readonly askedAt: Instant;
  /** When the answer came, on the same clock. */
  readonly arrivedAt: Instant;
  /** By how much the confirmed sample was taken before the question reached the origin, in the origin's monotonic time; 0 if after. */
  readonly sampleAgeMs: number;
}

/** One edge worker's whole view of how fresh it is. Pure: instants are this process's monotonic clock. */
export interface EdgeFreshness {
  readonly boundMs: number;
  readonly maxAgeMs: number;
  /** Other bounds from now on. Nothing is fresh until the next heartbeat, as after a pause. */
  setBounds(bounds: { readonly boundMs: number; readonly maxAgeMs: number }, now: Instant): void;
  /** The feed starts, or goes on. Anything but an exact continuation drops everything. */
  onWelcome(welcome: FeedWelcome): void;
  /** The feed's next change. False: the feed is broken (a gap), all is dropped, the caller must reconnect. */
  onChange(seq: number, change: ChangeSet): boolean;
  /** The feed's next item is a doubt; same answer as `onChange`. */
  onDoubt(seq: number, id: string, change: ChangeSet): boolean;
  /** The feed's next item ends a doubt, of which all or only `change` has happened; same answer as `onChange`. */
  onSettled(seq: number, id: string, change?: ChangeSet): boolean;
  /** Any feed item; same answer as `onChange`. */
  onFeedItem(item: FeedItem): boolean;
  /** A write's answer carries its change (R8). False: another epoch, the caller sets a time bookmark instead. */
  onCarried(epoch: string, seq: number, change: ChangeSet): boolean;
  onHeartbeat(heartbeat: Heartbeat): void;
  /** The feed's connection ended. Hits may go on until the bound runs out; nothing is installed until a welcome. */
  onFeedLost(): void;
  /** Compares the clocks (R18). Call it before anything else after a pause can be noticed: at each wake-up. */
  onWallClock(now: Instant, wallMs: number): void;
  /** DESIGN section 3 (a): what is applied covers `now - bound`. */
  isFresh(now: Instant): boolean;
  /** DESIGN section 3 (b): nothing the answer depends on changed after its stamp. With `now` also (a). */
  isCurrent(deps: Dependencies, stamp: Stamp, now?: Instant): boolean;
  /** DESIGN section 3 (d): the age of an answer dispatched at `dispatchedAt` is within the maximum, and measurable. */
  isYoung(dispatchedAt: Instant, now: Instant): boolean;
  /** Whether an answer may be stored. */
  mayAdmit(deps: Dependencies, stamp: Stamp): AdmitVerdict;
  asOf(): Instant | null;
  /** The epoch and position applied; `null` before the first welcome and after a broken feed. */
  position(): Position | null;
  /** A feed is connected and welcomed. */
  readonly connected: boolean;
  /** Rises whenever everything is dropped, so that caches can let go of their memory. */
  readonly generation: number;
  /** Rises with everything that may change an `isCurrent` answer. */
  readonly revision: number;
  /** Estimated heap bytes of the versions. */
  readonly bytes: number;
}

/** Creates a view that knows nothing and therefore allows nothing. `versions` lets a model stand in for the product's own. */
export function createEdgeFreshness(
  options: EdgeFreshnessOptions,
  versions: VersionMap = createVersionMap(options),
): EdgeFreshness {
  return new EdgeView(options, versions);
}

/** Heartbeats come every quarter of a second and with every miss; a few waiting ones are enough to make progress. */
const CANDIDATE_MAX = 8;
/** Answers that may run ahead of the feed before they widen to everything. */
const CARRIED_AHEAD_MAX = 1024;

class EdgeView implements EdgeFreshness {
  #boundMs: number;
  #maxAgeMs: number;
  readonly #pauseGuardMs: number | undefined;
  readonly #versions: VersionMap;
  readonly #ahead = createCarriedAhead(CARRIED_AHEAD_MAX);
  readonly #watermark = createWatermark(CANDIDATE_MAX);
  #pauseGuard: PauseGuard;
  #epoch: string | null = null;
  /** The epoch that `#ahead` speaks of: outlives a broken feed. */
  #aheadEpoch: string | null = null;
  #applied = 0;
  #connected = false;
  #generation = 0;
  /** The last pause noticed: ages across it cannot be told. */
  #pausedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(options: EdgeFreshnessOptions, versions: VersionMap) {
    this.#boundMs = options.boundMs;
    this.#maxAgeMs = options.maxAgeMs;
    this.#pauseGuardMs = options.pauseGuardMs;
    this.#versions = versions;
    this.#pauseGuard = this.#createPauseGuard();
  }

  get boundMs(): number {
    return this.#boundMs;
  }

  get maxAgeMs(): number {
    return this.#maxAgeMs;
  }

  setBounds(bounds: { readonly boundMs: number; readonly maxAgeMs: number }, now: Instant): void {
    this.#boundMs = bounds.boundMs;
    this.#maxAgeMs = bounds.maxAgeMs;
    // The new guard knows nothing of pauses before it, so nothing known before it may count (R18).
    this.#pauseGuard = this.#createPauseGuard();
    this.#watermark.drop(now);
  }

  get connected(): boolean {
    return this.#connected;
  }

  get generation(): number {
    return this.#generation;
  }

  get revision(): number {
    return this.#versions.revision + this.#generation;
  }

  get bytes(): number {
    return this.#versions.bytes;
  }

  asOf(): Instant | null {
    return this.#watermark.asOf();
  }

  position(): Position | null {
    return this.#epoch === null ? null : { epoch: this.#epoch, seq: this.#applied };
  }

  onWelcome(welcome: FeedWelcome): void {
    const goesOn = welcome.resumed && welcome.epoch === this.#epoch && welcome.seq === this.#applied;
    if (!goesOn) this.#startAt(welcome);
    this.#connected = true;
  }

  onChange(seq: number, change: ChangeSet): boolean {
    if (!this.#isNext(seq)) return false;
    this.#versions.apply(seq, change);
    this.#advanceTo(seq);
    return true;
  }

  onDoubt(seq: number, id: string, change: ChangeSet): boolean {
    if (!this.#isNext(seq)) return false;
    this.#versions.openDoubt(id, change);
    this.#advanceTo(seq);
    return true;
  }

  onSettled(seq: number, id: string, change?: ChangeSet): boolean {
    if (!this.#isNext(seq)) return false;
    this.#versions.settleDoubt(id, seq, change);
    this.#advanceTo(seq);
    return true;
  }

  onFeedItem(item: FeedItem): boolean {
    switch (item.kind) {
      case "change":
        return this.onChange(item.seq, item.change);
      case "doubt":
        return this.onDoubt(item.seq, item.id, item.change);
      case "settled":
        return this.onSettled(item.seq, item.id, item.change);
      default:
        return assertNever(item);
    }
  }

  onCarried(epoch: string, seq: number, change: ChangeSet): boolean {
    if (epoch !== this.#epoch) return false;
    if (seq <= this.#applied) return true;
    this.#versions.apply(seq, change);
    this.#ahead.note(seq, change);
    return true;
  }

  onHeartbeat(heartbeat: Heartbeat): void {
    if (!this.#connected || heartbeat.epoch !== this.#epoch) return;
    const asOf = heartbeat.askedAt - Math.max(0, heartbeat.sampleAgeMs);
    if (heartbeat.arrivedAt - asOf > this.#boundMs) return;
    this.#watermark.offer(heartbeat.seq, asOf, this.#applied);
  }

  onFeedLost(): void {
    this.#connected = false;
  }

  onWallClock(now: Instant, wallMs: number): void {
    if (!this.#pauseGuard.check(now, wallMs)) return;
    this.#pausedAt = now;
    this.#watermark.drop(now);
  }

  isFresh(now: Instant): boolean {
    const asOf = this.#watermark.asOf();
    return this.#boundMs > 0 && asOf !== null && now - asOf <= this.#boundMs;
  }

  isCurrent(deps: Dependencies, stamp: Stamp, now?: Instant): boolean {
    if (stamp.epoch !== this.#epoch) return false;
    if (now !== undefined && !this.isFresh(now)) return false;
    // An answer ran ahead of the feed: what lies between may be the redefinition of this very view.
    if (deps.throughView === true && this.#ahead.count > 0) return false;
    return this.#versions.isCurrent(deps, stamp.seq, stamp.catalogueSeq);
  }

  isYoung(dispatchedAt: Instant, now: Instant): boolean {
    return now - dispatchedAt <= this.#maxAgeMs && dispatchedAt >= this.#pausedAt;
  }

  mayAdmit(deps: Dependencies, stamp: Stamp): AdmitVerdict {
    if (this.#boundMs <= 0) return "caching-off";
    if (this.#epoch === null) return "no-feed";
    if (stamp.epoch !== this.#epoch) return "other-epoch";
    if (deps.tables.length === 0 && deps.keys.length === 0) return "no-dependency";
    if (this.#versions.isCurrent(deps, stamp.seq, stamp.catalogueSeq)) return "admit";
    return this.#whyNotCurrent(deps, stamp);
  }

  #createPauseGuard(): PauseGuard {
    return createPauseGuard(this.#boundMs, this.#pauseGuardMs ?? this.#boundMs / 2);
  }

  #whyNotCurrent(deps: Dependencies, stamp: Stamp): AdmitVerdict {
    const doubtful = Number.POSITIVE_INFINITY;
    if (deps.tables.some((table) => this.#versions.lastTable(table) === doubtful)) return "in-doubt";
    if (deps.keys.some((key) => this.#versions.lastKey(key, stamp.seq) === doubtful)) return "in-doubt";
    const definitions = deps.schemas.map((schema) => this.#versions.lastDdl(schema));
    if (definitions.includes(doubtful)) return "in-doubt";
    return definitions.some((last) => last > stamp.catalogueSeq) ? "definition-changed" : "changed";
  }

  #isNext(seq: number): boolean {
    if (this.#epoch !== null && this.#connected && seq === this.#applied + 1) return true;
    this.#breakFeed();
    return false;
  }

  #advanceTo(seq: number): void {
    this.#applied = seq;
    this.#ahead.reached(seq);
    this.#watermark.advance(seq);
  }

  #startAt(welcome: FeedWelcome): void {
    this.#generation += 1;
    this.#epoch = welcome.epoch;
    this.#applied = welcome.seq;
    this.#watermark.drop(Number.NEGATIVE_INFINITY);
    this.#versions.reset(welcome.seq);
    for (const doubt of welcome.doubts ?? []) this.#versions.openDoubt(doubt.id, doubt.change);
    // Answers already released may have carried later changes of this epoch: they must hold on (R8).
    if (welcome.epoch !== this.#aheadEpoch) this.#ahead.clear();
    this.#aheadEpoch = welcome.epoch;
    for (const [seq, change] of this.#ahead.after(welcome.seq)) this.#versions.apply(seq, change);
  }

  #breakFeed(): void {
    this.#connected = false;
    this.#generation += 1;
    this.#epoch = null;
    this.#watermark.drop(Number.NEGATIVE_INFINITY);
  }
}
