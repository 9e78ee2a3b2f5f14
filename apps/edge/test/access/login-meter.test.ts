import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { createLoginMeter, LoginMeter } from "../../src/access/login-meter.ts";

const NONE = {
  connectionsMax: 0,
  concurrentStatementsMax: 0,
  statementsPerSecondMax: 0,
  bytesPerSecondMax: 0,
};

function meter(limits: Partial<typeof NONE>): LoginMeter {
  return new LoginMeter({ ...NONE, ...limits });
}

/** How many statements in a row begin at `now`. */
function burst(of: LoginMeter, now: number, max = 1_000): number {
  for (let count = 0; count < max; count++) if (of.begin(now) > 0) return count;
  return max;
}

describe("statements a second", () => {
  test("begin with one second's worth, and then come as time passes", () => {
    const one = meter({ statementsPerSecondMax: 10 });
    expect([burst(one, 0), burst(one, 0)]).toEqual([10, 0]);
    expect(one.begin(50)).toBeCloseTo(50);
    expect([burst(one, 100), burst(one, 350)]).toEqual([1, 2]);
    expect(burst(one, 1_000_000)).toBe(10);
  });

  test("a refused one costs nothing", () => {
    const one = meter({ statementsPerSecondMax: 1 });
    expect(burst(one, 0)).toBe(1);
    for (let at = 0; at < 100; at++) expect(one.begin(500)).toBeGreaterThan(0);
    expect(one.begin(1_000)).toBe(0);
  });
});

describe("bytes a second", () => {
  test("may go into debt, which is paid off before the next statement", () => {
    const one = meter({ bytesPerSecondMax: 1_000 });
    expect(one.begin(0)).toBe(0);
    one.charge(3_500); // 2,500 more than there was
    expect(one.begin(0)).toBeCloseTo(2_501);
    expect(one.begin(2_400)).toBeGreaterThan(0);
    expect(one.begin(2_501)).toBe(0);
  });

  test("are never saved up beyond one second", () => {
    const one = meter({ bytesPerSecondMax: 1_000 });
    one.begin(0);
    one.begin(60_000);
    one.charge(1_001);
    expect(one.begin(60_000)).toBeGreaterThan(0);
  });
});

test("concurrent statements: one ends, one begins", () => {
  const one = meter({ concurrentStatementsMax: 2 });
  expect([burst(one, 0), one.running]).toEqual([2, 2]);
  one.end();
  expect([one.begin(0), one.begin(0) > 0, one.running]).toEqual([0, true, 2]);
});

test("connections: each counts once, until it closes", () => {
  const one = meter({ connectionsMax: 2 });
  const [first, second, third] = [new EventEmitter(), new EventEmitter(), new EventEmitter()];
  expect([first, first, second, third, second].map((connection) => one.mayUse(connection))).toEqual([
    true,
    true,
    true,
    false,
    true,
  ]);
  first.emit("close");
  expect([one.connectionCount, one.mayUse(third), one.mayUse(first)]).toEqual([1, true, false]);
  expect(third.listenerCount("close")).toBe(1);
});

test("a login without limits has no meter; one that keeps some keeps what it has used", () => {
  expect(createLoginMeter(NONE, null)).toBeNull();
  const before = createLoginMeter({ ...NONE, statementsPerSecondMax: 5, concurrentStatementsMax: 9 }, null);
  if (before === null) throw new Error("no meter");
  expect(burst(before, 0)).toBe(5);
  const after = createLoginMeter({ ...NONE, statementsPerSecondMax: 100 }, before);
  expect(after).toBe(before);
  expect([before.begin(0) > 0, burst(before, 1_000)]).toEqual([true, 100]);
  expect(createLoginMeter(NONE, before)).toBeNull();
});
