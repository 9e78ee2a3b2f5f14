import { ERROR_CODES, type ErrorCode } from "@rockpool/base";
import { type AdmissionOutcome, CACHE_REASONS, type CacheStatus } from "@rockpool/engine";
import {
  type Counter,
  createMetricsRegistry,
  type Histogram,
  type MetricsRegistry,
  registerProcessMetrics,
} from "@rockpool/telemetry";
import { VERIFY_OUTCOMES, type VerifyOutcome } from "./login-directory.ts";

/** Numbers that the edge reads from its parts at each scrape. */
export interface EdgeGauges {
  readonly cacheEntries: () => number;
  readonly cacheBytes: () => number;
  readonly cacheEvictions: () => number;
  readonly freshnessBytes: () => number;
  readonly statementsInProgress: () => number;
  /** Seconds since the instant that this edge is known to cover; NaN = not known. */
  readonly asOfAgeSeconds: () => number;
  /** Seconds that a hit may be behind, as configured. */
  readonly boundSeconds: () => number;
  readonly feedConnected: () => boolean;
  /** What the origin promises; null = not heard yet. */
  readonly consistency: () => Consistency | null;
  /** Whether the origin reached its database when last asked. */
  readonly databaseUp: () => boolean;
  readonly linksOpen: () => number;
}

const CONSISTENCIES = ["ttl", "log"] as const;
type Consistency = (typeof CONSISTENCIES)[number];

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
  /** Time from a heartbeat's question to its answer. */
  readonly backhaulRoundTripSeconds: Histogram;
  /** Times the feed was opened. */
  readonly feedOpened: Counter;
  readonly #hits;
  readonly #statements;
  readonly #errors;
  readonly #admissions;
  readonly #verified;
  readonly #seconds;
  readonly #hitSeconds;

  constructor(gauges: EdgeGauges) {
    const registry = createMetricsRegistry();
    this.registry = registry;
    this.#statements = registry.counterFamily({
      name: "rockpool_edge_statements_total",
      help: "Every statement, by what became of it at the cache and why: the words of the Rockpool-Cache header.",
      labels: { status: ["hit", "miss", "bypass"], reason: CACHE_REASONS },
    });
    this.#hits = this.#statements.with({ status: "hit", reason: "current" });
    this.#errors = registry.counterFamily({
      name: "rockpool_edge_errors_total",
      help: "Answers that were errors, by code (docs/errors.md); database = the database's own.",
      labels: { code: [...ERROR_CODES, "database"] },
    });
    this.#admissions = registry.counterFamily({
      name: "rockpool_edge_admissions_total",
      help: "Answers that could be stored, by whether and why not they were.",
      labels: { verdict: ADMISSIONS },
    });
    this.#verified = registry.counterFamily({
      name: "rockpool_edge_logins_total",
      help: "Logins whose password was not known to be right already, by what became of them.",
      labels: { outcome: VERIFY_OUTCOMES },
    });
    this.#seconds = registry.histogramFamily({
      name: "rockpool_edge_http_seconds",
      help: "Time from a request's headers to its answer's last byte being handed to the socket; miss = all that went to the origin.",
      labels: { status: ["hit", "miss"] },
    });
    this.#hitSeconds = this.#seconds.with({ status: "hit" });
    this.backhaulRoundTripSeconds = registry.histogram({
      name: "rockpool_edge_backhaul_round_trip_seconds",
      help: "Time from a heartbeat's question to its answer: the network's round trip and what both ends add.",
    });
    this.feedOpened = registry.counter({
      name: "rockpool_edge_feed_opened_total",
      help: "Times the change feed was opened: more than once = it broke in between.",
    });
    declareCacheGauges(registry, gauges);
    declareFreshnessGauges(registry, gauges);
    registerProcessMetrics(registry);
  }

  decided(status: CacheStatus): void {
    if (status.kind === "hit") this.#hits.add();
    else this.#statements.with({ status: status.kind, reason: status.reason }).add();
  }

  answered(kind: "hit" | "miss", elapsedMs: number): void {
    const histogram = kind === "hit" ? this.#hitSeconds : this.#seconds.with({ status: kind });
    histogram.record(elapsedMs * 1000);
  }

  verified(outcome: VerifyOutcome): void {
    this.#verified.with({ outcome }).add();
  }

  /** Declares the gauges of passwords being hashed. */
  declareHashing(read: () => { readonly running: number; readonly waiting: number }): void {
    this.registry.gauge({
      name: "rockpool_edge_passwords_hashing",
      help: "Passwords being hashed, or waiting to be.",
      labels: { state: ["running", "waiting"] },
      read: ({ state }) => read()[state],
    });
  }

  failed(code: ErrorCode | "database"): void {
    this.#errors.with({ code }).add();
  }

  admission(verdict: AdmissionOutcome): void {
    this.#admissions.with({ verdict }).add();
  }
}

function declareCacheGauges(registry: MetricsRegistry, gauges: EdgeGauges): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge({ name, help, read });
  gauge("rockpool_edge_cache_entries", "Answers stored.", gauges.cacheEntries);
  gauge(
    "rockpool_edge_cache_bytes",
    "Their bytes with keys and overhead; at most cache.sizeMaxBytes.",
    gauges.cacheBytes,
  );
  registry.observedCounter({
    name: "rockpool_edge_cache_evictions_total",
    help: "Answers that made room for others.",
    read: gauges.cacheEvictions,
  });
  gauge("rockpool_edge_freshness_bytes", "Estimated bytes of the version maps.", gauges.freshnessBytes);
  gauge(
    "rockpool_edge_statements_in_progress",
    "Statements sent, or waiting for another's answer; refused at limits.concurrentStatementsMax.",
    gauges.statementsInProgress,
  );
}

function declareFreshnessGauges(registry: MetricsRegistry, gauges: EdgeGauges): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge({ name, help, read });
  gauge(
    "rockpool_edge_as_of_age_seconds",
    "Age of the moment up to which the edge is known to be complete; NaN = not known. Above the bound: no hits.",
    gauges.asOfAgeSeconds,
  );
  gauge(
    "rockpool_edge_bound_seconds",
    "freshness.boundMs: the most that a hit may be behind.",
    gauges.boundSeconds,
  );
  gauge("rockpool_edge_feed_connected", "1 while the feed is open.", () => Number(gauges.feedConnected()));
  registry.gauge({
    name: "rockpool_edge_consistency",
    help: "1 for what the origin promises: log = it follows the database's log; ttl = only writes through it are seen at once.",
    labels: { mode: CONSISTENCIES },
    read: ({ mode }) => Number(gauges.consistency() === mode),
  });
  gauge("rockpool_edge_database_up", "1 while the origin reaches its database, as far as it has said.", () =>
    Number(gauges.databaseUp()),
  );
  gauge(
    "rockpool_edge_backhaul_links",
    "Open statement connections to the origin; 2 is normal.",
    gauges.linksOpen,
  );
}
