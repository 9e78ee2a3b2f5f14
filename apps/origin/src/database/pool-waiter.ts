import type { RockpoolError, TimerHandle } from "@rockpool/base";
import { FairQueue } from "./fair-queue.ts";
import type { PoolPurpose } from "./pool-port.ts";

/** Somebody waiting for a connection. Settled exactly once. */
export class PoolWaiter<C> {
  readonly account: string;
  readonly login: string;
  readonly purpose: PoolPurpose;
  readonly stateHash: string | null;
  readonly isAbandoned: () => boolean;
  readonly #resolve: (connection: C) => void;
  readonly #reject: (cause: RockpoolError) => void;
  #settled = false;
  timer: TimerHandle | null = null;
  /** Undoes what must not outlive the wait (an AbortSignal's listener). */
  onSettled: () => void = () => {};

  constructor(
    wanted: {
      readonly account: string;
      readonly login: string;
      readonly purpose: PoolPurpose;
      readonly stateHash: string | null;
      readonly isAbandoned: () => boolean;
    },
    resolve: (connection: C) => void,
    reject: (cause: RockpoolError) => void,
  ) {
    this.account = wanted.account;
    this.login = wanted.login;
    this.purpose = wanted.purpose;
    this.stateHash = wanted.stateHash;
    this.isAbandoned = wanted.isAbandoned;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  grant(connection: C): void {
    this.#settle();
    this.#resolve(connection);
  }

  refuse(cause: RockpoolError): void {
    if (this.#settled) return;
    this.#settle();
    this.#reject(cause);
  }

  #settle(): void {
    this.#settled = true;
    this.timer?.cancel();
    this.onSettled();
  }
}

/** Those who wait, in the order in which they are served: fair per login, and pinning never blocks sharing. */
export class WaitQueue<C> {
  readonly #queues = { shared: new FairQueue<PoolWaiter<C>>(), pinned: new FairQueue<PoolWaiter<C>>() };
  #turn: PoolPurpose = "shared";

  get size(): number {
    return this.#queues.shared.size + this.#queues.pinned.size;
  }

  get pinnedSize(): number {
    return this.#queues.pinned.size;
  }

  push(waiter: PoolWaiter<C>): void {
    this.#queues[waiter.purpose].push(waiter.login, waiter);
  }

  remove(waiter: PoolWaiter<C>): void {
    this.#queues[waiter.purpose].remove(waiter.login, waiter);
  }

  /** The next to be served; while no pin slot is free only those who share. The two kinds take turns. */
  shift(mayPin: boolean): PoolWaiter<C> | undefined {
    const { shared, pinned } = this.#queues;
    if (!mayPin || pinned.size === 0) return shared.shift();
    if (shared.size === 0) return pinned.shift();
    this.#turn = this.#turn === "shared" ? "pinned" : "shared";
    return this.#queues[this.#turn].shift();
  }
}
