import type { EdgeConfig, OriginConfig } from "./load-config.ts";

/** What is allowed but probably not meant, one sentence each, for the log at start. */
export function warnOfEdgeConfig(config: EdgeConfig): string[] {
  const { boundMs, heartbeatIntervalMs } = config.freshness;
  const warnings: string[] = [];
  if (boundMs > 0 && boundMs < 2 * heartbeatIntervalMs) {
    warnings.push(
      `freshness.boundMs (${boundMs}) is less than two heartbeats (2 x ${heartbeatIntervalMs}): with any network delay few answers can be hits.`,
    );
  }
  if (config.freshness.maxAgeMs < boundMs) {
    warnings.push(
      "freshness.maxAgeMs is less than freshness.boundMs: answers are dropped before the bound is used.",
    );
  }
  return warnings;
}

/** What is allowed but probably not meant, one sentence each, for the log at start. */
export function warnOfOriginConfig(config: OriginConfig): string[] {
  const warnings: string[] = [];
  if (config.database.tls.mode === "off" && !isLocal(config.database.host)) {
    warnings.push(
      "database.tls.mode is off: statements and answers cross the network to the database unencrypted.",
    );
  }
  if (config.pool.waitTimeoutMs > config.statementTimeoutMs) {
    warnings.push("pool.waitTimeoutMs is longer than statementTimeoutMs: waiting statements time out first.");
  }
  return warnings;
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.") || host.startsWith("/");
}
