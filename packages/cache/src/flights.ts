/** Part taken in a flight: ask and answer for all; wait for the leader; or ask alone, outside the registry. */
export type FlightRole = "leader" | "joined" | "full";

/** Bounds of a registry. */
export interface FlightsOptions {
  /** Flights at one time. One more asks alone. */
  readonly flightMax: number;
  /** Waiters in all flights together. One more asks alone. */
  readonly waitersMax: number;
}

/**
 * Concurrent identical misses share one flight. The registry only says who waits for whom; whether a waiter may take
 * the answer is decided when it is there (`mayTakeFlight`, R8).
 */
export interface Flights<W> {
  /** Takes part in the flight for `key`. The leader must complete or fail it, whatever happens; its own `waiter` is not kept. */
  join(key: string, waiter: W): FlightRole;
  /** The flight has its answer: those who waited, first come first, each to be tested. A later `join` starts anew. */
  complete(key: string): readonly W[];
  /** The flight ended without an answer: those who waited, each to ask again or to fail with it. */
  fail(key: string): readonly W[];
  /** A waiter went away. True when it was waiting. */
  leave(key: string, waiter: W): boolean;
  readonly flightCount: number;
  readonly waiterCount: number;
}

/** Creates an empty registry. */
export function createFlights<W>(options: FlightsOptions): Flights<W> {
  return new FlightRegistry<W>(options);
}

class FlightRegistry<W> implements Flights<W> {
  readonly #options: FlightsOptions;
  readonly #flights = new Map<string, W[]>();
  #waiterCount = 0;

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  get flightCount(): number {
    return this.#flights.size;
  }

  get waiterCount(): number {
    return this.#waiterCount;
  }

  join(key: string, waiter: W): FlightRole {
    const waiters = this.#flights.get(key);
    if (waiters === undefined) {
      if (this.#flights.size >= this.#options.flightMax) return "full";
      this.#flights.set(key, []);
      return "leader";
    }
    if (this.#waiterCount >= this.#options.waitersMax) return "full";
    waiters.push(waiter);
    this.#waiterCount += 1;
    return "joined";
  }

  complete(key: string): readonly W[] {
    return this.#end(key);
  }

  fail(key: string): readonly W[] {
    return this.#end(key);
  }

  leave(key: string, waiter: W): boolean {
    const waiters = this.#flights.get(key);
    const index = waiters?.indexOf(waiter) ?? -1;
    if (waiters === undefined || index < 0) return false;
    waiters.splice(index, 1);
    this.#waiterCount -= 1;
    return true;
  }

  #end(key: string): readonly W[] {
    const waiters = this.#flights.get(key) ?? [];
    this.#flights.delete(key);
    this.#waiterCount -= waiters.length;
    return waiters;
  }
}
