import { type ChangeSet, NO_CHANGE, uniteChanges } from "@rockpool/base";
import {
  arriveBookmarks,
  type Bookmarks,
  type EdgeFreshness,
  NO_BOOKMARKS,
  noteTime,
  noteWrite,
  type Reader,
} from "@rockpool/freshness";

import type { Transaction } from "./database.ts";
import type { Edge } from "./edge.ts";
import { misses, type Seen } from "./oracle.ts";
import type { Origin, PinnedThread, ReadAnswer, WriteAnswer } from "./origin.ts";
import { drawWrite, type Write } from "./statements.ts";
import type { Worker } from "./worker.ts";
import type { World } from "./world.ts";

/** A client that asks one thing after the other, mostly at one edge, with the session token it was given. */
export class Session {
  readonly login: string;
  readonly #world: World;
  readonly #edges: readonly Edge[];
  #endsAt = 0;
  #edge: Edge;
  #bookmarks: Bookmarks = NO_BOOKMARKS;
  readonly #acknowledged: Transaction[] = [];
  /** Written by the open transaction, not committed. */
  #uncommittedMask = 0;

  constructor(world: World, edges: readonly Edge[], edge: Edge, login: string) {
    this.#world = world;
    this.#edges = edges;
    this.#edge = edge;
    this.login = login;
  }

  /** Asks one thing after the other until `endsAt`. */
  start(endsAt: number): void {
    this.#endsAt = endsAt;
    this.#next();
  }

  /** Who asks, with the token's bookmarks arrived at this edge. */
  readerAt(edge: Edge, freshness: EdgeFreshness): Reader {
    const view = { clock: edge.clock, position: freshness.position(), asOf: freshness.asOf() };
    this.#bookmarks = this.#arrive(view, edge.mono());
    return { bookmarks: this.#bookmarks, login: this.login };
  }

  /** Read-your-writes: the session's own everywhere, its login's and the carried ones at the same edge. */
  checkOwnWrites(seen: Seen, edge: Edge): void {
    const { oracle } = this.#world;
    if ((this.#uncommittedMask & seen.mask) !== 0) oracle.report("own-transaction-missed");
    if (this.#acknowledged.some((transaction) => misses(seen, transaction)))
      oracle.report("own-write-missed");
    const ofLogin = edge.writesByLogin.get(this.login) ?? [];
    if (ofLogin.some((transaction) => misses(seen, transaction))) oracle.report("login-write-missed");
    if (edge.carriedWrites.some((transaction) => misses(seen, transaction)))
      oracle.report("edge-write-missed");
  }

  #next(): void {
    const { schedule, random, conditions } = this.#world;
    schedule.after(random.between(0, 9), () => {
      if (schedule.now >= this.#endsAt) return;
      if (random.chance(conditions.moveShare)) this.#move();
      this.#edge.deliver(() => this.#act());
    });
  }

  /** To another edge or the same, with the token. */
  #move(): void {
    const [first, ...others] = this.#edges;
    if (first !== undefined) this.#edge = this.#world.random.pick([first, ...others]);
    if (this.#world.has("bookmark-not-carried")) this.#bookmarks = NO_BOOKMARKS;
  }

  #act(): void {
    const { random, conditions } = this.#world;
    const worker = this.#edge.workers[random.below(2)] as Worker;
    if (!random.chance(conditions.writeShare))
      worker.read(this, random.pick(this.#world.conditions.reads), () => this.#next());
    else if (random.chance(0.68)) this.#write(worker);
    else this.#transact(worker);
  }

  #write(worker: Worker): void {
    const write = this.#draw(0.12);
    this.#ask(
      worker,
      write.change,
      (origin, reply) => origin.write(write, reply),
      () => this.#next(),
    );
  }

  #draw(wholeShare: number): Write {
    const { random, conditions } = this.#world;
    const byTable = conditions.mode === "ttl" && random.chance(0.7);
    return drawWrite(random, { byTable, wholeShare, definitionShare: conditions.definitionShare });
  }

  #transact(worker: Worker): void {
    const { random } = this.#world;
    const thread: { current: PinnedThread | null; origin: Origin | null } = { current: null, origin: null };
    const writes: Write[] = [];
    const steps = 1 + random.below(4);
    const step = (left: number): void => {
      if (left === 0) this.#finish(worker, thread, writes);
      else if (random.chance(0.5)) this.#readPinned(worker, thread, () => step(left - 1));
      else this.#writePinned(worker, thread, writes, () => step(left - 1));
    };
    step(steps);
  }

  #readPinned(worker: Worker, thread: Pinned, then: () => void): void {
    const read = this.#world.random.pick(this.#world.conditions.reads);
    if (this.#world.has("hit-in-transaction") && worker.readInTransaction(this, read))
      return this.#later(then);
    const dispatchedAt = this.#edge.mono();
    const planned = worker.plan(read);
    this.#edge.askOrigin<ReadAnswer>(
      (origin, reply) => pinnedAt(thread, origin)?.read(read, reply),
      (answer) => {
        if (answer !== null && this.#world.has("store-from-transaction"))
          worker.fill(read, answer, planned, dispatchedAt);
        then();
      },
    );
  }

  #writePinned(worker: Worker, thread: Pinned, writes: Write[], then: () => void): void {
    const write = this.#draw(0.05);
    // An implicit commit tells of the whole transaction: so must a time bookmark.
    const affected = write.commitsImplicitly ? union([...writes, write]) : write.change;
    if (write.commitsImplicitly) writes.length = 0;
    else writes.push(write);
    this.#uncommittedMask = writes.reduce((mask, own) => mask | own.mask, 0);
    this.#ask(worker, affected, (origin, reply) => pinnedAt(thread, origin)?.write(write, reply), then);
  }

