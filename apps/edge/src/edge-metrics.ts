import { ERROR_CODES, type ErrorCode } from "@rockpool/base";
import { type AdmissionOutcome, CACHE_REASONS, type CacheStatus } from "@rockpool/engine";
import { createMetricsRegistry, type MetricsRegistry, registerProcessGauges } from "@rockpool/telemetry";

/** Numbers that the edge reads from its parts at each scrape. */
export interface EdgeGauges {
  readonly cacheEntries: () => number;
  readonly cacheBytes: () => number;
  readonly cacheEvictions: () => number;
  readonly freshnessBytes: () => number;
  readonly statementsInProgress: () => number;
  /** Seconds since the instant that this edge is known to cover; NaN = not known. */
  readonly asOfAgeSeconds: () => number;
  readonly feedConnected: () => boolean;
  readonly linksOpen: () => number;
}

/** Why an answer that could be stored was or was not. */
const ADMISSIONS = [
  "admit",
  "caching-off",
  "no-feed",
  "other-epoch",
  "no-dependency",
  "in-doubt",
  "definition-changed",
  "changed",
  "other-profile",
  "entry-too-large",
] as const satisfies readonly AdmissionOutcome[];

/** Everything an edge counts. The hit path touches plain fields only. */
export class EdgeMetrics {
  readonly registry: MetricsRegistry;
  readonly #hits;
  readonly #statements;
  readonly #errors;
  readonly #admissions;
  readonly #seconds;
  readonly #hitSeconds;

  constructor(gauges: EdgeGauges) {
    const registry = createMetricsRegistry();
    this.registry = registry;
    this.#statements = registry.counterFamily({
      name: "rockpool_edge_statements_total",
      help: "Statements by what became of them at the cache, and why.",
      labels: { status: ["hit", "miss", "bypass"], reason: CACHE_REASONS },
    });
    this.#hits = this.#statements.with({ status: "hit", reason: "current" });
    this.#errors = registry.counterFamily({
      name: "rockpool_edge_errors_total",
      help: "Answers that were errors, by code; database = the database's own.",
      labels: { code: [...ERROR_CODES, "database"] },
    });
    this.#admissions = registry.counterFamily({
      name: "rockpool_edge_admissions_total",
      help: "Answers that could be stored, by whether and why not they were.",
      labels: { verdict: ADMISSIONS },
    });
    this.#seconds = registry.histogramFamily({
      name: "rockpool_edge_http_seconds",
      help: "Time from a request's headers to its answer being handed to the socket.",
      labels: { status: ["hit", "miss"] },
    });
    this.#hitSeconds = this.#seconds.with({ status: "hit" });
    declareGauges(registry, gauges);
    registerProcessGauges(registry);
  }

  decided(status: CacheStatus): void {
    if (status.kind === "hit") this.#hits.add();
    else this.#statements.with({ status: status.kind, reason: status.reason }).add();
  }

  answered(kind: "hit" | "miss", elapsedMs: number): void {
    const histogram = kind === "hit" ? this.#hitSeconds : this.#seconds.with({ status: kind });
    histogram.record(elapsedMs * 1000);
  }

  failed(code: ErrorCode | "database"): void {
    this.#errors.with({ code }).add();
  }

  admission(verdict: AdmissionOutcome): void {
    this.#admissions.with({ verdict }).add();
  }
}

function declareGauges(registry: MetricsRegistry, gauges: EdgeGauges): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge({ name, help, read });
  gauge("rockpool_edge_cache_entries", "Answers in the cache.", gauges.cacheEntries);
  gauge("rockpool_edge_cache_bytes", "Bytes of the cache with keys and overhead.", gauges.cacheBytes);
  gauge("rockpool_edge_freshness_bytes", "Estimated bytes of the version maps.", gauges.freshnessBytes);
  gauge("rockpool_edge_statements_in_progress", "Statements under way.", gauges.statementsInProgress);
  gauge(
    "rockpool_edge_as_of_age_seconds",
    "Age of the instant up to which this edge is known to be complete.",
    gauges.asOfAgeSeconds,
  );
  gauge("rockpool_edge_feed_connected", "1 while the change feed is open.", () =>
    Number(gauges.feedConnected()),
  );
  gauge("rockpool_edge_backhaul_links", "Open statement connections to the origin.", gauges.linksOpen);
  registry.observedCounter({
    name: "rockpool_edge_cache_evictions_total",
    help: "Answers that made room for others.",
    read: gauges.cacheEvictions,
  });
}
