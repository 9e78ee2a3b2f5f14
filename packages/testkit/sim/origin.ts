import { type ChangeSet, isEmptyChange, NO_CHANGE, type Position } from "@rockpool/base";
import {
  type CarriedChange,
  createPublisher,
  createTtlChangeSource,
  type FeedItem,
  type FeedWelcome,
  type Publisher,
  type TtlChangeSource,
} from "@rockpool/freshness";

import type { Transaction } from "./database.ts";
import { createLogFollower, type LogFollower } from "./log-follower.ts";
import { maskOf, type Read, type Write } from "./statements.ts";
import type { World } from "./world.ts";

/** What travels down a feed. */
export type FeedMessage =
  | { readonly kind: "welcome"; readonly welcome: FeedWelcome }
  | { readonly kind: "item"; readonly item: FeedItem }
  | { readonly kind: "catalogue"; readonly position: Position; readonly viewBase: number };

/** What a heartbeat's answer says (R2). */
export interface Beat {
  readonly epoch: string;
  readonly seq: number;
  readonly sampleAgeMs: number;
}

/** A read's answer: of its rows, only which snapshot they show. */
export interface ReadAnswer {
  readonly stamp: Position;
  readonly executedAt: number;
  readonly mask: number;
  readonly beat: Beat | null;
}

/** A write's answer. `ok` false = nobody knows the outcome. */
export interface WriteAnswer {
  readonly ok: boolean;
  readonly carried: CarriedChange | null;
  /** What it committed; null when it did not commit (yet). */
  readonly transaction: Transaction | null;
}

/** A transaction on a pinned connection. */
export interface PinnedThread {
  read(read: Read, reply: (answer: ReadAnswer) => void): void;
  write(write: Write, reply: (answer: WriteAnswer) => void): void;
  end(commits: boolean, reply: (answer: WriteAnswer) => void): void;
}

/** One life of the origin process. Every call is made at the instant its request arrives; a dead origin never replies. */
export class Origin {
  readonly publisher: Publisher;
  readonly #world: World;
  readonly #epoch: string;
  readonly #source: TtlChangeSource;
  readonly #follower: LogFollower | null;
  readonly #feeds = new Set<(message: FeedMessage) => void>();
  #catalogue: { readonly viewBase: number } | null = null;
  #isLoadingCatalogue = false;
  #isAlive = true;
  #threadCount = 0;

