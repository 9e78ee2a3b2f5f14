import { expect, test } from "vitest";
import { detectProgram } from "./detect-program.ts";

test.each([
  ["origin: {url: http://o:1}", "edge"],
  ["cache: {entryMax: 1}", "edge"],
  ["database: {user: a}", "origin"],
  ["logins: []\nlog: {level: info}", "origin"],
  ["log: {level: info}", null],
  ["origin: {}\nlogins: []", null],
] as const)("%s is the configuration of %s", (file, expected) => {
  expect(detectProgram(file, { ROCKPOOL_DATABASE_USER: "u" })).toBe(expected);
});

test("without a file the variables tell", () => {
  expect(detectProgram(undefined, { ROCKPOOL_ORIGIN_URL: "x" })).toBe("edge");
  expect(detectProgram(undefined, { ROCKPOOL_DATABASE_PASSWORD_FILE: "x" })).toBe("origin");
  expect(detectProgram(undefined, { ROCKPOOL_LOG_LEVEL: "info" })).toBeNull();
});
