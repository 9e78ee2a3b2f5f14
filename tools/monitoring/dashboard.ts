/** One curve of a panel. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** One panel of the dashboard. */
interface Panel {
  readonly title: string;
  readonly description: string;
  /** Grafana's name of the unit. */
  readonly unit: "percentunit" | "s" | "reqps" | "ops" | "short" | "bytes" | "binBps";
  readonly queries: readonly Query[];
}

/** Panels under one heading. */
interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const EDGE = `instance=~"$instance"`;

const ROWS: readonly Row[] = [
  {
    title: "What clients get",
    panels: [
      panel("Statements", "By what became of them at the cache.", "reqps", [
        query(
          `sum by (status) (rate(rockpool_edge_statements_total{${EDGE}}[$__rate_interval]))`,
          "{{status}}",
        ),
      ]),
      panel("Hit ratio", "Of what could be cached.", "percentunit", [
        query(`instance:rockpool_edge_hits:ratio_rate5m{${EDGE}}`, "{{instance}}"),
      ]),
      panel("Time of an answer", "From a request's headers to its last byte, at the edge.", "s", [
        quantile(0.5, "rockpool_edge_http_seconds", "status", "{{status}} p50"),
        quantile(0.99, "rockpool_edge_http_seconds", "status", "{{status}} p99"),
      ]),
      panel("Errors", "By code; database = the database's own.", "reqps", [
        query(`sum by (code) (rate(rockpool_edge_errors_total{${EDGE}}[$__rate_interval])) > 0`, "{{code}}"),
      ]),
      panel("Why not from the cache", "The ten most frequent reasons.", "reqps", [
        query(
          `topk(10, sum by (status, reason) (rate(rockpool_edge_statements_total{${EDGE}, status!="hit"}[$__rate_interval])))`,
          "{{status}} {{reason}}",
        ),
      ]),
      panel("Statements in progress", "At the edges and at the origin.", "short", [
        query(`rockpool_edge_statements_in_progress{${EDGE}}`, "{{instance}}"),
        query("rockpool_origin_statements_running", "{{instance}}"),
      ]),
    ],
  },
  {
    title: "The door",
    panels: [
      panel("Requests", "By endpoint and class of the HTTP status.", "reqps", [
        query(
          `sum by (route, status) (rate(rockpool_edge_http_requests_total{${EDGE}}[$__rate_interval])) > 0`,
          "{{route}} {{status}}",
        ),
      ]),
      panel("Connections", "Open, and those that were closed at once.", "short", [
        query(`rockpool_edge_connections{${EDGE}}`, "open {{instance}}"),
        query(
          `sum by (why) (increase(rockpool_edge_connections_refused_total{${EDGE}}[5m]))`,
          "refused: {{why}}",
        ),
      ]),
      panel("New connections", "By version of HTTP, and whether over TLS.", "ops", [
        query(
          `sum by (version, tls) (rate(rockpool_edge_connections_opened_total{${EDGE}}[$__rate_interval]))`,
          "{{version}} tls={{tls}}",
        ),
      ]),
      panel("Traffic", "On the wire.", "binBps", [
        query(`rate(rockpool_edge_received_bytes_total{${EDGE}}[$__rate_interval])`, "received {{instance}}"),
        query(`rate(rockpool_edge_sent_bytes_total{${EDGE}}[$__rate_interval])`, "sent {{instance}}"),
      ]),
      panel("Logins", "Those that were not known already; damped = refused unread.", "ops", [
        query(
          `sum by (outcome) (rate(rockpool_edge_logins_total{${EDGE}}[$__rate_interval]))`,
          "{{outcome}}",
        ),
      ]),
      panel("Certificates", "Time until they end.", "s", [
        query("rockpool_tls_certificate_expiry_timestamp_seconds - time()", "{{certificate}} {{instance}}"),
      ]),
    ],
  },
  {
    title: "Freshness",
    panels: [
      panel("How far behind", "Above the bound an edge serves no hits.", "s", [
        query(`rockpool_edge_as_of_age_seconds{${EDGE}}`, "{{instance}}"),
        query(`max(rockpool_edge_bound_seconds{${EDGE}})`, "bound"),
      ]),
      panel("Round trip to the origin", "From a heartbeat's question to its answer.", "s", [
        quantile(0.5, "rockpool_edge_backhaul_round_trip_seconds", "instance", "{{instance}} p50"),
        quantile(0.99, "rockpool_edge_backhaul_round_trip_seconds", "instance", "{{instance}} p99"),
      ]),
      panel("Feed and links", "1 = the feed is open; 2 links are normal.", "short", [
        query(`rockpool_edge_feed_connected{${EDGE}}`, "feed {{instance}}"),
        query(`rockpool_edge_backhaul_links{${EDGE}}`, "links {{instance}}"),
      ]),
      panel("Changes published", "By the origin, and writes of unknown outcome.", "ops", [
        query("rate(rockpool_origin_published_total[$__rate_interval])", "changes {{instance}}"),
        query("rockpool_origin_doubts_open", "doubts {{instance}}"),
      ]),
      panel("What was stored", "Answers that could be, by verdict.", "ops", [
        query(
          `sum by (verdict) (rate(rockpool_edge_admissions_total{${EDGE}}[$__rate_interval])) > 0`,
          "{{verdict}}",
        ),
      ]),
      panel("Cache", "Bytes with keys and overhead.", "bytes", [
        query(`rockpool_edge_cache_bytes{${EDGE}}`, "answers {{instance}}"),
        query(`rockpool_edge_freshness_bytes{${EDGE}}`, "versions {{instance}}"),
      ]),
    ],
  },
  {
    title: "Origin and database",
    panels: [
      panel("Pool", "Database connections by state, and who waits.", "short", [
        query("sum by (state) (rockpool_origin_pool_connections)", "{{state}}"),
        query("sum(rockpool_origin_pool_connections_max)", "max"),
        query("sum(rockpool_origin_pool_waiting)", "waiting"),
      ]),
      panel("Wait for a connection", "Failed waits too.", "s", [
        quantile(0.5, "rockpool_origin_pool_wait_seconds", "instance", "{{instance}} p50", ""),
        query("instance:rockpool_origin_pool_wait_seconds:p99_rate5m", "{{instance}} p99"),
      ]),
      panel("Statements at the origin", "From arrival to the explicit end.", "s", [
        quantile(0.5, "rockpool_origin_statement_seconds", "instance", "{{instance}} p50", ""),
        query("instance:rockpool_origin_statement_seconds:p99_rate5m", "{{instance}} p99"),
      ]),
      panel("How they ended", "database-error = the database's own.", "reqps", [
        query("sum by (outcome) (rate(rockpool_origin_statements_total[$__rate_interval]))", "{{outcome}}"),
      ]),
      panel("Sessions with a connection", "Pinned, and expired.", "short", [
        query("rockpool_origin_sessions_pinned", "pinned {{instance}}"),
        query("rockpool_origin_sessions_pinned_max", "max {{instance}}"),
        query("sum by (reason) (increase(rockpool_origin_sessions_expired_total[5m]))", "expired {{reason}}"),
      ]),
      panel("Trouble", "Connections lost, streams refused.", "ops", [
        query("rate(rockpool_origin_connections_lost_total[$__rate_interval])", "lost {{instance}}"),
        query(
          "sum by (reason) (rate(rockpool_origin_backhaul_refused_total[$__rate_interval]))",
          "{{reason}}",
        ),
      ]),
    ],
  },
  {
    title: "Processes",
    panels: [
      panel("Memory", "Resident.", "bytes", [query("process_resident_memory_bytes", "{{job}} {{instance}}")]),
      panel("CPU", "Cores in use; one process can use one.", "short", [
        query("rate(process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}"),
      ]),
      panel("Event loop", "How late timers ran, p99.", "s", [
        query("rockpool_event_loop_delay_p99_seconds", "{{job}} {{instance}}"),
      ]),
      panel("File descriptors", "Open.", "short", [query("process_open_fds", "{{job}} {{instance}}")]),
      panel("Versions", "What runs where.", "short", [
        query("count by (version, node) (rockpool_build_info)", "{{version}} on {{node}}"),
      ]),
      panel("Starts", "In the last hour.", "short", [
        query("changes(process_start_time_seconds[1h])", "{{job}} {{instance}}"),
      ]),
    ],
  },
];

