import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricsRegistry } from "./registry.ts";

const NANOS_PER_SECOND = 1e9;
/** Milliseconds between two probes of the event loop. */
const PROBE_INTERVAL_MS = 20;

/** Declares the gauges every Rockpool process has. The loop's probe does not keep the process alive. */
export function registerProcessGauges(registry: MetricsRegistry): void {
  const delay = monitorEventLoopDelay({ resolution: PROBE_INTERVAL_MS });
  delay.enable();
  registry.gauge({
    name: "rockpool_process_resident_memory_bytes",
    help: "Resident set size of the process.",
    read: () => process.memoryUsage.rss(),
  });
  registry.gauge({
    name: "rockpool_process_heap_used_bytes",
    help: "JavaScript heap in use.",
    read: () => process.memoryUsage().heapUsed,
  });
  registry.gauge({
    name: "rockpool_process_uptime_seconds",
    help: "Seconds since the process started.",
    read: () => process.uptime(),
  });
  registry.gauge({
    name: "rockpool_event_loop_delay_p99_seconds",
    help: "99th percentile of how late the event loop ran its timers since the previous scrape.",
    read() {
      // The probe measures its own interval with the delay; an idle process has no samples yet, hence the floor.
      const seconds = Math.max(0, delay.percentile(99) / NANOS_PER_SECOND - PROBE_INTERVAL_MS / 1000);
      delay.reset();
      return seconds;
    },
  });
}
