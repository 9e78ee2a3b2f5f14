import type { Position } from "@rockpool/base";
import { createCache, createFlights, type Entry, mayTakeFlight } from "@rockpool/cache";
import {
  createEdgeFreshness,
  createLoginBookmarks,
  createStamp,
  type EdgeFreshness,
  type Judged,
  judgeHit,
  type Reader,
  type WorkerView,
} from "@rockpool/freshness";

import type { CarriedChange } from "@rockpool/freshness";
import type { Edge } from "./edge.ts";
import { misses, type Seen } from "./oracle.ts";
import type { FeedMessage, ReadAnswer } from "./origin.ts";
import type { Session } from "./session.ts";
import { dependenciesOf, type Read } from "./statements.ts";
import type { World } from "./world.ts";

/** A cached answer of the model: which snapshot it shows stands for its bytes. */
export interface SimEntry extends Entry<Seen> {}

interface Waiter {
  readonly session: Session;
  readonly read: Read;
  readonly done: () => void;
}

/** One worker of an edge: the product's view, cache and flights, wired as the engine wires them. */
export class Worker {
  readonly freshness: EdgeFreshness;
  readonly logins = createLoginBookmarks(2);
  readonly cache = createCache<SimEntry>({ entryMax: 12, sizeMaxBytes: 1 << 20, entrySizeMaxBytes: 1 << 16 });
  readonly #flights = createFlights<Waiter>({ flightMax: 16, waitersMax: 16 });
  readonly #world: World;
  readonly #edge: Edge;
  #catalogue: { readonly position: Position; readonly viewBase: number } | null = null;
  #generation = 0;

  constructor(world: World, edge: Edge) {
    this.#world = world;
    this.#edge = edge;
    const create = world.variant.createFreshness ?? createEdgeFreshness;
    this.freshness = create(world.conditions.freshness);
  }

