import fc from "fast-check";
import { expect, test } from "vitest";
import { parseBoundedJson } from "./parse-bounded-json.ts";

const PAD = " ".repeat(5_000);

test("whatever JSON.parse reads, if it is not beyond all use", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (text) => {
      expect(parseBoundedJson(text + PAD)).toEqual(JSON.parse(text));
    }),
  );
});

test("brackets, commas and quotes inside of strings count for nothing", () => {
  const value = { query: `${"[{,".repeat(600_000)}\\"\\\\"` };
  expect(parseBoundedJson(JSON.stringify(value))).toEqual(value);
});

test.each([
  ["depth", "[".repeat(5_000_000)],
  ["closed depth", "[".repeat(3_000) + "]".repeat(3_000)],
  ["objects in objects", `${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}`],
  ["values", `[${"1,".repeat(600_000)}1]`],
  ["empty arrays", `[${"[],".repeat(600_000)}1]`],
  ["a string without an end", `"${"x".repeat(10_000)}`],
])("%s without bounds is refused without being parsed", (_name, text) => {
  expect(() => parseBoundedJson(text)).toThrow(SyntaxError);
});
