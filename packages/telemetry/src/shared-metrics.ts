import type { MetricsRegistry } from "./registry.ts";

/**
 * Declares when certificates in use stop being valid. `certificates`: by name, the moment in seconds since 1970; NaN = none
 * is in use there.
 */
export function declareCertificateExpiry(
  registry: MetricsRegistry,
  certificates: Readonly<Record<string, () => number>>,
): void {
  registry.gauge({
    name: "rockpool_tls_certificate_expiry_timestamp_seconds",
    help: "When a certificate in use stops being valid, in seconds since 1970; NaN = none is in use there.",
    labels: { certificate: Object.keys(certificates) },
    read: ({ certificate }) => certificates[certificate]?.() ?? Number.NaN,
  });
}

/** Reloads of the configuration so far: plain fields that whoever reloads counts up. */
export class ReloadCounts {
  okCount = 0;
  failedCount = 0;
  /** Whether the last reload, if there was one, was accepted. */
  lastOk = true;

  /** Counts one reload. */
  add(ok: boolean): void {
    if (ok) this.okCount += 1;
    else this.failedCount += 1;
    this.lastOk = ok;
  }
}

/** Declares the counters of reloads. */
export function declareReloads(registry: MetricsRegistry, counts: ReloadCounts): void {
  registry.observedCounter({
    name: "rockpool_config_reloads_total",
    help: "Reloads of the configuration by SIGHUP; failed = the old one stays.",
    labels: { outcome: ["ok", "failed"] },
    read: ({ outcome }) => (outcome === "ok" ? counts.okCount : counts.failedCount),
  });
  registry.gauge({
    name: "rockpool_config_last_reload_ok",
    help: "0 when the last reload was refused: the process runs with an older configuration than its file.",
    read: () => Number(counts.lastOk),
  });
}
