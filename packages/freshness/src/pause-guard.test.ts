import { expect, test } from "vitest";

import { createPauseGuard } from "./pause-guard.ts";

test("clocks that run together report nothing", () => {
  const guard = createPauseGuard(1000, 500);
  for (let now = 0; now < 10_000; now += 100) expect(guard.check(now, 1_700_000_000_000 + now)).toBe(false);
});

test("a wall clock that runs ahead by the limit is reported once", () => {
  const guard = createPauseGuard(1000, 500);
  guard.check(0, 0);
  expect(guard.check(100, 599)).toBe(false);
  expect(guard.check(110, 610)).toBe(true);
  expect(guard.check(120, 620)).toBe(false);
});

test("short pauses within one window add up", () => {
  const guard = createPauseGuard(1000, 500);
  guard.check(0, 0);
  expect(guard.check(100, 400)).toBe(false);
  expect(guard.check(200, 700)).toBe(true);
});

test("a wall clock that is set back is not a pause", () => {
  const guard = createPauseGuard(1000, 500);
  guard.check(0, 10_000);
  expect(guard.check(100, 5000)).toBe(false);
});
