import { expect, test } from "vitest";
import { createAnalyser } from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";

// The parser behind the analyser needs exponential time for some nested texts: they must never get there.

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());

const OPENERS: readonly (readonly [string, string])[] = [
  ["CAST(", " AS CHAR)"],
  ["CONVERT(", ", CHAR)"],
  ["TRIM(BOTH 'a' FROM ", ")"],
  ["DATE_ADD(", ", INTERVAL 1 DAY)"],
  ["CASE WHEN ", " THEN 1 END"],
  ["NOT (", ")"],
  ["EXISTS (SELECT 1 WHERE ", ")"],
  ["(SELECT ", ")"],
  ["IF(1, ", ", 2)"],
  ["INTERVAL(", ", 1)"],
  ["ABS(", ")"],
];

function nest(depth: number, closed: boolean, pick: (level: number) => number): string {
  let open = "";
  let close = "";
  for (let level = 0; level < depth; level++) {
    const [left, right] = OPENERS[pick(level) % OPENERS.length] ?? ["(", ")"];
    open += left;
    close = right + close;
  }
  return `SELECT ${open}id${closed ? close : ""} FROM items`;
}

test.each([7, 9, 12, 20, 200])("nested %i deep, closed or not, any opener: not parsed", (depth) => {
  for (let opener = 0; opener < OPENERS.length; opener++) {
    for (const closed of [true, false]) {
      const { plan } = analyser.analyse(
        nest(depth, closed, () => opener),
        { defaultSchema: "app", modes: "" },
      );
      expect(plan.cacheable).toBe(false);
    }
  }
});

test("groups that are not closed are not parsed", () => {
  const { plan } = analyser.analyse("SELECT CAST(CAST(CAST(CAST(CAST(CAST(id FROM items", {
    defaultSchema: "app",
    modes: "",
  });
  expect(plan).toEqual({ cacheable: false, reason: "too-deep" });
});

test("what is parsed is parsed in time, whatever is nested in what", () => {
  let slowest = { ms: 0, sql: "" };
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  };
  for (let round = 0; round < 60; round++) {
    const sql = nest(6, true, random);
    const startedAt = performance.now();
    analyser.analyse(sql, { defaultSchema: "app", modes: "" });
    const ms = performance.now() - startedAt;
    if (ms > slowest.ms) slowest = { ms, sql };
  }
  console.log(`slowest of 60: ${slowest.ms.toFixed(0)} ms, ${slowest.sql}`);
  expect(slowest.ms).toBeLessThan(2_000);
});
