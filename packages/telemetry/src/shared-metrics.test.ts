import { expect, test } from "vitest";
import { createMetricsRegistry } from "./registry.ts";
import { declareCertificateExpiry, declareReloads, ReloadCounts } from "./shared-metrics.ts";

test("certificates say when they end, or that there is none", () => {
  const registry = createMetricsRegistry();
  declareCertificateExpiry(registry, { https: () => 1_800_000_000, backhaul: () => Number.NaN });
  const lines = registry.render().split("\n");
  expect(lines).toContain(
    'rockpool_tls_certificate_expiry_timestamp_seconds{certificate="https"} 1800000000',
  );
  expect(lines).toContain('rockpool_tls_certificate_expiry_timestamp_seconds{certificate="backhaul"} NaN');
});

test("reloads are counted by how they ended, and the last one shows", () => {
  const registry = createMetricsRegistry();
  const counts = new ReloadCounts();
  declareReloads(registry, counts);
  expect(registry.render()).toContain("rockpool_config_last_reload_ok 1");
  counts.add(true);
  counts.add(false);
  const lines = registry.render().split("\n");
  expect(lines).toContain('rockpool_config_reloads_total{outcome="ok"} 1');
  expect(lines).toContain('rockpool_config_reloads_total{outcome="failed"} 1');
  expect(lines).toContain("rockpool_config_last_reload_ok 0");
});
