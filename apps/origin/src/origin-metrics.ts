import type { RefusalReason } from "@rockpool/backhaul";
import { ERROR_CODES, type ErrorCode } from "@rockpool/base";
import {
  type Counter,
  createMetricsRegistry,
  type Histogram,
  type MetricsRegistry,
  registerProcessMetrics,
} from "@rockpool/telemetry";
import type { PoolStats } from "./database/pool-port.ts";
import type { SessionExpiry } from "./session-table.ts";

/** Numbers that the origin reads from its parts at each scrape. */
export interface OriginGauges {
  readonly pool: () => PoolStats;
  readonly sessionsPinned: () => number;
  readonly feeds: () => number;
  readonly publishedSeq: () => number;
  readonly doubtsOpen: () => number;
  readonly catalogueLoads: () => number;
  readonly catalogueLoaded: () => boolean;
  readonly databaseUp: () => boolean;
  /** `pool.max` and `pool.pinnedMax`. */
  readonly limits: { readonly connectionsMax: number; readonly pinnedMax: number };
}

/** How a statement ended: with an answer, with the database's error, or failed by Rockpool. */
export type StatementEnding = "done" | "database-error" | "failed";

const POOL_STATES = ["idle", "shared", "pinned", "resetting", "opening"] as const;

/** Everything an origin counts. */
export class OriginMetrics {
  readonly registry: MetricsRegistry;
  readonly statementSeconds: Histogram;
  /** Time that a statement waited for a database connection. */
  readonly poolWaitSeconds: Histogram;
  readonly connectionsLost: Counter;
  readonly #statements;
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
    this.poolWaitSeconds = registry.histogram({
      name: "rockpool_origin_pool_wait_seconds",
      help: "Time that a statement waited for a database connection, opening one included; failed waits too.",
    });
    this.#statements = registry.counterFamily({
      name: "rockpool_origin_statements_total",
      help: "Statements that ended: done, with the database's own error, or failed by Rockpool.",
      labels: { outcome: ["done", "database-error", "failed"] },
    });
    this.connectionsLost = registry.counter({
      name: "rockpool_origin_connections_lost_total",
      help: "Database connections that broke under a statement.",
    });
    this.#errors = registry.counterFamily({
      name: "rockpool_origin_errors_total",
      help: "Statements that Rockpool itself failed, by code (docs/errors.md).",
      labels: { code: ERROR_CODES },
    });
    this.#expired = registry.counterFamily({
      name: "rockpool_origin_sessions_expired_total",
      help: "Sessions that lost their connection because their time was up: rolled back, errors until ROLLBACK.",
      labels: { reason: ["idle", "transaction-too-long", "login-changed"] },
    });
    this.#refused = registry.counterFamily({
      name: "rockpool_origin_backhaul_refused_total",
      help: "Streams and connections refused on the backhaul.",
      labels: { reason: ["unauthorized", "not-found", "protocol", "tls"] },
    });
    declarePoolGauges(registry, gauges);
    declareGauges(registry, gauges);
    registerProcessMetrics(registry);
  }

  /** Declares the gauge of statements in progress. */
  observeRunning(read: () => number): void {
    this.registry.gauge({
      name: "rockpool_origin_statements_running",
      help: "Statements in progress.",
      read,
    });
  }

  ended(outcome: StatementEnding): void {
    this.#statements.with({ outcome }).add();
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
  gauge("rockpool_origin_sessions_pinned", "Sessions that hold a connection.", gauges.sessionsPinned);
  gauge(
    "rockpool_origin_sessions_pinned_max",
    "pool.pinnedMax: the most sessions that may hold a connection.",
    () => gauges.limits.pinnedMax,
  );
  gauge("rockpool_origin_feeds", "Edges that follow the feed.", gauges.feeds);
  gauge(
    "rockpool_origin_doubts_open",
    "Writes of unknown outcome, of long duration, or DDL under way: what they may touch is not cached meanwhile. After a start, one on everything until statements of an earlier life are ruled out.",
    gauges.doubtsOpen,
  );
  gauge("rockpool_origin_database_up", "1 while SELECT 1 comes back within 2 s; asked every second.", () =>
    Number(gauges.databaseUp()),
  );
  gauge(
    "rockpool_origin_catalogue_loaded",
    "1 while the definitions are known; without them nothing is cached.",
    () => Number(gauges.catalogueLoaded()),
  );
  const counter = (name: string, help: string, read: () => number): void =>
    registry.observedCounter({ name, help, read });
  counter(
    "rockpool_origin_published_total",
    "Changes published; begins at 0 with each epoch.",
    gauges.publishedSeq,
  );
  counter("rockpool_origin_catalogue_loads_total", "Times the definitions were read.", gauges.catalogueLoads);
}

function declarePoolGauges(registry: MetricsRegistry, gauges: OriginGauges): void {
  registry.gauge({
    name: "rockpool_origin_pool_connections",
    help: "Database connections by state; together at most pool.max.",
    labels: { state: POOL_STATES },
    read: ({ state }) => gauges.pool()[state],
  });
  registry.gauge({
    name: "rockpool_origin_pool_connections_max",
    help: "pool.max: the most database connections.",
    read: () => gauges.limits.connectionsMax,
  });
  registry.gauge({
    name: "rockpool_origin_pool_waiting",
    help: "Statements waiting for a database connection.",
    read: () => gauges.pool().waiting,
  });
  registry.observedCounter({
    name: "rockpool_origin_pool_opened_total",
    help: "Database connections opened.",
    read: () => gauges.pool().openedCount,
  });
}
