import type { Instant, LoginLimits } from "@rockpool/base";

/** Something that closes once, such as a socket. */
export interface MeteredConnection {
  once(event: "close", listener: () => void): unknown;
}

/** A connection above the limit has to end something else first; nobody knows when. */
const RETRY_LATER_MS = 1_000;

/**
 * What one login uses of one edge, against its limits. Buckets hold one second's worth; whoever is above a limit is
 * refused, never queued. Answers are charged when they are sent, so bytes can go into debt: until it is paid off no
 * further statement starts.
 */
export class LoginMeter {
  #limits: LoginLimits;
  #statements: number;
  #bytes: number;
  #filledAt: Instant = 0;
  #running = 0;
  readonly #connections = new Set<MeteredConnection>();

  constructor(limits: LoginLimits) {
    this.#limits = limits;
    this.#statements = limits.statementsPerSecondMax;
    this.#bytes = limits.bytesPerSecondMax;
  }

  get running(): number {
    return this.#running;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Other limits from now on; what is in use stays counted. */
  setLimits(limits: LoginLimits): void {
    this.#limits = limits;
    this.#statements = Math.min(this.#statements, limits.statementsPerSecondMax);
    this.#bytes = Math.min(this.#bytes, limits.bytesPerSecondMax);
  }

  /** Begins a statement: 0, or the milliseconds after which another try may do better. `end` must follow a 0. */
  begin(now: Instant): number {
    const { concurrentStatementsMax, statementsPerSecondMax, bytesPerSecondMax } = this.#limits;
    if (concurrentStatementsMax > 0 && this.#running >= concurrentStatementsMax) return RETRY_LATER_MS;
    this.#fill(now);
    if (bytesPerSecondMax > 0 && this.#bytes < 0) return (-this.#bytes * 1000) / bytesPerSecondMax + 1;
    if (statementsPerSecondMax > 0) {
      if (this.#statements < 1) return ((1 - this.#statements) * 1000) / statementsPerSecondMax;
      this.#statements -= 1;
    }
    this.#running += 1;
    return 0;
  }

  end(): void {
    this.#running -= 1;
  }

  /** Bytes of a request that came, or of an answer that went. */
  charge(byteCount: number): void {
    this.#bytes -= byteCount;
  }

  /** Whether the connection may be used: it is counted until it closes, however often it is named. */
  mayUse(connection: MeteredConnection): boolean {
    const { connectionsMax } = this.#limits;
    if (connectionsMax === 0 || this.#connections.has(connection)) return true;
    if (this.#connections.size >= connectionsMax) return false;
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    return true;
  }

  #fill(now: Instant): void {
    const { statementsPerSecondMax, bytesPerSecondMax } = this.#limits;
    const seconds = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#statements = Math.min(statementsPerSecondMax, this.#statements + seconds * statementsPerSecondMax);
    this.#bytes = Math.min(bytesPerSecondMax, this.#bytes + seconds * bytesPerSecondMax);
  }
}

/** A login's meter; null for one without limits of its own. `before` goes on counting under the new limits. */
export function createLoginMeter(limits: LoginLimits, before: LoginMeter | null): LoginMeter | null {
  if (Object.values(limits).every((limit) => limit === 0)) return null;
  if (before === null) return new LoginMeter(limits);
  before.setLimits(limits);
  return before;
}
