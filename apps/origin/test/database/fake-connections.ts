import { type Clock, RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import type { PoolableConnection } from "../../src/database/pool-port.ts";
import type { ServerIdentity } from "../../src/database/server-identity.ts";

/** Time that moves only when told; timers fire in order of their instants. */
export class VirtualTime implements Clock, Timers {
  #now = 0;
  readonly #timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): TimerHandle {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Lets `ms` pass; promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.task();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A connection of nothing. */
export class FakeConnection implements PoolableConnection {
  readonly account: string;
  readonly identity: ServerIdentity;
  serverIdleTimeoutMs = 28_800_000;
  appliedState: string | null = null;
  busy = false;
  dirty = false;
  brokenBy: RockpoolError | null = null;
  resetCount = 0;
  closedHow: "closed" | "destroyed" | null = null;
  /** What the next resets do. */
  onReset: () => Promise<void> = () => Promise.resolve();
  readonly #listeners: ((cause: RockpoolError) => void)[] = [];

  constructor(account: string, identity: ServerIdentity) {
    this.account = account;
    this.identity = identity;
  }

  onBroken(listener: (cause: RockpoolError) => void): void {
    this.#listeners.push(listener);
  }

  async reset(): Promise<void> {
    this.resetCount += 1;
    await this.onReset();
    this.appliedState = null;
    this.dirty = false;
  }

  close(): void {
    this.closedHow ??= "closed";
    this.break(new RockpoolError("shutting-down"));
  }

  destroy(cause: RockpoolError = new RockpoolError("database-lost")): void {
    this.closedHow ??= "destroyed";
    this.break(cause);
  }

  break(cause: RockpoolError): void {
    if (this.brokenBy !== null) return;
    this.brokenBy = cause;
    for (const listener of this.#listeners) listener(cause);
  }
}

/** A server that grants fake connections: at once, when told, or never. */
export class FakeServer {
  identity: ServerIdentity = { server: "one", startedAtSec: 1_000, version: "11" };
  /** What the next attempts fail with; null = they succeed. */
  failure: RockpoolError | null = null;
  /** Attempts wait until `release`. */
  isSlow = false;
  readonly connections: FakeConnection[] = [];
  attemptCount = 0;
  readonly #held: (() => void)[] = [];

  readonly connect = async (account: string): Promise<FakeConnection> => {
    this.attemptCount += 1;
    if (this.isSlow) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failure !== null) throw this.failure;
    const connection = new FakeConnection(account, this.identity);
    this.connections.push(connection);
    return connection;
  };

  /** Connections that are not closed. */
  get open(): FakeConnection[] {
    return this.connections.filter((connection) => connection.brokenBy === null);
  }

  release(): void {
    this.isSlow = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}
