import type { MetricsRegistry } from "@rockpool/telemetry";
import type { ConnectionRefusal } from "./connection-gate.ts";

/** What the metrics read of a door at each scrape. */
export interface DoorGauges {
  readonly connectionCount: number;
  readonly certificateExpiresAtSeconds: number;
}

/** Declares what is counted of client connections; returns what to call when one is refused. */
export function createDoorMetrics(
  registry: MetricsRegistry,
  door: () => DoorGauges,
): (why: ConnectionRefusal | "tls") => void {
  registry.gauge({
    name: "rockpool_edge_connections",
    help: "Open client connections.",
    read: () => door().connectionCount,
  });
  registry.gauge({
    name: "rockpool_edge_certificate_expiry_timestamp_seconds",
    help: "When the certificate in use expires, in seconds since 1970; NaN without TLS.",
    read: () => door().certificateExpiresAtSeconds,
  });
  const refused = registry.counterFamily({
    name: "rockpool_edge_connections_refused_total",
    help: "Client connections closed at once: too many, not allowed from there, or no TLS handshake.",
    labels: { why: ["limit", "access", "tls"] },
  });
  return (why) => refused.with({ why }).add();
}