  get view(): WorkerView {
    return { freshness: this.freshness, logins: this.logins, clock: this.#edge.clock };
  }

  /** False = the feed is broken and must be opened anew. */
  onFeed(message: FeedMessage): boolean {
    switch (message.kind) {
      case "welcome":
        this.freshness.onWelcome(message.welcome);
        break;
      case "catalogue":
        this.#catalogue = message;
        return true;
      case "item":
        if (this.#world.has("just-delete") && message.item.kind === "change")
          this.#deleteTouched(message.item.change);
        if (!this.freshness.onFeedItem(message.item)) return false;
        break;
    }
    this.#letGo();
    return true;
  }

  /** A write's answer is about to be released by some worker of this edge (R8, R13). */
  onWriteAnswer(carried: CarriedChange | null, login: string, affected: CarriedChange["change"]): boolean {
    if (carried !== null && this.freshness.onCarried(carried.epoch, carried.seq, carried.change)) return true;
    if (!this.#world.has("no-time-bookmark")) this.logins.note(login, affected, this.#edge.mono());
    return false;
  }

  /** Answers a read outside transactions; `done` once the session has its answer. */
  read(session: Session, read: Read, done: () => void): void {
    const entry = this.cache.get(read.name);
    const reader = session.readerAt(this.#edge, this.freshness);
    if (entry !== undefined && this.#isHit(entry, reader)) {
      this.#world.oracle.counts.hits += 1;
      this.#checkAnswer(entry.body, entry.stamp, session);
      done();
      return;
    }
    this.#world.oracle.counts.misses += 1;
    const role = this.#flights.join(read.name, { session, read, done });
    if (role !== "joined") this.#fly(read, role === "leader", done);
  }

  /** Whether an entry would be served to somebody without bookmarks now. */
  isServable(entry: SimEntry): boolean {
    return this.freshness.isCurrent(entry.deps, entry.stamp) || this.#world.has("just-delete");
  }

  /** At rest: what a fill would be told that is dispatched now. */
  wouldAdmit(read: Read, dispatch: Position): boolean {
    if (this.#catalogue === null) return false;
    const stamp = createStamp(dispatch, this.#catalogue.position);
    return this.freshness.mayAdmit(dependenciesOf(read, this.#catalogue.viewBase), stamp) === "admit";
  }

  /** A read of a transaction, judged by the same rules: the product never comes here. */
  readInTransaction(session: Session, read: Read): boolean {
    const entry = this.cache.get(read.name);
    if (entry === undefined || !this.#isHit(entry, session.readerAt(this.#edge, this.freshness)))
      return false;
    this.#checkAnswer(entry.body, entry.stamp, session);
    return true;
  }

  /** Stores an answer if it may be stored. */
  fill(read: Read, answer: ReadAnswer, planned: Planned | null, dispatchedAt: number): Judged | null {
    if (planned === null) return null;
    const aged = this.#world.has("age-from-completion") ? this.#edge.mono() : dispatchedAt;
    const judged = { deps: planned.deps, stamp: this.#stamp(answer.stamp, planned), dispatchedAt: aged };
    const verdict = this.#world.has("just-delete")
      ? "admit"
      : this.freshness.mayAdmit(judged.deps, judged.stamp);
    if (verdict === "admit") {
      this.cache.set({ ...judged, key: read.name, body: answer, size: 0 });
      this.#world.oracle.counts.fills += 1;
    } else {
      this.#world.oracle.counts.refusals += 1;
    }
    return judged;
  }

  /** What the read depends on according to the catalogue this worker has; null without one. */
  plan(read: Read): Planned | null {
    if (this.#catalogue === null) return null;
    const deps = dependenciesOf(read, this.#catalogue.viewBase);
    const isForgotten = this.#world.has("view-forgotten");
    return {
      deps: isForgotten ? { ...deps, throughView: false } : deps,
      catalogue: this.#catalogue.position,
    };
  }

  #fly(read: Read, isLeader: boolean, done: () => void): void {
    const dispatchedAt = this.#edge.mono();
    const planned = this.plan(read);
    this.#edge.askOrigin(
      (origin, reply) => origin.read(read, reply),
      (answer: ReadAnswer | null) => {
        if (answer?.beat)
          this.freshness.onHeartbeat({ ...answer.beat, askedAt: dispatchedAt, arrivedAt: this.#edge.mono() });
        const judged = answer === null ? null : this.fill(read, answer, planned, dispatchedAt);
        // The leader has its answer whatever becomes of the entry: it was asked for after everything it has seen.
        done();
        if (!isLeader) return;
        if (answer === null) for (const waiter of this.#flights.fail(read.name)) waiter.done();
        else for (const waiter of this.#flights.complete(read.name)) this.#land(waiter, answer, judged);
      },
    );
  }

  #land(waiter: Waiter, answer: ReadAnswer, judged: Judged | null): void {
    const reader = waiter.session.readerAt(this.#edge, this.freshness);
    const anyFlight = this.#world.has("join-any-flight");
    if (anyFlight || (judged !== null && mayTakeFlight(this.view, judged, reader, this.#edge.mono()))) {
      this.#world.oracle.counts.joins += 1;
      this.#checkAnswer(answer, judged?.stamp ?? null, waiter.session);
      waiter.done();
    } else {
      this.read(waiter.session, waiter.read, waiter.done);
    }
  }

  #isHit(entry: SimEntry, reader: Reader): boolean {
    if (!this.#world.has("just-delete"))
      return judgeHit(this.view, entry, reader, this.#edge.mono()) === "hit";
    return this.freshness.isFresh(this.#edge.mono());
  }

  #stamp(dispatch: Position, planned: Planned): Judged["stamp"] {
    if (this.#world.has("catalogue-unstamped")) return { ...dispatch, catalogueSeq: dispatch.seq };
    if (this.#world.has("catalogue-of-another-epoch"))
      return { ...dispatch, catalogueSeq: planned.catalogue.seq };
    return createStamp(dispatch, planned.catalogue);
  }

  #letGo(): void {
    if (this.#generation === this.freshness.generation) return;
    this.#generation = this.freshness.generation;
    if (this.#world.conditions.clearsOnDrop || this.#world.has("just-delete")) this.cache.clear();
  }

  #deleteTouched(change: CarriedChange["change"]): void {
    for (const read of this.#edge.reads) {
      const entry = this.cache.get(read.name);
      if (entry === undefined) continue;
      const schemas = entry.deps.schemas.some((schema) => change.schemas.includes(schema));
      const names = new Set([...change.tables, ...change.keys.map((key) => key.table)]);
      const tables = [...entry.deps.tables, ...entry.deps.keys.map((key) => key.table)].some((table) =>
        names.has(table),
      );
      if (change.everything || schemas || tables) this.cache.delete(read.name);
    }
  }

  /** The promises, tested on an answer that did not come from the database just now. */
  #checkAnswer(seen: Seen, stamp: Position | null, session: Session): void {
    const { oracle, schedule, conditions, database } = this.#world;
    const position = this.freshness.position();
    const oldest = schedule.now - conditions.freshness.boundMs;
    for (const transaction of database.transactions) {
      if (!misses(seen, transaction)) continue;
      if (transaction.promisedAt < oldest) oracle.report("older-than-bound");
      if (transaction.external && transaction.visibleAt < schedule.now - conditions.freshness.maxAgeMs) {
        oracle.report("older-than-max-age");
      }
      const publishedAt = transaction.published.get(position?.epoch ?? "");
      if (position !== null && stamp?.epoch === position.epoch && publishedAt !== undefined) {
        if (publishedAt <= position.seq) oracle.report("older-than-applied");
      }
    }
    session.checkOwnWrites(seen, this.#edge);
  }
}

/** A read with what its catalogue made of it. */
export interface Planned {
  readonly deps: Judged["deps"];
  readonly catalogue: Position;
}
