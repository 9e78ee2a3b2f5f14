import { RockpoolError } from "@rockpool/base";
import { expect, test } from "vitest";
import { createFailureLog } from "./failure-log.ts";
import { createLogger } from "./logger.ts";

function open() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: "debug", write: (line) => lines.push(JSON.parse(line)) });
  const clock = { now: () => time };
  let time = 0;
  const pass = (ms: number): void => void (time += ms);
  return { lines, pass, failed: createFailureLog(log, clock) };
}

test("a failure has the level of its code, the code, and what is known of the request", () => {
  const { lines, failed } = open();
  failed(new RockpoolError("outcome-unknown"), { requestId: "r1", login: "app" });
  expect(lines).toEqual([
    expect.objectContaining({
      level: "warn",
      msg: "request failed",
      code: "outcome-unknown",
      requestId: "r1",
      login: "app",
    }),
  ]);
});

test("only an internal error comes with its stack", () => {
  const { lines, failed } = open();
  failed(new RockpoolError("internal", { cause: new Error("why") }), {});
  failed(new RockpoolError("pool-exhausted", { cause: new Error("why") }), {});
  expect(lines.map((line) => "error" in line)).toEqual([true, false]);
});

test("of a flood of one code ten lines a second are written, and the rest is counted", () => {
  const { lines, pass, failed } = open();
  for (let count = 0; count < 5_000; count++) failed(new RockpoolError("too-many-clients"), {});
  failed(new RockpoolError("outcome-unknown"), {});
  expect(lines).toHaveLength(11);
  pass(1_000);
  failed(new RockpoolError("too-many-clients"), {});
  expect(lines.slice(11)).toEqual([
    expect.objectContaining({ code: "too-many-clients", count: 4_990 }),
    expect.objectContaining({ msg: "request failed", code: "too-many-clients" }),
  ]);
});