  constructor(world: World, epoch: string) {
    this.#world = world;
    this.#epoch = epoch;
    this.publisher = createPublisher({
      epoch,
      ringMax: world.conditions.ringMax,
      doubtMax: world.conditions.doubtMax,
      onItem: (item) => this.#broadcast({ kind: "item", item }),
    });
    this.#source = createTtlChangeSource(this.publisher, { transactionMax: 4 });
    this.#follower = world.conditions.mode === "log" ? createLogFollower(world, this.publisher) : null;
    world.database.onCommit = (transaction) => this.#follower?.onCommit(transaction);
    if (this.#follower === null) this.#doubtFormerThreads();
    this.#loadCatalogue();
  }

  /** Ends this life: nothing more comes out of it. */
  stop(): void {
    this.#isAlive = false;
    this.#follower?.stop();
    this.#feeds.clear();
  }

  /** Starts a feed after `position`; returns how to end it. */
  subscribe(position: Position | null, send: (message: FeedMessage) => void): () => void {
    const { welcome, items } = this.publisher.welcome(position);
    send({ kind: "welcome", welcome: this.#spoilWelcome(welcome, position) });
    if (!this.#world.has("resume-without-replay")) for (const item of items) send({ kind: "item", item });
    this.#sendCatalogue(send);
    this.#feeds.add(send);
    return () => this.#feeds.delete(send);
  }

  heartbeat(reply: (beat: Beat) => void): void {
    const { schedule, random } = this.#world;
    const askedAt = schedule.now;
    const answer = (sampledAt: number): void => {
      if (this.#isAlive) reply(this.#beat(askedAt, sampledAt));
    };
    if (this.#follower === null || this.#world.has("heartbeat-alive-only")) return answer(askedAt);
    const confirmedAt = this.#follower.confirmedAt();
    this.#follower.whenConfirmed((sampledAt) => random.chance(0.9) && answer(sampledAt));
    if (confirmedAt !== null && random.chance(0.5)) answer(confirmedAt);
  }

  read(read: Read, reply: (answer: ReadAnswer) => void): void {
    const { schedule, random, database } = this.#world;
    const arrivedAt = schedule.now;
    const stamp = this.publisher.position();
    schedule.after(random.between(0, 4), () => {
      const executedAt = schedule.now;
      const mask = maskOf(read, database.viewBaseAt(executedAt));
      schedule.after(random.chance(0.15) ? random.between(5, 60) : random.between(0, 4), () => {
        if (!this.#isAlive) return;
        const late = this.#world.has("stamp-after-query");
        const sampledAt = this.#follower === null ? arrivedAt : this.#follower.confirmedAt();
        const beat = sampledAt === null ? null : this.#beat(arrivedAt, sampledAt);
        reply({ stamp: late ? this.publisher.position() : stamp, executedAt, mask, beat });
      });
    });
  }

  write(write: Write, reply: (answer: WriteAnswer) => void): void {
    if (this.#isTooEarly()) this.publisher.publish(write.change);
    this.#commit(this.#newThread(), [write], write.change, reply);
  }

  begin(): PinnedThread {
    return this.#pinned(this.#newThread());
  }

  #pinned(thread: string): PinnedThread {
    const { schedule, random, database } = this.#world;
    let writes: Write[] = [];
    let snapshotAt: number | null = null;
    return {
      read: (read, reply) => {
        const stamp = this.publisher.position();
        schedule.after(random.between(0, 4), () => {
          snapshotAt ??= schedule.now;
          const executedAt = snapshotAt;
          if (this.#isAlive)
            reply({ stamp, executedAt, mask: maskOf(read, database.viewBaseAt(executedAt)), beat: null });
        });
      },
      write: (write, reply) => {
        const before = writes;
        if (write.commitsImplicitly) {
          writes = [];
          this.#commit(thread, [...before, write], write.change, reply);
          return;
        }
        writes = [...before, write];
        schedule.after(random.between(0, 5), () => {
          if (!this.#isAlive) return;
          const state = { open: true, mayHaveEnded: false };
          const carried = this.#follower === null ? this.#source.answered(thread, write.change, state) : null;
          reply({ ok: true, carried, transaction: null });
        });
      },
      end: (commits, reply) => {
        const done = writes;
        writes = [];
        snapshotAt = null;
        if (commits && done.length > 0) this.#commit(thread, done, NO_CHANGE, reply);
        else schedule.after(random.between(0, 3), () => this.#answerTtl(thread, NO_CHANGE, null, reply));
      },
    };
  }

  /** `effect` is that of the statement that commits; the transaction's earlier ones are the change source's to remember. */
  #commit(
    thread: string,
    writes: readonly Write[],
    effect: ChangeSet,
    reply: (answer: WriteAnswer) => void,
  ): void {
    const { schedule, random, conditions, database } = this.#world;
    if (this.#follower === null && !this.#world.has("definition-in-flight"))
      this.#source.starting(thread, effect);
    const waits = conditions.lockWaits && random.chance(0.2);
    const committedAt = schedule.now + (waits ? random.between(20, 160) : random.between(0, 4));
    const isSlow = conditions.slowVisibility && random.chance(0.25);
    const lag = conditions.mode === "ttl" ? 0 : isSlow ? random.between(5, 70) : random.between(0, 1);
    const answeredAt =
      committedAt + lag + random.between(0.1, conditions.slowAnswers && random.chance(0.4) ? 90 : 2);
    const isLost = conditions.lostConnections && random.chance(0.2);
    if (isLost && random.chance(0.2)) {
      schedule.at(committedAt, () => this.#answerLost(thread, effect, null, reply));
      return;
    }
    const transaction = database.commit(writes, committedAt, committedAt + lag, false);
    if (this.#follower !== null) transaction.promisedAt = transaction.visibleAt;
    if (isLost) {
      const lostAt = schedule.now + random.next() * (answeredAt - schedule.now);
      schedule.at(lostAt, () => this.#answerLost(thread, effect, transaction, reply));
    } else if (this.#follower === null) {
      schedule.at(answeredAt, () => this.#answerTtl(thread, effect, transaction, reply));
    } else {
      schedule.at(answeredAt, () => this.#answerLog(transaction, reply));
    }
  }

  /** Holds the answer until its change is published, but not for ever (R8). */
  #answerLog(transaction: Transaction, reply: (answer: WriteAnswer) => void): void {
    if (!this.#isAlive) return;
    let isAnswered = false;
    const answer = (seq: number | null): void => {
      if (isAnswered || !this.#isAlive) return;
      isAnswered = true;
      const carried = seq === null ? null : { epoch: this.#epoch, seq, change: transaction.change };
      reply({ ok: true, carried, transaction });
    };
    this.#follower?.whenPublished(transaction, () => answer(transaction.published.get(this.#epoch) ?? null));
    this.#world.schedule.after(25, () => answer(null));
  }

  #answerTtl(
    thread: string,
    effect: ChangeSet,
    transaction: Transaction | null,
    reply: (answer: WriteAnswer) => void,
  ): void {
    if (!this.#isAlive) return;
    const state = {
      open: this.#world.has("union-not-republished") && isEmptyChange(effect),
      mayHaveEnded: false,
    };
    const publishes = this.#follower === null && !this.#isTooEarly();
    const carried = publishes ? this.#source.answered(thread, effect, state) : null;
    this.#notePublished(transaction, carried?.seq ?? this.publisher.position().seq);
    reply({ ok: true, carried, transaction });
  }

  #answerLost(
    thread: string,
    effect: ChangeSet,
    transaction: Transaction | null,
    reply: (answer: WriteAnswer) => void,
  ): void {
    if (!this.#isAlive) return;
    const { schedule, random } = this.#world;
    if (this.#follower === null) {
      if (this.#world.has("doubt-forgotten")) {
        this.publisher.publish(effect);
      } else {
        const doubt = this.#source.lost(thread, effect);
        const goneAt = Math.max(schedule.now, transaction?.visibleAt ?? 0) + random.between(1, 30);
        if (doubt !== null) {
          schedule.at(
            goneAt,
            () => this.#isAlive && this.#notePublished(transaction, this.#source.gone(doubt)),
          );
        }
      }
    }
    reply({ ok: false, carried: null, transaction });
  }

  /** From now on the promise covers the transaction: somebody may have been told. */
  #notePublished(transaction: Transaction | null, seq: number): void {
    if (transaction === null) return;
    transaction.published.set(this.#epoch, seq);
    transaction.promisedAt = this.#world.schedule.now;
  }

  /** Without the log, what the former life left running in the database may still commit: everything is in doubt (R14). */
  #doubtFormerThreads(): void {
    const { schedule, database } = this.#world;
    const running = database.transactions.filter((transaction) => transaction.visibleAt > schedule.now);
    const own = running.filter((transaction) => !transaction.external);
    if (own.length === 0 || this.#world.has("restart-without-doubt")) return;
    this.publisher.openDoubt("former", { ...NO_CHANGE, everything: true });
    const goneAt = Math.max(...own.map((transaction) => transaction.visibleAt)) + 5;
    schedule.at(goneAt, () => {
      if (!this.#isAlive) return;
      const seq = this.publisher.settleDoubt("former");
      for (const transaction of own) this.#notePublished(transaction, seq);
    });
  }

  #beat(arrivedAt: number, sampledAt: number): Beat {
    return { ...this.publisher.position(), sampleAgeMs: Math.max(0, arrivedAt - sampledAt) };
  }

  #broadcast(message: FeedMessage): void {
    for (const send of this.#feeds) send(message);
    if (this.publisher.isCatalogueStale()) this.#loadCatalogue();
  }

  /** R11: the position is read before the definitions are. */
  #loadCatalogue(): void {
    if (this.#isLoadingCatalogue) return;
    this.#isLoadingCatalogue = true;
    const { schedule, random, database } = this.#world;
    const readAtSeq = this.publisher.position().seq;
    schedule.after(random.between(0, 8), () => {
      const viewBase = database.viewBaseAt(schedule.now);
      schedule.after(random.between(0, 8), () => {
        if (!this.#isAlive) return;
        this.#isLoadingCatalogue = false;
        this.#catalogue = { viewBase };
        this.publisher.catalogueLoaded(readAtSeq);
        for (const send of this.#feeds) this.#sendCatalogue(send);
        if (this.publisher.isCatalogueStale()) this.#loadCatalogue();
      });
    });
  }

  #sendCatalogue(send: (message: FeedMessage) => void): void {
    const seq = this.publisher.catalogueSeq();
    if (seq === null || this.#catalogue === null) return;
    send({ kind: "catalogue", position: { epoch: this.#epoch, seq }, viewBase: this.#catalogue.viewBase });
  }

  #spoilWelcome(welcome: FeedWelcome, position: Position | null): FeedWelcome {
    if (this.#world.has("resume-without-replay") && position !== null) {
      return { epoch: position.epoch, seq: position.seq, resumed: true };
    }
    return this.#world.has("welcome-without-doubts") ? { ...welcome, doubts: [] } : welcome;
  }

  #isTooEarly(): boolean {
    return this.#follower === null && this.#world.has("publish-before-write");
  }

  #newThread(): string {
    this.#threadCount += 1;
    return `thread ${this.#threadCount}`;
  }
}
