import { createMetricsRegistry, type HistogramSnapshot, snapshotQuantile } from "@rockpool/telemetry";

/** Every kind of answer that is timed: the first four through an edge, the last two straight from the database. */
export const ANSWER_KINDS = ["hit", "miss", "bypass", "write", "warm-pool", "new-connection"] as const;

/** One of `ANSWER_KINDS`. */
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** What one kind's latencies come to. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How the checked answers compared with the database. */
export interface CheckCounts {
  /** Answers that were read again at the database and judged. */
  readonly checked: number;
  /** Of these, older than the bound. */
  readonly older: number;
  /** Of these, neither proven recent nor proven old: the row changed more than once within a snapshot interval. */
  readonly undecided: number;
}

/** The state of a run at one moment. */
export interface FiguresView extends CheckCounts {
  readonly latencies: Readonly<Record<AnswerKind, Latency>>;
  /** Hits of all reads through an edge, 0 to 1. */
  readonly hitRatio: number;
  readonly reads: number;
  readonly clientsNow: number;
  readonly clientsMost: number;
  readonly clientsSoFar: number;
  readonly databaseConnections: number;
  readonly databaseConnectionsMost: number;
  readonly deadlocks: number;
  readonly errors: number;
  readonly firstError: string | null;
}

/** Everything that a run counts. */
export class Figures {
  readonly #answers = createMetricsRegistry().histogramFamily({
    name: "rockpool_demo_answer_seconds",
    help: "From the call to its answer, as the client saw it.",
    labels: { kind: ANSWER_KINDS },
  });
  #clientsNow = 0;
  #clientsMost = 0;
  readsSoFar = 0;
  clientsSoFar = 0;
  checked = 0;
  older = 0;
  undecided = 0;
  /** Writes that the database rolled back in favour of another one, and that were sent again. */
  deadlocks = 0;
  #databaseConnections = 0;
  #databaseConnectionsMost = 0;
  #errors = 0;
  #firstError: string | null = null;

  recordAnswer(kind: AnswerKind, elapsedMs: number): void {
    this.#answers.with({ kind }).record(elapsedMs * 1_000);
  }

  recordError(where: string, error: unknown): void {
    this.#errors += 1;
    this.#firstError ??= `${where}: ${error instanceof Error ? error.message : String(error)}`;
  }

  beginClient(): void {
    this.clientsSoFar += 1;
    this.#clientsNow += 1;
    this.#clientsMost = Math.max(this.#clientsMost, this.#clientsNow);
  }

  endClient(): void {
    this.#clientsNow -= 1;
  }

  recordDatabaseConnections(count: number): void {
    this.#databaseConnections = count;
    this.#databaseConnectionsMost = Math.max(this.#databaseConnectionsMost, count);
  }

  view(): FiguresView {
    const latencyOf = (kind: AnswerKind): Latency => toLatency(this.#answers.with({ kind }).snapshot());
    const latencies = {
      hit: latencyOf("hit"),
      miss: latencyOf("miss"),
      bypass: latencyOf("bypass"),
      write: latencyOf("write"),
      "warm-pool": latencyOf("warm-pool"),
      "new-connection": latencyOf("new-connection"),
    };
    const reads = latencies.hit.count + latencies.miss.count + latencies.bypass.count;
    return {
      latencies,
      reads,
      hitRatio: reads === 0 ? 0 : latencies.hit.count / reads,
      clientsNow: this.#clientsNow,
      clientsMost: this.#clientsMost,
      clientsSoFar: this.clientsSoFar,
      databaseConnections: this.#databaseConnections,
      databaseConnectionsMost: this.#databaseConnectionsMost,
      checked: this.checked,
      older: this.older,
      undecided: this.undecided,
      deadlocks: this.deadlocks,
      errors: this.#errors,
      firstError: this.#firstError,
    };
  }
}

function toLatency(snapshot: HistogramSnapshot): Latency {
  return {
    count: snapshot.count,
    p50Ms: snapshotQuantile(snapshot, 0.5) * 1_000,
    p99Ms: snapshotQuantile(snapshot, 0.99) * 1_000,
  };
}
