import type { RefusalReason } from "@rockpool/backhaul";
import { ERROR_CODES, type ErrorCode } from "@rockpool/base";
import {
  type Counter,
  createMetricsRegistry,
  type Histogram,
  type MetricsRegistry,
  registerProcessGauges,
} from "@rockpool/telemetry";
import type { PoolStats } from "./database/connection-pool.ts";
import type { SessionExpiry } from "./session-table.ts";

/** Numbers that the origin reads from its parts at each scrape. */
export interface OriginGauges {
  readonly pool: () => PoolStats;
  readonly sessionsPinned: () => number;
  readonly feeds: () => number;
  readonly publishedSeq: () => number;
  readonly doubtsOpen: () => number;
  readonly catalogueLoads: () => number;
}

const POOL_STATES = ["idle", "shared", "pinned", "resetting", "opening"] as const;

/** Everything an origin counts. */
export class OriginMetrics {
  readonly registry: MetricsRegistry;
  readonly statementSeconds: Histogram;
  readonly connectionsLost: Counter;
  readonly #errors;
  readonly #expired;
  readonly #refused;

  constructor(gauges: OriginGauges) {
    const registry = createMetricsRegistry();
    this.registry = registry;
    this.statementSeconds = registry.histogram({
      name: "rockpool_origin_statement_seconds",
      help: "Time from a statement's arrival to its explicit end, waiting for a connection included.",
    });
    this.connectionsLost = registry.counter({
      name: "rockpool_origin_connections_lost_total",
      help: "Database connections that broke under a statement.",
    });
    this.#errors = registry.counterFamily({
      name: "rockpool_origin_errors_total",
      help: "Statements that Rockpool itself failed, by code.",
      labels: { code: ERROR_CODES },
    });
    this.#expired = registry.counterFamily({
      name: "rockpool_origin_sessions_expired_total",
      help: "Pinned sessions that lost their connection because their time was up.",
      labels: { reason: ["idle", "transaction-too-long"] },
    });
    this.#refused = registry.counterFamily({
      name: "rockpool_origin_backhaul_refused_total",
      help: "Streams and connections refused on the backhaul.",
      labels: { reason: ["unauthorized", "not-found", "protocol", "tls"] },
    });
    declareGauges(registry, gauges);
    registerProcessGauges(registry);
  }

  /** Declares the gauge of statements in progress. */
  observeRunning(read: () => number): void {
    this.registry.gauge({
      name: "rockpool_origin_statements_running",
      help: "Statements in progress.",
      read,
    });
  }

  failed(code: ErrorCode): void {
    this.#errors.with({ code }).add();
  }

  sessionExpired(reason: SessionExpiry): void {
    this.#expired.with({ reason }).add();
  }

  refused(reason: RefusalReason): void {
    this.#refused.with({ reason }).add();
  }
}

function declareGauges(registry: MetricsRegistry, gauges: OriginGauges): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge({ name, help, read });
  registry.gauge({
    name: "rockpool_origin_pool_connections",
    help: "Database connections by state.",
    labels: { state: POOL_STATES },
    read: ({ state }) => gauges.pool()[state],
  });
  gauge("rockpool_origin_pool_waiting", "Statements waiting for a connection.", () => gauges.pool().waiting);
  gauge("rockpool_origin_sessions_pinned", "Sessions that hold a connection.", gauges.sessionsPinned);
  gauge("rockpool_origin_feeds", "Edges that follow the feed.", gauges.feeds);
  gauge("rockpool_origin_doubts_open", "Writes of unknown outcome.", gauges.doubtsOpen);
  const counter = (name: string, help: string, read: () => number): void =>
    registry.observedCounter({ name, help, read });
  counter("rockpool_origin_published_total", "Changes published in this epoch.", gauges.publishedSeq);
  counter("rockpool_origin_catalogue_loads_total", "Catalogue loads.", gauges.catalogueLoads);
  counter(
    "rockpool_origin_pool_opened_total",
    "Database connections opened.",
    () => gauges.pool().openedCount,
  );
}
