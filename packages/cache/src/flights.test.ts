import { expect, test } from "vitest";

import { createFlights } from "./flights.ts";

test("the first asks, the others wait, and the end starts anew", () => {
  const flights = createFlights<string>({ flightMax: 10, waitersMax: 10 });
  expect([flights.join("k", "a"), flights.join("k", "b"), flights.join("k", "c")]).toEqual([
    "leader",
    "joined",
    "joined",
  ]);
  expect(flights.complete("k")).toEqual(["b", "c"]);
  expect([flights.flightCount, flights.waiterCount, flights.join("k", "d")]).toEqual([0, 0, "leader"]);
  expect(flights.fail("k")).toEqual([]);
});

test("beyond the bounds one asks alone", () => {
  const flights = createFlights<string>({ flightMax: 2, waitersMax: 1 });
  flights.join("k", "a");
  flights.join("l", "b");
  expect(flights.join("m", "c")).toBe("full");
  expect([flights.join("k", "d"), flights.join("l", "e")]).toEqual(["joined", "full"]);
  flights.complete("k");
  expect(flights.join("l", "e")).toBe("joined");
});

test("a waiter that left is not called", () => {
  const flights = createFlights<string>({ flightMax: 2, waitersMax: 2 });
  flights.join("k", "a");
  flights.join("k", "b");
  expect([flights.leave("k", "b"), flights.leave("k", "b"), flights.leave("x", "b")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([flights.waiterCount, flights.complete("k")]).toEqual([0, []]);
});
