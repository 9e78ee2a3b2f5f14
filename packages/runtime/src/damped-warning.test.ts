import { createLogger } from "@rockpool/telemetry";
import { expect, test } from "vitest";
import { createDampedWarning } from "./damped-warning.ts";

test("each reason is said once a minute, however often it comes", () => {
  const lines: string[] = [];
  let now = 0;
  const log = createLogger({ level: "debug", name: "test", write: (line) => lines.push(line) });
  const warn = createDampedWarning("no connection", log, { now: () => now, wallMs: () => 0 });
  for (now = 0; now < 60_000; now += 1_000) {
    warn("expired");
    warn("another name");
  }
  expect(lines.length).toBe(2);
  warn("expired");
  expect(lines.length).toBe(3);
  expect(lines[0]).toContain("expired");
  for (let count = 0; count < 200; count++) warn(`reason ${count}`);
  expect(lines.length).toBe(203);
});
