// tidy-allow file-length: a table
/** A series that Prometheus computes and keeps, so that dashboards and alerts need not each compute it. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** One alert. Its runbook entry is the heading of the same name in docs/operations/runbook.md. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold. */
  readonly for: string;
  /** page = somebody must act now; ticket = within days. */
  readonly severity: "page" | "ticket";
  /** One sentence; `{{ $labels.instance }}` and `{{ $value }}` are Prometheus's. */
  readonly summary: string;
}

/** https://prometheus.io/docs/practices/rules/: level:metric:operations. */
export const RECORDING_RULES: readonly RecordingRule[] = [
  {
    record: "instance:rockpool_edge_hits:ratio_rate5m",
    expr: `sum by (instance) (rate(rockpool_edge_statements_total{status="hit"}[5m])) / (sum by (instance) (rate(rockpool_edge_statements_total{status=~"hit|miss"}[5m])) > 0)`,
  },
  {
    record: "instance:rockpool_edge_statements:rate5m",
    expr: "sum by (instance) (rate(rockpool_edge_statements_total[5m]))",
  },
  {
    record: "instance:rockpool_edge_errors:ratio_rate5m",
    // The database's own errors are the application's business.
    expr: `sum by (instance) (rate(rockpool_edge_errors_total{code!="database"}[5m])) / (sum by (instance) (rate(rockpool_edge_statements_total[5m])) > 0)`,
  },
  {
    record: "instance_status:rockpool_edge_http_seconds:p99_rate5m",
    expr: "histogram_quantile(0.99, sum by (instance, status, le) (rate(rockpool_edge_http_seconds_bucket[5m])))",
  },
  {
    record: "instance:rockpool_edge_backhaul_round_trip_seconds:p99_rate5m",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(rockpool_edge_backhaul_round_trip_seconds_bucket[5m])))",
  },
  {
    record: "instance:rockpool_origin_statement_seconds:p99_rate5m",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(rockpool_origin_statement_seconds_bucket[5m])))",
  },
  {
    record: "instance:rockpool_origin_pool_wait_seconds:p99_rate5m",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(rockpool_origin_pool_wait_seconds_bucket[5m])))",
  },
];

