import {
  type ChangeSet,
  type Instant,
  isEmptyChange,
  type Position,
  RockpoolError,
  type Timers,
  toRockpoolError,
} from "@rockpool/base";
import { type Cache, createFlights, type Flights, mayTakeFlight } from "@rockpool/cache";
import {
  type AdmitVerdict,
  createStamp,
  type EdgeFreshness,
  type HitVerdict,
  judgeHit,
  type LoginBookmarks,
} from "@rockpool/freshness";
import type { Dispatched, Finish } from "@rockpool/protocol/backhaul";
import { type Analyser, decideRefusal, isLimited, type StatementFacts } from "@rockpool/sql";
import type { AnswerSink } from "./answer-sink.ts";
import { KeyPrefixes } from "./cache-key.ts";
import type { CacheStatus, MissReason } from "./cache-reason.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import { FlightWait } from "./flight-wait.ts";
import type { Observation, Observe, ObservedStatement, StatementContext } from "./observation.ts";
import { Profiles } from "./profiles.ts";
import { readerOf } from "./reader-of.ts";
import { ResultCollector } from "./result-collector.ts";
import type { Session } from "./session.ts";
import { SharedParts } from "./shared-parts.ts";
import { NO_TERMS, type StatementTerms } from "./statement-terms.ts";
import {
  RENDERED_SIZE_FACTOR,
  RENDERING_OVERHEAD_BYTES,
  RENDERINGS_MAX,
  sizeOfEntry,
  type StoredEntry,
  type StoredResult,
} from "./stored-result.ts";
import type { Upstream } from "./upstream.ts";

/** Why an answer that could be stored was not, beyond what freshness says. */
export type AdmissionOutcome = AdmitVerdict | "other-profile" | "entry-too-large";

/** What an engine works with. */
export interface EngineOptions {
  readonly cache: Cache<StoredEntry>;
  readonly freshness: EdgeFreshness;
  readonly logins: LoginBookmarks;
  readonly analyser: Analyser;
  readonly upstream: Upstream;
  /** Monotonic milliseconds; compares the clocks first (R18), so that a pause is noticed before anything is judged. */
  readonly now: () => Instant;
  readonly timers: Timers;
  /** Names this edge's clock. */
  readonly clockId: string;
  /** An entry as it comes; what doors make of it may take it to `RENDERED_SIZE_FACTOR` times as much. */
  readonly entrySizeMaxBytes: number;
  /** Statements in progress; beyond it they are refused. */
  readonly exchangesMax: number;
  readonly onAdmission: (outcome: AdmissionOutcome) => void;
  /** Sees every statement that is no hit; null = nobody looks. */
  readonly observe?: Observe | null;
}

/** What became of a statement at once. */
export type Decision =
  | { readonly kind: "hit"; readonly entry: StoredEntry; readonly status: CacheStatus }
  /** Its answer comes through the sink, later. */
  | { readonly kind: "pending"; readonly status: CacheStatus; readonly call: PendingCall }
  /** Not sent anywhere: `error`, or the empty answer of a statement that the edge swallowed. */
  | {
      readonly kind: "answered";
      readonly status: CacheStatus;
      readonly session: Session;
      readonly error: RockpoolError | null;
    };

/** The door's handle on a statement under way. */
export interface PendingCall {
  /** The sink takes more rows. */
  resume(): void;
  /** The client went away. */
  cancel(): void;
}

