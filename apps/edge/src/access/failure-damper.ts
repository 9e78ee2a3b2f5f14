import type { Instant } from "@rockpool/base";
import { type ClientAddress, clientKeyOf } from "./client-address.ts";

/** Limits of a damper. */
export interface FailureDamperOptions {
  /** Wrong passwords that an address, or a name, may have within the window. */
  readonly failuresMax: number;
  readonly failureWindowMs: number;
}

/** Addresses and names that are counted; when there are more, the one that failed least recently is forgotten. */
const COUNTED_MAX = 20_000;
const SUCCEEDED_MAX = 20_000;

/** A level that rises with each failure and sinks by `failuresMax` a window. */
interface Level {
  height: number;
  at: Instant;
}

/**
 * Counts wrong passwords by address and by name, and says who must wait before the next one is looked at. Levels sink
 * steadily, so whoever is over the limit is looked at once in `failureWindowMs / failuresMax`: nobody is locked out for
 * good. Names that do not exist are counted like others. An address that has once proven the name's password is
 * never held back by what others do to that name.
 */
export class FailureDamper {
  readonly #options: () => FailureDamperOptions;
  readonly #levels = new Map<string, Level>();
  readonly #succeeded = new Set<string>();

  /** `options` is asked each time: a reload may change them. */
  constructor(options: () => FailureDamperOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait before a password of this client for this name is looked at; 0 = now. */
  waitMs(name: string, client: ClientAddress, now: Instant): number {
    const address = clientKeyOf(client);
    const wait = this.#waitOf(`a${address}`, now);
    return this.#succeeded.has(pairOf(name, address)) ? wait : Math.max(wait, this.#waitOf(`n${name}`, now));
  }

  failed(name: string, client: ClientAddress, now: Instant): void {
    this.#raise(`a${clientKeyOf(client)}`, now);
    this.#raise(`n${name}`, now);
  }

  succeeded(name: string, client: ClientAddress): void {
    const pair = pairOf(name, clientKeyOf(client));
    this.#succeeded.delete(pair);
    this.#succeeded.add(pair);
    if (this.#succeeded.size > SUCCEEDED_MAX) dropOldest(this.#succeeded);
  }

  #waitOf(key: string, now: Instant): number {
    const level = this.#levels.get(key);
    if (level === undefined) return 0;
    const { failuresMax, failureWindowMs } = this.#options();
    const excess = this.#heightOf(level, now) + 1 - failuresMax;
    return excess <= 0 ? 0 : (excess * failureWindowMs) / failuresMax;
  }

  #heightOf({ height, at }: Level, now: Instant): number {
    const { failuresMax, failureWindowMs } = this.#options();
    return Math.max(0, height - ((now - at) * failuresMax) / failureWindowMs);
  }

  #raise(key: string, now: Instant): void {
    const level = this.#levels.get(key);
    const height = level === undefined ? 0 : this.#heightOf(level, now);
    this.#levels.delete(key);
    // Passwords that were being looked at together may raise it beyond; that must not add up to a long ban.
    this.#levels.set(key, { height: Math.min(height + 1, this.#options().failuresMax), at: now });
    if (this.#levels.size > COUNTED_MAX) dropOldest(this.#levels);
  }
}

/** Names hold no line break that an address could be confused with: addresses hold none. */
function pairOf(name: string, address: string): string {
  return `${address}\n${name}`;
}

function dropOldest(entries: Map<string, unknown> | Set<string>): void {
  for (const key of entries.keys()) {
    entries.delete(key);
    return;
  }
}
