import { createLogger } from "@rockpool/telemetry";
import { beforeEach, expect, test } from "vitest";
import { ReadinessWatch } from "./readiness-watch.ts";

let now: number;
let failed: string[];
let probeCount: number;
let tasks: { delayMs: number; task: () => void }[];
let lines: Record<string, unknown>[];
let watch: ReadinessWatch;

beforeEach(() => {
  now = 0;
  failed = ["feed"];
  probeCount = 0;
  tasks = [];
  lines = [];
  watch = new ReadinessWatch({
    checks: () => {
      probeCount += 1;
      return Promise.resolve(["feed", "logins"].map((name) => ({ name, ok: !failed.includes(name) })));
    },
    log: createLogger({ write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    clock: { now: () => now, wallMs: () => 0 },
    timers: {
      after(delayMs, task) {
        tasks.push({ delayMs, task });
        return { cancel: () => (tasks = []) };
      },
    },
  });
});

const said = () => lines.map(({ level, msg, failed: names }) => [level, msg, names]);

test("a start is not complained about at once; then each change is said once", async () => {
  await watch.check();
  expect(said()).toEqual([]);
  now = 6_000;
  await watch.check();
  await watch.check();
  expect(said()).toEqual([["warn", "not ready yet", ["feed"]]]);
  failed = [];
  await watch.check();
  await watch.check();
  expect(lines.at(-1)).toMatchObject({ level: "info", msg: "ready", afterMs: 6_000 });
  failed = ["feed", "logins"];
  await watch.check();
  await watch.check();
  failed = [];
  await watch.check();
  expect(said().slice(2)).toEqual([
    ["warn", "not ready", ["feed", "logins"]],
    ["info", "ready again", undefined],
  ]);
});

test("looks at the same time share one probe", async () => {
  await Promise.all([watch.check(), watch.check(), watch.check()]);
  expect(probeCount).toBe(1);
});

test("it looks often while it starts, seldom when it is ready, and never after a stop", async () => {
  watch.start();
  await watch.check();
  await Promise.resolve();
  expect(tasks.map(({ delayMs }) => delayMs)).toEqual([250]);
  failed = [];
  tasks[0]?.task();
  await watch.check();
  await Promise.resolve();
  now = 7_000;
  tasks[1]?.task();
  await watch.check();
  await Promise.resolve();
  failed = ["feed"];
  tasks[2]?.task();
  await watch.check();
  await Promise.resolve();
  expect(tasks.map(({ delayMs }) => delayMs)).toEqual([250, 5_000, 5_000, 1_000]);
  watch.stop();
  failed = ["feed"];
  await watch.check();
  expect([tasks, said().length]).toEqual([[], 2]);
});