/** The alerts, worst first. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    alert: "RockpoolDown",
    expr: `up{job=~"rockpool.*"} == 0`,
    for: "1m",
    severity: "page",
    summary: "{{ $labels.instance }} does not answer its scrapes.",
  },
  {
    alert: "RockpoolRestarting",
    expr: "changes(process_start_time_seconds[15m]) > 2",
    for: "0m",
    severity: "page",
    summary: "{{ $labels.instance }} has started more than twice in 15 minutes.",
  },
  {
    alert: "RockpoolDatabaseDown",
    expr: "rockpool_origin_database_up == 0",
    for: "30s",
    severity: "page",
    summary: "The origin {{ $labels.instance }} cannot run SELECT 1 at its database.",
  },
  {
    alert: "RockpoolFeedLost",
    expr: "rockpool_edge_feed_connected == 0",
    for: "1m",
    severity: "page",
    summary:
      "The edge {{ $labels.instance }} has no change feed from its origin: no hits, and soon no misses either.",
  },
  {
    alert: "RockpoolFeedUnstable",
    expr: "increase(rockpool_edge_feed_opened_total[15m]) > 5",
    for: "0m",
    severity: "ticket",
    summary: "The edge {{ $labels.instance }} has opened its feed {{ $value }} times in 15 minutes.",
  },
  {
    alert: "RockpoolNotFresh",
    // NaN (nothing was ever heard) compares false with everything, itself included.
    expr: "(rockpool_edge_as_of_age_seconds > rockpool_edge_bound_seconds or rockpool_edge_as_of_age_seconds != rockpool_edge_as_of_age_seconds) and rockpool_edge_bound_seconds > 0",
    for: "1m",
    severity: "page",
    summary: "The edge {{ $labels.instance }} cannot prove its bound: it serves no hits.",
  },
  {
    alert: "RockpoolFreshnessNearBound",
    expr: "quantile_over_time(0.9, rockpool_edge_as_of_age_seconds[10m]) > 0.8 * rockpool_edge_bound_seconds and rockpool_edge_bound_seconds > 0",
    for: "10m",
    severity: "ticket",
    summary: "The edge {{ $labels.instance }} is often close to its bound: hits come and go.",
  },
  {
    alert: "RockpoolBoundTooShort",
    expr: "2 * instance:rockpool_edge_backhaul_round_trip_seconds:p99_rate5m > on (instance) (rockpool_edge_bound_seconds > 0)",
    for: "10m",
    severity: "ticket",
    summary:
      "The way from {{ $labels.instance }} to its origin takes so long that no hit is possible within the bound.",
  },
  {
    alert: "RockpoolHitRatioLow",
    expr: "instance:rockpool_edge_hits:ratio_rate5m < 0.5 and on (instance) instance:rockpool_edge_statements:rate5m > 10",
    for: "30m",
    severity: "ticket",
    summary: "Less than half of what could be cached at {{ $labels.instance }} is answered from the cache.",
  },
  {
    alert: "RockpoolHitsSlow",
    expr: `instance_status:rockpool_edge_http_seconds:p99_rate5m{status="hit"} > 0.01`,
    for: "10m",
    severity: "ticket",
    summary: "1 % of the hits at {{ $labels.instance }} take longer than 10 ms.",
  },
  {
    alert: "RockpoolMissesSlow",
    expr: `instance_status:rockpool_edge_http_seconds:p99_rate5m{status="miss"} > 2`,
    for: "10m",
    severity: "ticket",
    summary: "1 % of what {{ $labels.instance }} sends to the origin takes longer than 2 s.",
  },
  {
    alert: "RockpoolErrorsHigh",
    expr: "instance:rockpool_edge_errors:ratio_rate5m > 0.01 and on (instance) instance:rockpool_edge_statements:rate5m > 1",
    for: "5m",
    severity: "page",
    summary:
      "{{ $value | humanizePercentage }} of the statements at {{ $labels.instance }} are answered with errors of Rockpool's own.",
  },
  {
    alert: "RockpoolClientsRefused",
    expr: `sum by (instance) (rate(rockpool_edge_errors_total{code=~"pool-exhausted|too-many-clients|session-queue-full"}[5m])) > 0`,
    for: "5m",
    severity: "page",
    summary: "{{ $labels.instance }} refuses clients because something is full.",
  },
  {
    alert: "RockpoolPoolExhausted",
    expr: "min_over_time(rockpool_origin_pool_waiting[1m]) > 0",
    for: "1m",
    severity: "page",
    summary: "Statements at {{ $labels.instance }} wait for a database connection all the time.",
  },
  {
    alert: "RockpoolPinsExhausted",
    expr: "rockpool_origin_sessions_pinned >= rockpool_origin_sessions_pinned_max > 0",
    for: "5m",
    severity: "page",
    summary:
      "As many sessions hold a connection at {{ $labels.instance }} as may: new transactions are refused.",
  },
  {
    alert: "RockpoolOutcomeUnknown",
    expr: `sum by (instance) (increase(rockpool_edge_errors_total{code=~"outcome-unknown|database-lost"}[10m])) > 0`,
    for: "0m",
    severity: "ticket",
    summary: "Clients of {{ $labels.instance }} were told that nobody knows whether their write was done.",
  },
  {
    alert: "RockpoolDoubtOpen",
    expr: "min_over_time(rockpool_origin_doubts_open[5m]) > 0",
    for: "5m",
    severity: "ticket",
    summary:
      "The origin {{ $labels.instance }} cannot rule out that a write is still under way: its tables are not cached.",
  },
  {
    alert: "RockpoolCatalogueUnreadable",
    expr: "rockpool_origin_catalogue_loaded == 0",
    for: "2m",
    severity: "page",
    summary:
      "The origin {{ $labels.instance }} cannot read the definitions: everything works, nothing is cached.",
  },
  {
    alert: "RockpoolBackhaulUnauthorized",
    expr: `increase(rockpool_origin_backhaul_refused_total{reason="unauthorized"}[10m]) > 0`,
    for: "0m",
    severity: "ticket",
    summary: "Somebody without the shared secret knocks at {{ $labels.instance }}.",
  },
  {
    alert: "RockpoolPasswordsGuessed",
    expr: `sum by (instance) (rate(rockpool_edge_logins_total{outcome=~"wrong|known-wrong|damped"}[5m])) > 1`,
    for: "10m",
    severity: "ticket",
    summary: "{{ $labels.instance }} is offered wrong passwords, {{ $value }} a second.",
  },
  {
    alert: "RockpoolCertificateExpiring",
    // NaN (no certificate) compares false.
    expr: "rockpool_tls_certificate_expiry_timestamp_seconds - time() < 7 * 86400",
    for: "1h",
    severity: "page",
    summary:
      "The certificate {{ $labels.certificate }} of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}.",
  },
  {
    alert: "RockpoolReloadFailed",
    expr: "rockpool_config_last_reload_ok == 0",
    for: "1m",
    severity: "ticket",
    summary:
      "{{ $labels.instance }} refused the last reload: it runs with an older configuration than its file.",
  },
  {
    alert: "RockpoolBusy",
    expr: "rockpool_event_loop_delay_p99_seconds > 0.1",
    for: "5m",
    severity: "ticket",
    summary: "The process at {{ $labels.instance }} has more to do than one core can.",
  },
  {
    alert: "RockpoolDescriptorsLow",
    expr: "process_open_fds > 0.9 * process_max_fds",
    for: "5m",
    severity: "page",
    summary: "{{ $labels.instance }} has nearly used up its file descriptors: soon it takes no connections.",
  },
];

/** The anchor of an alert in the runbook. */
export function runbookOf({ alert }: Pick<AlertRule, "alert">): string {
  return `docs/operations/runbook.md#${alert.toLowerCase()}`;
}
