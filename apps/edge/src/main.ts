import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ConfigError, loadEdgeConfig, warnOfEdgeConfig } from "@rockpool/config";
import { createLogger } from "@rockpool/telemetry";
import { openEdge } from "./edge.ts";

const DRAIN_MAX_MS = 20_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  const file = values.config === undefined ? {} : { file: readFileSync(values.config, "utf8") };
  const config = loadEdgeConfig({ ...file, env: process.env });
  const log = createLogger({ level: config.log.level, name: "edge" });
  for (const warning of warnOfEdgeConfig(config)) log.warn(warning);
  process.on("unhandledRejection", (error) => {
    log.error("unhandled rejection", { error: error instanceof Error ? error : new Error(String(error)) });
    process.exit(70);
  });
  const edge = await openEdge(config, {
    clock: { now: () => performance.now(), wallMs: () => Date.now() },
    timers: {
      after(delayMs, task) {
        const timer = setTimeout(task, delayMs);
        timer.unref();
        return { cancel: () => clearTimeout(timer) };
      },
    },
    random: { next: () => Math.random() },
    log,
  });
  process.stdout.write(`${JSON.stringify({ http: edge.http, admin: edge.admin })}\n`);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info("draining", { signal });
    void edge.close(DRAIN_MAX_MS).then(() => process.exit(0));
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 78 : 1);
});
