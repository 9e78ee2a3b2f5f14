import type { Instant } from "@rockpool/base";
import type { PoolableConnection, PoolPurpose } from "./pool-port.ts";

/** A connection in the pool, and what it is doing. */
export interface PoolSlot<C> {
  readonly connection: C;
  readonly retireAt: Instant;
  use: PoolPurpose | "idle" | "resetting";
  /** Holds one of the pin slots; until its reset is over. */
  pinned: boolean;
  idleSince: Instant;
  /** Of an earlier server run, or drained: not to be used again. */
  outdated: boolean;
}

/** The open connections of a pool, which decides how many there are. */
export class PoolSlots<C extends PoolableConnection> {
  readonly #slots = new Map<C, PoolSlot<C>>();

  get size(): number {
    return this.#slots.size;
  }

  /** As they are now: the caller may remove some while it looks at them. */
  all(): PoolSlot<C>[] {
    return [...this.#slots.values()];
  }

  get(connection: C): PoolSlot<C> | undefined {
    return this.#slots.get(connection);
  }

  has(connection: C): boolean {
    return this.#slots.has(connection);
  }

  /** Adds it, idle. */
  add(connection: C, now: Instant, retireAt: Instant): PoolSlot<C> {
    const slot: PoolSlot<C> = {
      connection,
      retireAt,
      use: "idle",
      pinned: false,
      idleSince: now,
      outdated: false,
    };
    this.#slots.set(connection, slot);
    return slot;
  }

  /** False when it was not there any more. */
  remove(connection: C): boolean {
    return this.#slots.delete(connection);
  }

  countUses(): Record<PoolSlot<C>["use"], number> {
    const uses = { idle: 0, shared: 0, pinned: 0, resetting: 0 };
    for (const slot of this.#slots.values()) uses[slot.use] += 1;
    return uses;
  }

  hasIdle(): boolean {
    return this.#findIdle(() => true) !== null;
  }

  /** An idle connection of the account: one that has the state, else one in the base state, else any. */
  findIdleFor(account: string, stateHash: string | null): PoolSlot<C> | null {
    return (
      this.#findIdle((idle) => idle.account === account && idle.appliedState === stateHash) ??
      this.#findIdle((idle) => idle.account === account && idle.appliedState === null) ??
      this.#findIdle((idle) => idle.account === account)
    );
  }

  /** The idle connection that has not been used for longest. */
  findOldestIdle(): PoolSlot<C> | null {
    let oldest: PoolSlot<C> | null = null;
    for (const slot of this.#slots.values()) {
      if (slot.use === "idle" && (oldest === null || slot.idleSince < oldest.idleSince)) oldest = slot;
    }
    return oldest;
  }

  /** The most recently used idle connection that fits: the others may grow old and be closed. */
  #findIdle(fits: (connection: C) => boolean): PoolSlot<C> | null {
    let best: PoolSlot<C> | null = null;
    for (const slot of this.#slots.values()) {
      if (slot.use !== "idle" || !fits(slot.connection)) continue;
      if (best === null || slot.idleSince >= best.idleSince) best = slot;
    }
    return best;
  }
}
