import {
  assert,
  type Clock,
  type Instant,
  type Random,
  RockpoolError,
  type TimerHandle,
  type Timers,
} from "@rockpool/base";
import { AccountHealth } from "./account-health.ts";
import type { DatabaseConnection } from "./database-connection.ts";
import {
  type AcquireRequest,
  DEFAULT_POOL_LIMITS,
  type PoolableConnection,
  type PoolLimits,
  type PoolPurpose,
  type PoolStats,
} from "./pool-port.ts";
import { type PoolSlot, PoolSlots } from "./pool-slots.ts";
import { PoolWaiter, WaitQueue } from "./pool-waiter.ts";
import { isSameServer, type ServerIdentity } from "./server-identity.ts";

/** A bounded set of database connections. */
export interface ConnectionPool<C extends PoolableConnection = DatabaseConnection> {
  /**
   * A connection for one's own use until `release`. Rejects with `pool-exhausted` (waited too long, or too many
   * wait), `database-unreachable`, `deadline-expired`, `cancelled` or `shutting-down`.
   */
  acquire(request: AcquireRequest): Promise<C>;
  /** Gives it back; `reset` when it may hold session state. A broken, busy, outdated or aged one is closed instead. */
  release(connection: C, options: { readonly reset: boolean }): void;
  /** Turns a shared connection into a pinned one; false when no pin slot is free. */
  tryPin(connection: C): boolean;
  /** Whether it belongs to the server run that the pool now knows (R9): only then may its answers be stored. */
  isCurrent(connection: C): boolean;
  /** The server run that the pool knows; null before the first connection. */
  readonly identity: ServerIdentity | null;
  stats(): PoolStats;
  /** Replaces every connection: idle ones now, the others when they are released. */
  drain(): void;
  /** Refuses new wishes, closes what is idle, waits up to `graceMs` for the rest and then cuts it. */
  close(graceMs: number): Promise<void>;
}

/** Options of `createConnectionPool`. */
export interface ConnectionPoolOptions<C extends PoolableConnection> {
  /** The account that `minWarm` is about. */
  readonly mainAccount: string;
  readonly limits?: Partial<PoolLimits>;
  /** Opens a connection within its own time limit. Rejects with a `RockpoolError`. */
  readonly connect: (account: string) => Promise<C>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** A connection reached another server, or another run of it: called before anybody gets that connection (R9). */
  readonly onIdentityChange?: (now: ServerIdentity, before: ServerIdentity) => void;
}

/** Creates a pool; it opens `minWarm` connections by itself and keeps itself in order with a one-second tick. */
export function createConnectionPool<C extends PoolableConnection>(
  options: ConnectionPoolOptions<C>,
): ConnectionPool<C> {
  return new BoundedPool(options);
}

const TICK_MS = 1_000;
const AGE_JITTER = 0.1;

class BoundedPool<C extends PoolableConnection> implements ConnectionPool<C> {
  readonly #options: ConnectionPoolOptions<C>;
  readonly #limits: PoolLimits;
  readonly #slots = new PoolSlots<C>();
  readonly #queue = new WaitQueue<C>();
  readonly #health: AccountHealth<PoolWaiter<C>>;
  #identity: ServerIdentity | null = null;
  #openingCount = 0;
  #pinnedCount = 0;
  /** The server refused a further connection: until then the pool makes do with what it has. */
  #fullUntil: Instant = Number.NEGATIVE_INFINITY;
  #closed = false;
  #onEmpty: (() => void) | null = null;
  #tick: TimerHandle | null = null;
  #openedCount = 0;
  #closedCount = 0;
  #waitTimeoutCount = 0;

  constructor(options: ConnectionPoolOptions<C>) {
    this.#options = options;
    this.#limits = { ...DEFAULT_POOL_LIMITS, ...options.limits };
    this.#health = new AccountHealth(options.clock, options.random);
    this.#maintain();
  }

  get identity(): ServerIdentity | null {
    return this.#identity;
  }