/** One edge's decisions: hit, miss, bypass or refusal, and what each leaves behind. */
export class Engine implements ExchangeOwner {
  readonly upstream: Upstream;
  readonly #options: EngineOptions;
  readonly #prefixes = new KeyPrefixes();
  readonly #shared = new SharedParts();
  readonly #profiles = new Profiles();
  readonly #flights: Flights<FlightWait>;
  #catalogue: Position | null = null;
  #exchangeCount = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.upstream = options.upstream;
    this.#flights = createFlights({ flightMax: options.exchangesMax, waitersMax: options.exchangesMax });
  }

  /** Statements in progress. */
  get exchangeCount(): number {
    return this.#exchangeCount;
  }

  now(): Instant {
    return this.#options.now();
  }

  /** The feed told a new catalogue (already given to the analyser), or (null) that there is none. */
  setCatalogue(position: Position | null): void {
    this.#catalogue = position;
  }

  /** The feed told the base profile of an account's connections (R16), and the `sql_mode` in it. */
  setProfile(account: string, hash: string, sqlMode: string): void {
    this.#profiles.set(account, hash, sqlMode);
  }

  /** The feed starts over: what it told before is void. */
  forgetProfiles(): void {
    this.#profiles.clear();
  }

  /** Whether anybody may put literals into the session's texts (`Profiles.readsPlainText`). */
  readsPlainText(session: Session): boolean {
    return this.#profiles.readsPlainText(session);
  }

  /** The entry that may answer `sql` now, or null: the hit path alone. */
  lookup(session: Session, sql: string): StoredEntry | null {
    const now = this.now();
    const key = this.#keyOf(session, sql);
    const entry = key === null ? undefined : this.#options.cache.get(key);
    return entry !== undefined && this.#judge(entry, session, now) === "hit" ? entry : null;
  }

  /** Decides on a statement that `lookup` did not answer, and starts what must be started. */
  execute(
    session: Session,
    sql: string,
    sqlBytes: Uint8Array,
    sink: AnswerSink,
    context: StatementContext,
    terms: StatementTerms = NO_TERMS,
  ): Decision {
    const now = this.now();
    const key = this.#keyOf(session, sql);
    const entry = key === null ? undefined : this.#options.cache.get(key);
    const verdict = entry === undefined ? null : this.#judge(entry, session, now);
    if (entry !== undefined && verdict === "hit") {
      return { kind: "hit", entry, status: { kind: "hit", ageMs: now - entry.dispatchedAt } };
    }
    const facts = this.#profiles.analyse(this.#options.analyser, session, sql);
    const { observe } = this.#options;
    const observation =
      observe === undefined || observe === null
        ? null
        : observe(this.#describe(session, sql, facts, context), sink);
    const settled = this.#answerHere(session, facts);
    if (settled !== null) {
      observation?.answered(settled.status, settled.error);
      return settled;
    }
    const status = statusOf(session, facts, verdict === null || verdict === "hit" ? "absent" : verdict);
    const storeKey = status.kind === "miss" && this.#catalogue !== null ? key : null;
    const { endsSession, timeoutMs } = terms;
    const deadline = timeoutMs === null ? null : now + timeoutMs;
    const trip = { session, facts, sql: sqlBytes, sink: observation ?? sink, key: storeKey, status, context };
    const sent = this.#send({ ...trip, endsSession, deadline });
    return observation === null ? sent : observed(sent, observation);
  }

  admit(exchange: Exchange, dispatched: Dispatched, result: StoredResult): StoredEntry | null {
    const { cache, freshness, onAdmission } = this.#options;
    const { facts, key, catalogue } = exchange;
    if (key === null || !facts.plan.cacheable || catalogue === null) return null;
    // R16: the key names a profile; an answer of a connection with another one is not the answer to that key.
    if (dispatched.profile !== exchange.profile) {
      onAdmission("other-profile");
      return null;
    }
    const { tables, keys, schemas, throughView = false } = facts.plan;
    const deps = { tables, keys, schemas, throughView };
    const stamp = createStamp(dispatched, catalogue);
    const verdict = freshness.mayAdmit(deps, stamp);
    if (verdict !== "admit") {
      onAdmission(verdict);
      return null;
    }
    const entry: StoredEntry = {
      key,
      deps,
      stamp,
      dispatchedAt: exchange.sentAt,
      body: result,
      size: 0,
    };
    entry.size = sizeOfEntry(entry);
    const fits = entry.size <= this.#options.entrySizeMaxBytes;
    const stored = fits && cache.set(entry) === "stored";
    onAdmission(stored ? "admit" : "entry-too-large");
    return stored ? entry : null;
  }

  /**
   * Keeps what a door made of an entry beside it, and accounts for it if the entry is still stored. False = nothing was
   * kept: there is no room for it in one entry.
   */
  keepRendering(entry: StoredEntry, form: string, content: string | Uint8Array): boolean {
    const { cache, entrySizeMaxBytes } = this.#options;
    const { renderings } = entry.body;
    const size = sizeOfEntry(entry) + content.length + RENDERING_OVERHEAD_BYTES;
    const hasRoom = renderings.length < RENDERINGS_MAX && size <= entrySizeMaxBytes * RENDERED_SIZE_FACTOR;
    if (!hasRoom) return false;
    renderings.push({ form, content });
    if (cache.get(entry.key) !== entry) return true;
    entry.size = size;
    cache.set(entry);
    return true;
  }

  /** Drops an entry that no door can serve without making all of it anew each time. */
  drop(entry: StoredEntry): void {
    const { cache } = this.#options;
    if (cache.get(entry.key) === entry) cache.delete(entry.key);
  }

  applyCarried(session: Session, finish: Finish, change: ChangeSet): void {
    const applied = this.#options.freshness.onCarried(finish.epoch, finish.seq, change);
    if (!applied) this.noteUnknown(session, change);
  }

  noteUnknown(session: Session, effect: ChangeSet): void {
    if (!isEmptyChange(effect)) this.#options.logins.note(session.login.name, effect, this.now());
  }

  exchangeOver(exchange: Exchange, entry: StoredEntry | null): void {
    this.#exchangeCount -= 1;
    if (exchange.key === null || !exchange.leads) return;
    for (const waiter of this.#flights.complete(exchange.key)) waiter.take(entry);
  }

  #keyOf(session: Session, sql: string): string | null {
    if (session.pin !== null || session.lost) return null;
    const profile = this.#profiles.hashOf(session.login.account);
    return profile === null ? null : this.#prefixes.of(session, profile) + sql;
  }

  #judge(entry: StoredEntry, session: Session, now: Instant): HitVerdict {
    const { freshness, logins, clockId } = this.#options;
    return judgeHit({ freshness, logins, clock: clockId }, entry, readerOf(session), now);
  }

  #describe(
    session: Session,
    sql: string,
    facts: StatementFacts,
    context: StatementContext,
  ): ObservedStatement {
    const isModeKnown = this.#profiles.hashOf(session.login.account) !== null;
    return { session, context, sql, analysis: this.#profiles.contextOf(session), isModeKnown, facts };
  }

  /** What needs no database: refusals, swallowed settings, the end of a lost transaction. */
  #answerHere(session: Session, facts: StatementFacts): AnsweredDecision | null {
    if (session.lost) {
      if (facts.kind === "rollback") return answered({ ...session, lost: false }, "local", null);
      return answered(session, "session-lost", new RockpoolError("session-lost"));
    }
    const refusal = this.#refuse(session, facts);
    if (refusal !== null) return answered(session, "rejected", refusal);
    if (facts.boost !== undefined) return answered(session, "local", null);
    if (facts.usesDiagnostics && session.pin === null) {
      return answered(session, "rejected", new RockpoolError("diagnostics-not-kept"));
    }
    if (this.#exchangeCount >= this.#options.exchangesMax) {
      return answered(session, "rejected", new RockpoolError("too-many-clients"));
    }
    return null;
  }

  /**
   * What the login may not do. While nothing is known of how its texts read, or of what their names mean, the origin
   * alone decides; then no answer is kept either.
   */
  #refuse({ login }: Session, facts: StatementFacts): RockpoolError | null {
    if (!isLimited(login.rights)) return null;
    if (this.#catalogue === null || this.#profiles.hashOf(login.account) === null) return null;
    const refusal = decideRefusal(login.rights, facts);
    return refusal === null ? null : new RockpoolError(refusal);
  }

  #send(trip: Trip): PendingDecision {
    const { key } = trip;
    if (key === null) return { kind: "pending", status: trip.status, call: this.#start(trip, false) };
    const wait = new FlightWait((entry) => {
      this.#exchangeCount -= 1;
      if (entry !== null && this.#mayTake(entry, trip.session)) {
        try {
          trip.sink.whole(trip.session, entry);
        } catch (error) {
          trip.sink.failure(toRockpoolError(error), trip.session); // the others still wait for theirs
        }
        return null;
      }
      // Alone this time: a second wait could go on for ever behind slow reads.
      return this.#start({ ...trip, key: null }, false);
    });
    const role = this.#flights.join(key, wait);
    if (role === "full") {
      return { kind: "pending", status: trip.status, call: this.#start({ ...trip, key: null }, false) };
    }
    if (role === "leader") return { kind: "pending", status: trip.status, call: this.#start(trip, true) };
    this.#exchangeCount += 1;
    const leave = (): boolean => this.#flights.leave(key, wait);
    wait.onCancel = () => {
      if (leave()) this.#exchangeCount -= 1;
    };
    // Once the bound is over the answer could not be taken any more: a slow leader holds nobody back for longer.
    const leftMs =
      trip.deadline === null ? Number.POSITIVE_INFINITY : Math.max(0, trip.deadline - this.now());
    wait.timer = this.#options.timers.after(Math.min(this.#options.freshness.boundMs, leftMs), () => {
      if (leave()) wait.take(null);
    });
    return { kind: "pending", status: { kind: "miss", reason: "joined" }, call: wait };
  }

  #start(trip: Trip, leads: boolean): Exchange {
    const { session, facts, sql, sink, key, context, endsSession, deadline } = trip;
    const exchange = new Exchange({
      owner: this,
      session,
      context,
      facts,
      sql,
      sink,
      endsSession,
      deadline,
      key,
      leads,
      profile: this.#profiles.hashOf(session.login.account),
      catalogue: this.#catalogue,
      createCollector: () => new ResultCollector(this.#options.entrySizeMaxBytes, this.#shared),
    });
    this.#exchangeCount += 1;
    exchange.start();
    return exchange;
  }

  #mayTake(entry: StoredEntry, session: Session): boolean {
    const { freshness, logins, clockId } = this.#options;
    const now = this.now();
    const view = { freshness, logins, clock: clockId };
    return freshness.isFresh(now) && mayTakeFlight(view, entry, readerOf(session), now);
  }
}

