import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import manifest from "../package.json" with { type: "json" };
import type { MetricsRegistry } from "./registry.ts";

const NANOS_PER_SECOND = 1e9;
const MICROS_PER_SECOND = 1e6;
/** Milliseconds between two probes of the event loop. */
const PROBE_INTERVAL_MS = 20;

/**
 * Declares the metrics every Rockpool process has: the standard `process_*` ones (those that the platform can tell), the
 * version, the event loop's delay. The loop's probe does not keep the process alive.
 */
export function registerProcessMetrics(registry: MetricsRegistry): void {
  registry.info(
    { name: "rockpool_build_info", help: "Always 1; the version of Rockpool, and of the Node that runs it." },
    { version: manifest.version, node: process.version },
  );
  declareStandard(registry);
  declareLoopDelay(registry);
  registry.gauge({
    name: "rockpool_heap_used_bytes",
    help: "JavaScript heap in use.",
    read: () => process.memoryUsage().heapUsed,
  });
}

/** https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics */
function declareStandard(registry: MetricsRegistry): void {
  const startedAtSeconds = Math.round(performance.timeOrigin / 1000);
  registry.observedCounter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent in seconds.",
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / MICROS_PER_SECOND;
    },
  });
  registry.gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    read: () => process.memoryUsage.rss(),
  });
  registry.gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since the Unix epoch in seconds.",
    read: () => startedAtSeconds,
  });
  registry.gauge({
    name: "process_open_fds",
    help: "Open file descriptors; NaN where the system does not tell.",
    read: countDescriptors,
  });
  const descriptorsMax = readDescriptorLimit();
  registry.gauge({
    name: "process_max_fds",
    help: "Open file descriptors allowed; NaN where the system does not tell.",
    read: () => descriptorsMax,
  });
}

function declareLoopDelay(registry: MetricsRegistry): void {
  const delay = monitorEventLoopDelay({ resolution: PROBE_INTERVAL_MS });
  delay.enable();
  registry.gauge({
    name: "rockpool_event_loop_delay_p99_seconds",
    help: "99th percentile of how late timers ran since the previous scrape; with several scrapers each sees a part.",
    read() {
      // The probe measures its own interval with the delay; an idle process has no samples yet, hence the floor.
      const seconds = Math.max(0, delay.percentile(99) / NANOS_PER_SECOND - PROBE_INTERVAL_MS / 1000);
      delay.reset();
      return seconds;
    },
  });
}

function countDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return Number.NaN; // not Linux
  }
}

function readDescriptorLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? Number.NaN : Number(limit);
  } catch {
    return Number.NaN; // not Linux
  }
}
