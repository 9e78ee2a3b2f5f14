import type { Publisher } from "@rockpool/freshness";

import type { Transaction } from "./database.ts";
import type { World } from "./world.ts";

/** The origin's log reader, visible sampler and publish barrier, as DESIGN section 5 has them. */
export interface LogFollower {
  /** A transaction is about to be logged. */
  onCommit(transaction: Transaction): void;
  /** Calls back once the transaction is published, at once if it is already. */
  whenPublished(transaction: Transaction, then: () => void): void;
  /** Calls back with the instant of the first sample taken from now on, once it is confirmed (R2). */
  whenConfirmed(then: (sampledAt: number) => void): void;
  /** The instant of the newest confirmed sample. */
  confirmedAt(): number | null;
  stop(): void;
}

/** Starts a follower at the visible position of this moment: whatever is not visible yet is read from the log. */
export function createLogFollower(world: World, publisher: Publisher): LogFollower {
  return new Follower(world, publisher);
}

interface Unpublished {
  readonly transaction: Transaction;
  isRead: boolean;
}

class Follower implements LogFollower {
  readonly #world: World;
  readonly #publisher: Publisher;
  readonly #epoch: string;
  /** Everything that this follower has to publish and has not; `isRead` says whether the log brought it. */
  #unpublished: Unpublished[] = [];
  #publishWaiters: { readonly transaction: Transaction; readonly call: () => void }[] = [];
  #confirmWaiters: { readonly after: number; readonly call: (sampledAt: number) => void }[] = [];
  #unconfirmed: number[] = [];
  #confirmedAt: number | null = null;
  #visibleUpTo: number;
  #lastReadAt = 0;
  #isSampling = false;
  #isStopped = false;

  constructor(world: World, publisher: Publisher) {
    this.#world = world;
    this.#publisher = publisher;
    this.#epoch = publisher.position().epoch;
    this.#visibleUpTo = world.schedule.now;
    for (const transaction of world.database.transactions) {
      if (transaction.visibleAt > world.schedule.now) this.onCommit(transaction);
    }
  }

  onCommit(transaction: Transaction): void {
    const { schedule, random, conditions } = this.#world;
    const item: Unpublished = { transaction, isRead: false };
    this.#unpublished.push(item);
    schedule.at(transaction.loggedAt, () => {
      const lag =
        conditions.slowFollower && random.chance(0.12) ? random.between(40, 300) : random.between(0, 6);
      this.#lastReadAt = Math.max(this.#lastReadAt, schedule.now + lag);
      schedule.at(this.#lastReadAt, () => {
        item.isRead = true;
        this.#settle();
      });
    });
    this.#sampleSoon();
  }

  whenPublished(transaction: Transaction, then: () => void): void {
    if (transaction.published.has(this.#epoch)) then();
    else this.#publishWaiters.push({ transaction, call: then });
  }

  whenConfirmed(then: (sampledAt: number) => void): void {
    this.#confirmWaiters.push({ after: this.#world.schedule.now, call: then });
    this.#sampleSoon();
  }

  confirmedAt(): number | null {
    return this.#confirmedAt;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #sampleSoon(): void {
    if (this.#isSampling || this.#isStopped) return;
    this.#isSampling = true;
    const { schedule, random } = this.#world;
    schedule.after(random.between(2, 5), () => {
      const sampledAt = schedule.now;
      schedule.after(random.between(0.1, 2), () => {
        this.#isSampling = false;
        this.#visibleUpTo = sampledAt;
        this.#unconfirmed.push(sampledAt);
        if (this.#unconfirmed.length > 8) this.#unconfirmed.splice(4, 1);
        this.#settle();
        if (this.#unpublished.length > 0 || this.#confirmWaiters.length > 0) this.#sampleSoon();
      });
    });
  }

  /** The barrier: publishes sample by sample, each once all of it has been read, and answers those who wait. */
  #settle(): void {
    if (this.#isStopped) return;
    if (this.#world.has("publish-before-visible")) this.#publish(({ isRead }) => isRead);
    if (this.#world.has("sample-confirmed-by-newest") || this.#world.has("published-one-by-one")) {
      this.#publish(({ isRead, transaction }) => isRead && transaction.visibleAt <= this.#visibleUpTo);
    }
    this.#unconfirmed = this.#unconfirmed.filter((sampledAt) => !this.#confirm(sampledAt));
    const published = this.#publishWaiters.filter(({ transaction }) =>
      transaction.published.has(this.#epoch),
    );
    this.#publishWaiters = this.#publishWaiters.filter(
      ({ transaction }) => !transaction.published.has(this.#epoch),
    );
    for (const { call } of published) call();
  }

  #confirm(sampledAt: number): boolean {
    if (!this.#isConfirmed(sampledAt)) return false;
    this.#publish(({ isRead, transaction }) => isRead && transaction.visibleAt <= sampledAt);
    this.#confirmedAt = Math.max(this.#confirmedAt ?? 0, sampledAt);
    const answered = this.#confirmWaiters.filter(({ after }) => after <= sampledAt);
    this.#confirmWaiters = this.#confirmWaiters.filter(({ after }) => after > sampledAt);
    for (const { call } of answered) call(sampledAt);
    return true;
  }

  /**
   * In log order, but definitions first: a transaction may be logged before and seen after the DDL that made it
   * matter to a view.
   */
  #publish(isDue: (item: Unpublished) => boolean): void {
    const due = this.#unpublished.filter(isDue);
    const definesFirst = due.toSorted((left, right) => Number(defines(right)) - Number(defines(left)));
    for (const { transaction } of definesFirst) {
      transaction.published.set(this.#epoch, this.#publisher.publish(transaction.change));
    }
    this.#unpublished = this.#unpublished.filter((item) => !due.includes(item));
  }

  #isConfirmed(sampledAt: number): boolean {
    const unread = this.#unpublished.some(
      ({ transaction, isRead }) => !isRead && transaction.visibleAt <= sampledAt,
    );
    if (!unread) return true;
    if (!this.#world.has("sample-confirmed-by-newest")) return false;
    // The broken test: the newest transaction of the sample is published, so "all" must be.
    let newest: Transaction | null = null;
    for (const transaction of this.#world.database.transactions) {
      if (transaction.visibleAt > sampledAt) continue;
      if (newest === null || transaction.visibleAt > newest.visibleAt) newest = transaction;
    }
    return newest === null || newest.published.has(this.#epoch);
  }
}

function defines({ transaction }: Unpublished): boolean {
  return transaction.change.everything || transaction.change.schemas.length > 0;
}