  #finish(worker: Worker, thread: Pinned, writes: readonly Write[]): void {
    const commits = this.#world.random.chance(0.8);
    const end = (origin: Origin, reply: (answer: WriteAnswer) => void): void =>
      pinnedAt(thread, origin)?.end(commits, reply);
    this.#ask(worker, union(writes), end, () => {
      this.#uncommittedMask = 0;
      this.#next();
    });
  }

  #later(then: () => void): void {
    this.#world.schedule.after(0.1, () => this.#edge.deliver(then));
  }

  /** Sends a write, and releases its answer when every worker of this edge has applied it (R8, R13). */
  #ask(
    worker: Worker,
    affected: ChangeSet,
    ask: (origin: Origin, reply: (answer: WriteAnswer) => void) => void,
    then: () => void,
  ): void {
    const edge = this.#edge;
    this.#world.oracle.counts.writes += 1;
    edge.askOrigin(ask, (answer: WriteAnswer | null) =>
      this.#receive(worker, affected, answer ?? LOST, () => this.#later(then)),
    );
  }

  #receive(worker: Worker, affected: ChangeSet, answer: WriteAnswer, then: () => void): void {
    const edge = this.#edge;
    const { schedule, random } = this.#world;
    const carried = this.#world.has("answer-without-change") ? null : answer.carried;
    const isBlind = this.#world.has("answer-without-change") && answer.ok;
    const tell = (one: Worker): boolean => isBlind || one.onWriteAnswer(carried, this.login, affected);
    let isCarried = tell(worker);
    const others = edge.workers.filter((one) => one !== worker);
    if (this.#world.has("one-worker-applies")) return this.#release(affected, answer, isCarried, then);
    let waiting = others.length;
    for (const other of others) {
      schedule.after(random.between(0, 12), () =>
        edge.deliver(() => {
          isCarried = tell(other) && isCarried;
          waiting -= 1;
          if (waiting === 0) this.#release(affected, answer, isCarried, then);
        }),
      );
    }
  }

  #release(affected: ChangeSet, answer: WriteAnswer, isCarried: boolean, then: () => void): void {
    const edge = this.#edge;
    const { carried, transaction } = answer;
    if (carried !== null) this.#bookmarks = noteWrite(this.#bookmarks, carried, edge.clock, isCarried);
    if (!isCarried && !this.#world.has("no-time-bookmark")) {
      this.#bookmarks = noteTime(this.#bookmarks, affected, edge.clock, edge.mono());
    }
    if (answer.ok && transaction !== null) {
      this.#acknowledged.push(transaction);
      const ofLogin = edge.writesByLogin.get(this.login) ?? [];
      edge.writesByLogin.set(this.login, [...ofLogin, transaction]);
      if (isCarried) edge.carriedWrites.push(transaction);
    }
    then();
  }

  #arrive(view: Parameters<typeof arriveBookmarks>[1], now: number): Bookmarks {
    const bookmarks = this.#bookmarks;
    if (this.#world.has("unknown-epoch-ignored") && bookmarks.position?.epoch !== view.position?.epoch) {
      return { ...bookmarks, position: null, known: null };
    }
    if (this.#world.has("foreign-instant-trusted")) {
      return { ...bookmarks, times: bookmarks.times.map((time) => ({ ...time, clock: view.clock })) };
    }
    return arriveBookmarks(bookmarks, view, now);
  }
}

interface Pinned {
  current: PinnedThread | null;
  origin: Origin | null;
}

function union(writes: readonly Write[]): ChangeSet {
  return writes.reduce((change, write) => uniteChanges(change, write.change), NO_CHANGE);
}

const LOST: WriteAnswer = { ok: false, carried: null, transaction: null };

/** The transaction's own connection; after a restart of the origin it is gone, and so is every answer (S3). */
function pinnedAt(thread: Pinned, origin: Origin): PinnedThread | null {
  if (thread.origin === null) {
    thread.origin = origin;
    thread.current = origin.begin();
  }
  return thread.origin === origin ? thread.current : null;
}
