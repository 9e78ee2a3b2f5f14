import { expect, test } from "vitest";

import { bodyBytes, dependenciesBytes, stringBytes } from "./size-accounting.ts";

test("a Latin-1 string counts one byte a unit, any other two", () => {
  expect(stringBytes("ÿ".repeat(1000)) - stringBytes("")).toBe(1000);
  expect(stringBytes(`${"a".repeat(999)}ā`) - stringBytes("")).toBe(2000);
  expect(stringBytes("😀") - stringBytes("")).toBe(4);
});

test("bytes count as bytes", () => {
  expect(bodyBytes(new Uint8Array(1000)) - bodyBytes(new Uint8Array(0))).toBe(1000);
});

test("every dependency counts", () => {
  const none = { tables: [], keys: [], schemas: [] };
  const one = { tables: ["app.t"], keys: [{ table: "app.u", column: "id", value: "7" }], schemas: ["app"] };
  expect(dependenciesBytes(one)).toBeGreaterThan(dependenciesBytes(none) + 100);
});
