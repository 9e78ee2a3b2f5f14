import { type ChangeSet, type Dependencies, EVERYTHING, NO_CHANGE, type RowKey } from "@rockpool/base";
import { expect, test } from "vitest";

import { createVersionMap } from "./version-map.ts";

const ROOMY = { keyRingMax: 100, tableMax: 100 };
const row = (value: string): RowKey => ({ table: "app.t", column: "id", value });
const ofRow = (value: string): ChangeSet => ({ ...NO_CHANGE, keys: [row(value)] });
const ofTable = (table: string): ChangeSet => ({ ...NO_CHANGE, tables: [table] });
const ofSchema = (schema: string): ChangeSet => ({ ...NO_CHANGE, schemas: [schema] });
const byRow = (value: string): Dependencies => ({ tables: [], keys: [row(value)], schemas: ["app"] });
const byTable = (table: string): Dependencies => ({ tables: [table], keys: [], schemas: ["app"] });

test("a row's change reaches that row and the whole table, not the other rows", () => {
  const map = createVersionMap(ROOMY);
  map.apply(5, ofRow("1"));
  expect(map.isCurrent(byRow("1"), 4, 4)).toBe(false);
  expect(map.isCurrent(byTable("app.t"), 4, 4)).toBe(false);
  expect(map.isCurrent(byRow("2"), 4, 4)).toBe(true);
  expect(map.isCurrent(byRow("1"), 5, 4)).toBe(true);
});

test("a whole table's change reaches its rows: TRUNCATE (R3)", () => {
  const map = createVersionMap(ROOMY);
  map.apply(5, ofTable("app.t"));
  expect(map.lastKey(row("1"), 4)).toBe(5);
});

test("a stamp below the horizon falls back to the table (R3)", () => {
  const map = createVersionMap({ ...ROOMY, keyRingMax: 1 });
  map.apply(1, ofRow("1"));
  map.apply(2, ofRow("2"));
  expect(map.isCurrent(byRow("1"), 0, 0)).toBe(false);
  expect(map.isCurrent(byRow("1"), 1, 0)).toBe(true);
});

test("a schema's change reaches its tables, their rows and its definitions, by every reading of a dotted name", () => {
  const map = createVersionMap(ROOMY);
  map.apply(5, ofSchema("app.x"));
  expect(map.lastTable("app.x.t")).toBe(5);
  expect(map.lastTable("app.t")).toBe(0);
  expect(map.lastKey({ ...row("1"), table: "app.x.t" }, 4)).toBe(5);
  expect(map.lastDdl("app.x")).toBe(5);
  expect(map.lastDdl("app")).toBe(0);
});

test("a plan older than the last definition is not current, whatever the stamp (R11)", () => {
  const map = createVersionMap(ROOMY);
  map.apply(5, ofSchema("app"));
  expect(map.isCurrent(byTable("app.t"), 9, 4)).toBe(false);
  expect(map.isCurrent(byTable("app.t"), 9, 5)).toBe(true);
});

test("everything is everything", () => {
  const map = createVersionMap(ROOMY);
  map.apply(5, EVERYTHING);
  expect([map.lastTable("x.y"), map.lastDdl("x"), map.lastKey(row("1"), 4)]).toEqual([5, 5, 5]);
});

test("an older position never lowers a later one (R8: answers come out of order)", () => {
  const map = createVersionMap(ROOMY);
  map.apply(7, ofRow("1"));
  map.apply(6, ofRow("1"));
  expect(map.lastKey(row("1"), 6)).toBe(7);
});

test("what is in doubt changed later than anything, until it is settled (R14)", () => {
  const map = createVersionMap(ROOMY);
  map.openDoubt("a", ofRow("1"));
  expect(map.lastTable("app.t")).toBe(Number.POSITIVE_INFINITY);
  expect(map.lastKey(row("2"), 9)).toBe(Number.POSITIVE_INFINITY);
  map.settleDoubt("a", 8);
  expect(map.lastKey(row("1"), 7)).toBe(8);
  expect(map.lastKey(row("2"), 7)).toBe(0);
});

test("a doubt may be settled by less than it had put in doubt", () => {
  const map = createVersionMap(ROOMY);
  map.apply(3, ofTable("app.t"));
  map.openDoubt("a", ofTable("app.t"));
  map.settleDoubt("a", 8, NO_CHANGE);
  expect(map.lastTable("app.t")).toBe(3);
  map.openDoubt("b", EVERYTHING);
  map.settleDoubt("b", 9, ofTable("app.u"));
  expect([map.lastTable("app.t"), map.lastTable("app.u")]).toEqual([3, 9]);
});

test("doubts beyond the bound put everything in doubt, until each of them is settled", () => {
  const map = createVersionMap({ ...ROOMY, doubtMax: 1 });
  map.openDoubt("a", ofTable("app.t"));
  expect(map.lastTable("app.u")).toBe(0);
  map.openDoubt("b", ofTable("app.v"));
  expect(map.lastTable("app.u")).toBe(Number.POSITIVE_INFINITY);
  map.settleDoubt("b", 4);
  expect(map.lastTable("app.u")).toBe(4);
});

test("tables beyond the bound raise the floor of all that are unknown", () => {
  const map = createVersionMap({ ...ROOMY, tableMax: 1 });
  map.apply(1, ofTable("app.a"));
  map.apply(2, ofTable("app.b"));
  expect([map.lastTable("app.a"), map.lastTable("app.b"), map.lastTable("app.c")]).toEqual([1, 2, 1]);
});

test("its bytes are bounded by its options", () => {
  const map = createVersionMap({ keyRingMax: 1000, tableMax: 10 });
  for (let seq = 1; seq < 20_000; seq += 1) map.apply(seq, ofRow(String(seq)));
  expect(map.bytes).toBeGreaterThan(1000 * 80);
  expect(map.bytes).toBeLessThan(1000 * 200);
});