/** Every expression of the dashboard. */
export function dashboardExpressions(): string[] {
  return ROWS.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
}

const WIDTH = 8;
const HEIGHT = 8;
const COLUMNS = 24;
/** https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
const SCHEMA_VERSION = 39;
const DATA_SOURCE = { type: "prometheus", uid: "${datasource}" };

/** The dashboard, as JSON that Grafana imports. */
export function formatDashboard(): string {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: members } of ROWS) {
    const id = panels.length + 1;
    panels.push({
      id,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    members.forEach((member, index) => {
      const x = (index * WIDTH) % COLUMNS;
      const place = { x, y: y + Math.floor((index * WIDTH) / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push(formatPanel(panels.length + 1, member, place));
    });
    y += Math.ceil((members.length * WIDTH) / COLUMNS) * HEIGHT;
  }
  const dashboard = {
    uid: "rockpool",
    title: "Rockpool",
    description: "Written by node tools/gen-metrics-docs.ts out of tools/monitoring/dashboard.ts.",
    tags: ["rockpool"],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    timezone: "browser",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        {
          name: "instance",
          label: "Edge",
          type: "query",
          datasource: DATA_SOURCE,
          query: { query: "label_values(rockpool_edge_bound_seconds, instance)", refId: "instance" },
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: ".*",
          current: { text: "All", value: "$__all" },
        },
      ],
    },
    annotations: { list: [] },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function formatPanel(id: number, { title, description, unit, queries }: Panel, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    description,
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: {
      legend: { displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

function panel(title: string, description: string, unit: Panel["unit"], queries: readonly Query[]): Panel {
  return { title, description, unit, queries };
}

function query(expr: string, legend: string): Query {
  return { expr, legend };
}

function quantile(p: number, metric: string, by: string, legend: string, selector = EDGE): Query {
  const rate = `rate(${metric}_bucket{${selector}}[$__rate_interval])`;
  return { expr: `histogram_quantile(${p}, sum by (${by}, le) (${rate}))`, legend };
}
