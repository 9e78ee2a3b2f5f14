import { EdgeMetrics } from "../../apps/edge/src/edge-metrics.ts";
import { OriginMetrics } from "../../apps/origin/src/origin-metrics.ts";
import { createDoorMetrics } from "../../apps/edge/src/http/door-metrics.ts";
import { RouteCounts } from "../../apps/edge/src/http/response-counts.ts";
import {
  declareCertificateExpiry,
  declareReloads,
  type MetricDescription,
  ReloadCounts,
} from "../../packages/telemetry/src/index.ts";

/** Every metric, by the program that has it; `every` = all programs do. The one list that all pages and rules are made of. */
export interface MetricList {
  readonly edge: readonly MetricDescription[];
  readonly origin: readonly MetricDescription[];
  readonly every: readonly MetricDescription[];
}

/** Asks the programs' own registries. Nothing is measured: what a gauge would read is not there. */
export function listMetrics(): MetricList {
  const absent = (): never => {
    throw new Error("a metric was read while it was only to be described");
  };
  const edgeMetrics = new EdgeMetrics({
    cacheEntries: absent,
    cacheBytes: absent,
    cacheEvictions: absent,
    freshnessBytes: absent,
    statementsInProgress: absent,
    asOfAgeSeconds: absent,
    boundSeconds: absent,
    feedConnected: absent,
    consistency: absent,
    databaseUp: absent,
    linksOpen: absent,
  });
  edgeMetrics.declareHashing(absent);
  createDoorMetrics(edgeMetrics.registry, absent);
  new RouteCounts().declare(edgeMetrics.registry);
  const originMetrics = new OriginMetrics({
    pool: absent,
    sessionsPinned: absent,
    feeds: absent,
    publishedSeq: absent,
    doubtsOpen: absent,
    catalogueLoads: absent,
    catalogueLoaded: absent,
    databaseUp: absent,
    limits: { connectionsMax: 0, pinnedMax: 0 },
  });
  originMetrics.observeRunning(absent);
  for (const { registry } of [edgeMetrics, originMetrics]) declareReloads(registry, new ReloadCounts());
  declareCertificateExpiry(originMetrics.registry, { backhaul: absent });
  const edge = edgeMetrics.registry.describe();
  const origin = originMetrics.registry.describe();
  const names = new Set(origin.map(({ name }) => name));
  const every = edge.filter(({ name }) => names.has(name));
  const shared = new Set(every.map(({ name }) => name));
  return {
    edge: edge.filter(({ name }) => !shared.has(name)),
    origin: origin.filter(({ name }) => !shared.has(name)),
    every,
  };
}

/** All names that a scrape can hold, `_bucket`, `_sum` and `_count` of histograms included. */
export function seriesNames({ edge, origin, every }: MetricList): Set<string> {
  const names = new Set<string>();
  for (const { name, kind } of [...edge, ...origin, ...every]) {
    if (kind === "histogram") for (const suffix of ["_bucket", "_sum", "_count"]) names.add(name + suffix);
    else names.add(name);
  }
  return names;
}

/** Every `rockpool_…` and `process_…` name in a PromQL expression. */
export function namesIn(expression: string): string[] {
  const withoutStrings = expression.replace(/"[^"]*"/g, '""');
  return withoutStrings.match(/\b(?:rockpool|process)_[a-z0-9_]+\b/g) ?? [];
}
