import { expect, test } from "vitest";
import { registerProcessGauges } from "./process-gauges.ts";
import { createMetricsRegistry } from "./registry.ts";

test("the process gauges carry plausible numbers", () => {
  const registry = createMetricsRegistry();
  registerProcessGauges(registry);
  const values = new Map(
    registry
      .render()
      .split("\n")
      .filter((line) => line.startsWith("rockpool_"))
      .map((line): [string, number] => [
        line.slice(0, line.indexOf(" ")),
        Number(line.slice(line.indexOf(" "))),
      ]),
  );
  expect(values.get("rockpool_process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(values.get("rockpool_event_loop_delay_p99_seconds")).toBeGreaterThanOrEqual(0);
  expect(values.get("rockpool_event_loop_delay_p99_seconds")).toBeLessThan(60);
});
