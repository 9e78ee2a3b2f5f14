import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { registerProcessMetrics } from "./process-metrics.ts";
import { createMetricsRegistry } from "./registry.ts";

function render() {
  const registry = createMetricsRegistry();
  registerProcessMetrics(registry);
  const text = registry.render();
  const valueOf = (series: string): number =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    );
  return { text, valueOf };
}

test("the standard metrics carry plausible numbers", () => {
  const { valueOf } = render();
  expect(valueOf("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(valueOf("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(Math.abs(valueOf("process_start_time_seconds") - Date.now() / 1000)).toBeLessThan(600);
  expect(valueOf("rockpool_event_loop_delay_p99_seconds")).toBeGreaterThanOrEqual(0);
  expect(valueOf("rockpool_event_loop_delay_p99_seconds")).toBeLessThan(60);
});

test("Linux tells the file descriptors, other systems nothing", () => {
  const { valueOf } = render();
  const open = valueOf("process_open_fds");
  if (process.platform === "linux") expect(valueOf("process_max_fds")).toBeGreaterThan(open);
  expect(open).toSatisfy((count: number) => (process.platform === "linux" ? count > 3 : Number.isNaN(count)));
});

test("the version is told", () => {
  expect(render().text).toContain(
    `rockpool_build_info{version="${manifest.version}",node="${process.version}"} 1`,
  );
});