  acquire(request: AcquireRequest): Promise<C> {
    const { clock } = this.#options;
    if (this.#closed) return Promise.reject(new RockpoolError("shutting-down"));
    if (request.signal?.aborted === true) return Promise.reject(new RockpoolError("cancelled"));
    if (request.deadline !== undefined && request.deadline <= clock.now()) {
      return Promise.reject(new RockpoolError("deadline-expired"));
    }
    if (this.#waiting() >= this.#limits.waitersMax && !this.#isFree(request.purpose)) {
      return Promise.reject(new RockpoolError("pool-exhausted", { context: { waiting: this.#waiting() } }));
    }
    return new Promise<C>((resolve, reject) => {
      const { account, login, purpose, isAbandoned = () => false } = request;
      const wanted = { account, login, purpose, isAbandoned, stateHash: request.stateHash || null };
      const waiter = new PoolWaiter<C>(wanted, resolve, reject);
      this.#queue.push(waiter);
      this.#dispatch();
      if (!waiter.settled) this.#limitWait(waiter, request);
    });
  }

  release(connection: C, { reset }: { readonly reset: boolean }): void {
    const slot = this.#slots.get(connection);
    if (slot === undefined) {
      assert(connection.brokenBy !== null, "a released connection is not of this pool");
      return;
    }
    assert(slot.use === "shared" || slot.use === "pinned", "a connection is released twice");
    if (connection.busy) return this.#drop(slot, "destroy");
    if (slot.outdated || this.#closed || slot.retireAt <= this.#options.clock.now())
      return this.#drop(slot, "close");
    if (reset || connection.dirty) void this.#reset(slot);
    else this.#makeIdle(slot);
  }

  tryPin(connection: C): boolean {
    const slot = this.#slots.get(connection);
    if (slot === undefined || slot.use === "idle") return false;
    if (slot.pinned) return true;
    if (this.#pinnedCount >= this.#limits.pinnedMax) return false;
    slot.use = "pinned";
    slot.pinned = true;
    this.#pinnedCount += 1;
    return true;
  }

  isCurrent(connection: C): boolean {
    const slot = this.#slots.get(connection);
    return slot !== undefined && !slot.outdated;
  }

  stats(): PoolStats {
    return {
      ...this.#slots.countUses(),
      total: this.#slots.size,
      opening: this.#openingCount,
      waiting: this.#waiting(),
      waitingForPin: this.#queue.pinnedSize,
      openedCount: this.#openedCount,
      closedCount: this.#closedCount,
      connectFailureCount: this.#health.failureCount,
      waitTimeoutCount: this.#waitTimeoutCount,
    };
  }

  drain(): void {
    for (const slot of this.#slots.all()) {
      slot.outdated = true;
      if (slot.use === "idle") this.#drop(slot, "close");
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#tick?.cancel();
    const refusal = new RockpoolError("shutting-down");
    for (let waiter = this.#queue.shift(true); waiter; waiter = this.#queue.shift(true))
      waiter.refuse(refusal);
    for (const waiter of this.#health.takeAllProbeWaiters()) waiter.refuse(refusal);
    this.drain();
    if (this.#size() === 0) return;
    const timer = this.#options.timers.after(graceMs, () => {
      for (const slot of this.#slots.all()) this.#drop(slot, "destroy");
      this.#onEmpty?.();
    });
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    timer.cancel();
  }

  #size(): number {
    return this.#slots.size + this.#openingCount;
  }

  #waiting(): number {
    return this.#queue.size + this.#health.probeWaiterCount;
  }

  /** Whether somebody who came now would be served without waiting. */
  #isFree(purpose: PoolPurpose): boolean {
    return this.#queue.size === 0 && this.#hasCapacity() && (purpose === "shared" || this.#mayPin());
  }

  #mayPin(): boolean {
    return this.#pinnedCount < this.#limits.pinnedMax;
  }

  #mayOpen(): boolean {
    return this.#size() < this.#limits.max && this.#fullUntil <= this.#options.clock.now();
  }

  #hasCapacity(): boolean {
    return this.#mayOpen() || this.#slots.hasIdle();
  }

  #limitWait(waiter: PoolWaiter<C>, { deadline, signal }: AcquireRequest): void {
    const { clock, timers } = this.#options;
    const budgetMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline - clock.now();
    const waitMs = this.#limits.waitTimeoutMs;
    const leave = (cause: RockpoolError) => {
      this.#queue.remove(waiter);
      this.#health.removeProbeWaiter(waiter.account, waiter);
      waiter.refuse(cause);
    };
    waiter.timer = timers.after(Math.min(waitMs, budgetMs), () => {
      this.#waitTimeoutCount += 1;
      leave(new RockpoolError(budgetMs < waitMs ? "deadline-expired" : "pool-exhausted"));
    });
    if (signal === undefined) return;
    const onAbort = () => leave(new RockpoolError("cancelled"));
    signal.addEventListener("abort", onAbort, { once: true });
    waiter.onSettled = () => signal.removeEventListener("abort", onAbort);
  }

  /** Serves whoever can be served now, in turn. */
  #dispatch(): void {
    while (this.#queue.size > 0 && this.#hasCapacity()) {
      const waiter = this.#queue.shift(this.#mayPin());
      if (waiter === undefined) return;
      if (waiter.isAbandoned()) waiter.refuse(new RockpoolError("cancelled"));
      else this.#serve(waiter);
    }
  }

  /** There is capacity: an idle connection, or room for a new one. */
  #serve(waiter: PoolWaiter<C>): void {
    const { account, stateHash } = waiter;
    const slot = this.#slots.findIdleFor(account, stateHash);
    if (slot !== null) return this.#grant(slot, waiter);
    const refusal = this.#health.refusal(account);
    if (refusal !== null) return waiter.refuse(refusal);
    // While an account fails, one attempt at a time speaks for all who want it.
    if (this.#health.joinProbe(account, waiter)) return;
    if (!this.#mayOpen()) this.#evictIdle();
    if (waiter.purpose === "pinned") this.#pinnedCount += 1;
    void this.#open(account, waiter);
  }

  #grant(slot: PoolSlot<C>, waiter: PoolWaiter<C>): void {
    slot.use = waiter.purpose;
    slot.pinned = waiter.purpose === "pinned";
    if (slot.pinned) this.#pinnedCount += 1;
    waiter.grant(slot.connection);
  }

  #evictIdle(): void {
    const oldest = this.#slots.findOldestIdle();
    if (oldest !== null) this.#drop(oldest, "close");
  }

  async #open(account: string, waiter: PoolWaiter<C> | null): Promise<void> {
    this.#openingCount += 1;
    this.#health.attemptBegins(account);
    try {
      const connection = await this.#options.connect(account);
      this.#openingCount -= 1;
      this.#opened(connection, waiter);
    } catch (error) {
      this.#openingCount -= 1;
      this.#openFailed(account, waiter, error);
    }
    if (this.#closed && this.#size() === 0) this.#onEmpty?.();
    this.#dispatch();
  }

  #opened(connection: C, waiter: PoolWaiter<C> | null): void {
    if (waiter?.purpose === "pinned") this.#pinnedCount -= 1; // `#grant` counts it again
    const probeWaiters = this.#health.attemptSucceeded(connection.account);
    if (this.#closed) return connection.close();
    this.#openedCount += 1;
    this.#checkIdentity(connection.identity);
    const now = this.#options.clock.now();
    const jitter = 1 + AGE_JITTER * (2 * this.#options.random.next() - 1);
    const slot = this.#slots.add(connection, now, now + this.#limits.ageMaxMs * jitter);
    connection.onBroken(() => this.#forget(slot));
    for (const other of probeWaiters) if (!other.settled) this.#queue.push(other);
    if (connection.brokenBy !== null) return waiter?.refuse(new RockpoolError("database-unreachable"));
    if (waiter === null || waiter.settled) return;
    if (waiter.isAbandoned()) waiter.refuse(new RockpoolError("cancelled"));
    else this.#grant(slot, waiter);
  }

  #openFailed(account: string, waiter: PoolWaiter<C> | null, error: unknown): void {
    if (waiter?.purpose === "pinned") this.#pinnedCount -= 1;
    const cause =
      error instanceof RockpoolError ? error : new RockpoolError("database-unreachable", { cause: error });
    const { probeWaiters, delayMs } = this.#health.attemptFailed(account, cause);
    const waiters = waiter === null ? probeWaiters : [waiter, ...probeWaiters];
    if (cause.code === "pool-exhausted" && this.#slots.size > 0) {
      // The server has no room for more of us, but what we have goes on serving: wait for that.
      this.#fullUntil = this.#options.clock.now() + delayMs;
      this.#health.forgive(account);
      for (const other of waiters) if (!other.settled) this.#queue.push(other);
      return;
    }
    for (const other of waiters) other.refuse(new RockpoolError(cause.code, { cause }));
  }

  #checkIdentity(identity: ServerIdentity): void {
    const before = this.#identity;
    this.#identity = identity;
    if (before === null || isSameServer(before, identity)) return;
    this.drain();
    this.#options.onIdentityChange?.(identity, before);
  }

  async #reset(slot: PoolSlot<C>): Promise<void> {
    const { timers } = this.#options;
    slot.use = "resetting";
    const timer = timers.after(this.#limits.resetTimeoutMs, () => this.#drop(slot, "destroy"));
    try {
      await slot.connection.reset();
    } catch {
      return this.#drop(slot, "destroy");
    } finally {
      timer.cancel();
    }
    if (!this.#slots.has(slot.connection)) return;
    if (slot.outdated || this.#closed) this.#drop(slot, "close");
    else this.#makeIdle(slot);
  }

  #makeIdle(slot: PoolSlot<C>): void {
    this.#unpin(slot);
    slot.use = "idle";
    slot.idleSince = this.#options.clock.now();
    this.#dispatch();
  }

  #unpin(slot: PoolSlot<C>): void {
    if (slot.pinned) this.#pinnedCount -= 1;
    slot.pinned = false;
  }

  #drop(slot: PoolSlot<C>, how: "close" | "destroy"): void {
    if (!this.#slots.has(slot.connection)) return;
    // Breaking it calls `#forget`, unless it was broken before it came to the pool.
    if (how === "close") slot.connection.close();
    else slot.connection.destroy();
    this.#forget(slot);
  }

  #forget(slot: PoolSlot<C>): void {
    if (!this.#slots.remove(slot.connection)) return;
    this.#unpin(slot);
    this.#closedCount += 1;
    if (this.#closed && this.#size() === 0) this.#onEmpty?.();
    // A slot freed inside `#dispatch` is used by that loop; the queue is looked at again either way.
    queueMicrotask(() => this.#dispatch());
  }

  #maintain(): void {
    const { clock, timers, mainAccount } = this.#options;
    const { idleTimeoutMs, minWarm } = this.#limits;
    const now = clock.now();
    const isMain = (slot: PoolSlot<C>) => slot.connection.account === mainAccount;
    let warm = this.#slots.all().filter(isMain).length;
    for (const slot of this.#slots.all()) {
      if (slot.use !== "idle") continue;
      const idleMs = now - slot.idleSince;
      const spare = !isMain(slot) || warm > minWarm;
      // The server would cut it at its own limit, perhaps just as a statement is sent.
      const expired = (spare && idleMs >= idleTimeoutMs) || idleMs >= slot.connection.serverIdleTimeoutMs / 2;
      if (!expired && slot.retireAt > now) continue;
      if (isMain(slot)) warm -= 1;
      this.#drop(slot, "close");
    }
    for (; warm < minWarm && this.#mayOpen() && this.#health.mayTry(mainAccount); warm += 1) {
      void this.#open(mainAccount, null);
    }
    this.#dispatch();
    this.#tick = timers.after(TICK_MS, () => this.#maintain());
  }
}
