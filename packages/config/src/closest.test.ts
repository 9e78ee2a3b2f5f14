import { expect, test } from "vitest";
import { closest } from "./closest.ts";

test.each([
  ["sizeMax", ["sizeMaxBytes", "entryMax"], "sizeMaxBytes"],
  ["boundMS", ["boundMs", "maxAgeMs"], "boundMs"],
  ["cahce", ["cache", "log"], "cache"],
  ["logins", ["limits", "log"], "log"],
  ["pool", ["listen", "cache"], null],
  ["x", ["log"], null],
])("%s among %j means %s", (word, candidates, expected) => {
  expect(closest(word, candidates)).toBe(expected);
});
