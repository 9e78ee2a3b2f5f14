import type { Instant } from "@rockpool/base";

/** The moment a view of the database is known to cover, on one monotonic clock (R1, R2). */
export interface Watermark {
  /** Everything acknowledged before this instant is applied; `null` = nothing is known. */
  asOf(): Instant | null;
  /** Learns that all commits before `asOf` are published up to `seq`; in force once `applied` has reached `seq`. */
  offer(seq: number, asOf: Instant, applied: number): void;
  /** The feed has been applied up to `applied`. */
  advance(applied: number): void;
  /** Forgets everything, and with it every question asked before `notBefore`. */
  drop(notBefore: Instant): void;
}

/** Creates a watermark that knows nothing and keeps at most `candidateMax` instants waiting for the feed. */
export function createWatermark(candidateMax: number): Watermark {
  return new GatedWatermark(candidateMax);
}

interface Candidate {
  readonly seq: number;
  readonly asOf: Instant;
}

class GatedWatermark implements Watermark {
  readonly #candidateMax: number;
  #asOf: Instant | null = null;
  #notBefore: Instant = Number.NEGATIVE_INFINITY;
  /** Rising in both `seq` and `asOf`. */
  #waiting: Candidate[] = [];

  constructor(candidateMax: number) {
    this.#candidateMax = candidateMax;
  }

  asOf(): Instant | null {
    return this.#asOf;
  }

  offer(seq: number, asOf: Instant, applied: number): void {
    if (asOf < this.#notBefore) return;
    if (seq <= applied) {
      this.#install(asOf);
      return;
    }
    // A candidate is worth keeping only if no other is at once earlier in the feed and later in time.
    if (this.#waiting.some((other) => other.seq <= seq && other.asOf >= asOf)) return;
    this.#waiting = this.#waiting.filter((other) => other.seq < seq || other.asOf > asOf);
    this.#waiting.push({ seq, asOf });
    this.#waiting.sort((left, right) => left.seq - right.seq);
    // The one before the last goes: the first keeps the watermark moving however far the feed lags, the last is the goal.
    if (this.#waiting.length > this.#candidateMax) this.#waiting.splice(-2, 1);
  }

  advance(applied: number): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].seq <= applied) {
      this.#install(this.#waiting[0].asOf);
      this.#waiting.shift();
    }
  }

  drop(notBefore: Instant): void {
    this.#asOf = null;
    this.#waiting = [];
    if (notBefore > this.#notBefore) this.#notBefore = notBefore;
  }

  #install(asOf: Instant): void {
    if (this.#asOf === null || asOf > this.#asOf) this.#asOf = asOf;
  }
}
