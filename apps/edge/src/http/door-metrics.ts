import { declareCertificateExpiry, type MetricsRegistry } from "@rockpool/telemetry";
import type { ConnectionRefusal } from "./connection-gate.ts";
import type { HttpVersion } from "./detect-version.ts";

/** What the metrics read of a door at each scrape. */
export interface DoorGauges {
  readonly connectionCount: number;
  readonly certificateExpiresAtSeconds: number;
  readonly traffic: { readonly receivedBytes: number; readonly sentBytes: number };
}

/** What a door tells of its connections. */
export interface DoorCounters {
  onConnectionOpened(version: HttpVersion, isSecure: boolean): void;
  onConnectionRefused(why: ConnectionRefusal | "tls"): void;
}

/** Declares what is counted of client connections; returns what to call. */
export function createDoorMetrics(registry: MetricsRegistry, door: () => DoorGauges): DoorCounters {
  registry.gauge({
    name: "rockpool_edge_connections",
    help: "Open client connections.",
    read: () => door().connectionCount,
  });
  declareCertificateExpiry(registry, { https: () => door().certificateExpiresAtSeconds });
  registry.observedCounter({
    name: "rockpool_edge_received_bytes_total",
    help: "Bytes that clients sent, on the wire: TLS and HTTP included.",
    read: () => door().traffic.receivedBytes,
  });
  registry.observedCounter({
    name: "rockpool_edge_sent_bytes_total",
    help: "Bytes that went to clients, on the wire: TLS and HTTP included.",
    read: () => door().traffic.sentBytes,
  });
  const refused = registry.counterFamily({
    name: "rockpool_edge_connections_refused_total",
    help: "Client connections closed at once: too many, not allowed from there, or no TLS handshake.",
    labels: { why: ["limit", "access", "tls"] },
  });
  const opened = registry.counterFamily({
    name: "rockpool_edge_connections_opened_total",
    help: "Client connections that began to speak, by version of HTTP and whether over TLS.",
    labels: { version: ["h1", "h2"], tls: ["yes", "no"] },
  });
  return {
    onConnectionOpened: (version, isSecure) => opened.with({ version, tls: isSecure ? "yes" : "no" }).add(),
    onConnectionRefused: (why) => refused.with({ why }).add(),
  };
}
