import type { Transaction } from "./database.ts";
import type { FeedMessage, Origin } from "./origin.ts";
import { READS } from "./statements.ts";
import { Worker } from "./worker.ts";
import { BUSY_MS, drawDelay, type World } from "./world.ts";

/** One feed connection of a worker: first in, first out; it can freeze, and it can end. */
interface Feed {
  isOpen: boolean;
  lastArrival: number;
  frozenUntil: number;
  /** On the edge's clock. */
  welcomedAt: number;
  unsubscribe: () => void;
}

/** One edge: two workers on one clock, their feeds, and the way to the origin. */
export class Edge {
  readonly clock: string;
  readonly reads = READS;
  readonly workers: readonly Worker[];
  /** Acknowledged here: by login, and those whose change was carried. */
  readonly writesByLogin = new Map<string, Transaction[]>();
  readonly carriedWrites: Transaction[] = [];
  readonly #world: World;
  readonly #origin: () => Origin;
  readonly #feeds: Feed[] = [];
  /** No two edges' clocks start together. */
  readonly #clockOffset: number;
  #lostMs = 0;
  #pausedUntil = 0;
  #linkLife = 0;

  constructor(world: World, clock: string, origin: () => Origin) {
    this.#world = world;
    this.clock = clock;
    this.#origin = origin;
    this.#clockOffset = world.random.between(0, 5000);
    this.workers = [new Worker(world, this), new Worker(world, this)];
    for (const worker of this.workers) {
      this.#openFeed(worker);
      this.#beatForever(worker);
    }
  }

  /** The edge's monotonic clock: it stands still in a pause. */
  mono(): number {
    return this.#world.schedule.now + this.#clockOffset - this.#lostMs;
  }

  /** Runs `task` as an event of this edge: after a pause, if one is on. */
  deliver(task: () => void): void {
    const { schedule, variant, conditions } = this.#world;
    if (schedule.now < this.#pausedUntil) {
      schedule.at(this.#pausedUntil, () => this.deliver(task));
      return;
    }
    if (conditions.pauses && !variant.flaws?.includes("no-pause-guard")) {
      for (const worker of this.workers) worker.freshness.onWallClock(this.mono(), schedule.now);
    }
    task();
  }

  /** A request and its answer, each on its own way; `null` when the link broke or the origin died meanwhile. */
  askOrigin<T>(
    ask: (origin: Origin, reply: (answer: T) => void) => void,
    then: (answer: T | null) => void,
  ): void {
    const { schedule } = this.#world;
    const life = this.#linkLife;
    let isOver = false;
    const finish = (answer: T | null): void => {
      if (isOver) return;
      isOver = true;
      then(life === this.#linkLife ? answer : null);
    };
    schedule.after(drawDelay(this.#world), () => {
      ask(this.#origin(), (answer) =>
        schedule.after(drawDelay(this.#world), () => this.deliver(() => finish(answer))),
      );
    });
    schedule.after(220, () => this.deliver(() => finish(null)));
  }

  pause(forMs: number): void {
    if (this.#world.schedule.now < this.#pausedUntil) return;
    this.#pausedUntil = this.#world.schedule.now + forMs;
    this.#lostMs += forMs;
  }

  /** Cuts the feeds, and with `everything` the answers on their way too. */
  flap(everything: boolean): void {
    if (everything) this.#linkLife += 1;
    this.workers.forEach((worker, index) => this.#closeFeed(worker, index));
  }

  freeze(forMs: number): void {
    for (const feed of this.#feeds) feed.frozenUntil = this.#world.schedule.now + forMs;
  }

  #openFeed(worker: Worker): void {
    const { schedule } = this.#world;
    const feed = createFeed();
    const index = this.workers?.indexOf(worker) ?? -1;
    this.#feeds[index < 0 ? this.#feeds.length : index] = feed;
    const position = worker.freshness.position();
    schedule.after(drawDelay(this.#world), () => {
      if (feed.isOpen)
        feed.unsubscribe = this.#origin().subscribe(position, (message) => this.#send(worker, feed, message));
    });
  }

  #send(worker: Worker, feed: Feed, message: FeedMessage): void {
    const { schedule, random, conditions } = this.#world;
    const isLossy = conditions.losesItems && schedule.now < BUSY_MS;
    if (isLossy && message.kind === "item" && random.chance(0.02)) return;
    feed.lastArrival = Math.max(feed.lastArrival, schedule.now + drawDelay(this.#world), feed.frozenUntil);
    schedule.at(feed.lastArrival, () =>
      this.deliver(() => {
        if (!feed.isOpen) return;
        if (!worker.onFeed(message)) this.#closeFeed(worker, this.workers.indexOf(worker));
        else if (message.kind === "welcome") this.#welcomed(worker, feed);
      }),
    );
  }

  #welcomed(worker: Worker, feed: Feed): void {
    feed.welcomedAt = this.mono();
    this.#beat(worker);
  }

  #closeFeed(worker: Worker, index: number): void {
    const feed = this.#feeds[index];
    if (feed === undefined || !feed.isOpen) return;
    feed.isOpen = false;
    feed.unsubscribe();
    worker.freshness.onFeedLost();
    const { schedule, random } = this.#world;
    schedule.after(random.between(1, 60), () => this.deliver(() => this.#openFeed(worker)));
  }

  #beatForever(worker: Worker): void {
    this.#beat(worker);
    this.#watch(worker);
    const every = this.#world.conditions.heartbeatEveryMs;
    this.#world.schedule.after(every, () => this.deliver(() => this.#beatForever(worker)));
  }

  /** A feed that brings nothing although the origin answers: the edge is safe without hits, and starts it anew. */
  #watch(worker: Worker): void {
    const { boundMs } = this.#world.conditions.freshness;
    const feed = this.#feeds[this.workers.indexOf(worker)];
    if (feed === undefined || !worker.freshness.connected) return;
    const knownUpTo = Math.max(worker.freshness.asOf() ?? 0, feed.welcomedAt);
    const isLate = this.mono() - knownUpTo > 2 * boundMs;
    if (isLate) this.#closeFeed(worker, this.workers.indexOf(worker));
  }

  #beat(worker: Worker): void {
    const { schedule } = this.#world;
    const askedAt = this.mono();
    schedule.after(drawDelay(this.#world), () => {
      this.#origin().heartbeat((beat) => {
        schedule.after(drawDelay(this.#world), () => {
          this.deliver(() => worker.freshness.onHeartbeat({ ...beat, askedAt, arrivedAt: this.mono() }));
        });
      });
    });
  }
}

function createFeed(): Feed {
  return { isOpen: true, lastArrival: 0, frozenUntil: 0, welcomedAt: 0, unsubscribe: () => undefined };
}