/** A statement about to be sent. */
interface Trip {
  readonly session: Session;
  readonly facts: StatementFacts;
  readonly sql: Uint8Array;
  readonly sink: AnswerSink;
  /** Under which its answer may be stored and shared; null = neither. */
  readonly key: string | null;
  readonly status: CacheStatus;
  readonly context: StatementContext;
  readonly endsSession: boolean;
  readonly deadline: Instant | null;
}

type PendingDecision = Extract<Decision, { kind: "pending" }>;
type AnsweredDecision = Extract<Decision, { kind: "answered" }>;

/** Tells the observation what was decided, and of a client that goes away. */
function observed(decision: PendingDecision, observation: Observation): PendingDecision {
  observation.decided(decision.status);
  const { call } = decision;
  const cancel = (): void => {
    call.cancel();
    observation.cancelled();
  };
  return { ...decision, call: { resume: () => call.resume(), cancel } };
}

function statusOf(session: Session, facts: StatementFacts, reason: MissReason): CacheStatus {
  if (!facts.plan.cacheable) return { kind: "bypass", reason: facts.plan.reason };
  if (session.inTransaction) return { kind: "bypass", reason: "in-transaction" };
  if (session.pin !== null) return { kind: "bypass", reason: "pinned" };
  return { kind: "miss", reason };
}

function answered(
  session: Session,
  reason: "local" | "session-lost" | "rejected",
  error: RockpoolError | null,
): AnsweredDecision {
  return { kind: "answered", status: { kind: "bypass", reason }, session, error };
}
