import { type ChangeSet, type Dependencies, EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { expect, test } from "vitest";

import {
  arriveBookmarks,
  bindsHit,
  type BookmarkView,
  NO_BOOKMARKS,
  notBefore,
  noteTime,
  noteWrite,
  settleBookmarks,
  TIME_BOOKMARK_MAX,
} from "./bookmarks.ts";
import { createLoginBookmarks } from "./login-bookmarks.ts";

const T: Dependencies = { tables: ["app.t"], keys: [], schemas: ["app"] };
const U: Dependencies = { tables: ["app.u"], keys: [], schemas: ["app"] };
const changes = (table: string): ChangeSet => ({ ...NO_CHANGE, tables: [table] });
const at = (seq: number, asOf: number | null = 100, clock = "x", epoch = "e"): BookmarkView => {
  return { clock, position: { epoch, seq }, asOf };
};

test("a position binds another edge until it is applied there, or the answer contains it", () => {
  const bookmarks = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 12 }, "x", true);
  expect(bindsHit(bookmarks, at(11, 100, "y"), T, 11)).toBe(true);
  expect(bindsHit(bookmarks, at(11, 100, "y"), T, 12)).toBe(false);
  expect(bindsHit(bookmarks, at(12, 100, "y"), T, 3)).toBe(false);
});

test("at the edge that applied the carried change, nothing has to wait (R8)", () => {
  const bookmarks = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 12 }, "x", true);
  expect(bindsHit(bookmarks, at(3), T, 3)).toBe(false);
});

test("a write here does not settle an earlier one made elsewhere", () => {
  const elsewhere = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 9 }, "y", true);
  const bookmarks = noteWrite(elsewhere, { epoch: "e", seq: 12 }, "x", true);
  expect(bindsHit(bookmarks, at(8), T, 8)).toBe(true);
  expect(bindsHit(bookmarks, at(9), T, 8)).toBe(false);
});

test("a position of an unknown epoch becomes a time bookmark of its arrival, on everything", () => {
  const before = noteWrite(NO_BOOKMARKS, { epoch: "f", seq: 12 }, "y", true);
  expect(bindsHit(before, at(99), T, 99)).toBe(true);
  const arrived = arriveBookmarks(before, at(99), 50);
  expect(bindsHit(arrived, at(99, 49), T, 99)).toBe(true);
  expect(bindsHit(arrived, at(99, 50), T, 99)).toBe(false);
});

test("an edge without a feed leaves positions for an edge that has one", () => {
  const before = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 12 }, "y", true);
  const view: BookmarkView = { clock: "x", position: null, asOf: null };
  expect(arriveBookmarks(before, view, 50)).toBe(before);
  expect(bindsHit(before, view, T, 12)).toBe(true);
});

test("a time bookmark binds what it affects until an asOf of its own clock reaches it", () => {
  const bookmarks = noteTime(NO_BOOKMARKS, changes("app.t"), "x", 100);
  expect(bindsHit(bookmarks, at(5, 99), T, 5)).toBe(true);
  expect(bindsHit(bookmarks, at(5, 99), U, 5)).toBe(false);
  expect(bindsHit(bookmarks, at(5, null), T, 5)).toBe(true);
  expect(bindsHit(bookmarks, at(5, 100), T, 5)).toBe(false);
  expect(bindsHit(bookmarks, at(5, 9999, "y"), T, 5)).toBe(true);
  expect(bindsHit(arriveBookmarks(bookmarks, at(5, 9998, "y"), 9999), at(5, 9999, "y"), T, 5)).toBe(false);
});

test("a read through a view is bound by any write whose place is unknown", () => {
  const bookmarks = noteTime(NO_BOOKMARKS, changes("app.t"), "x", 100);
  expect(bindsHit(bookmarks, at(5, 99), { ...U, throughView: true }, 5)).toBe(true);
});

test("more time bookmarks than the bound become one on everything", () => {
  let bookmarks = NO_BOOKMARKS;
  for (let index = 0; index <= TIME_BOOKMARK_MAX; index += 1) {
    bookmarks = noteTime(bookmarks, changes(`app.t${index}`), "x", 100 + index);
  }
  expect(bookmarks.times).toEqual([{ clock: "x", at: 100 + TIME_BOOKMARK_MAX, affected: EVERYTHING }]);
});

test("the same tables written again and again take one place", () => {
  let bookmarks = NO_BOOKMARKS;
  for (let index = 0; index < 50; index += 1) bookmarks = noteTime(bookmarks, changes("app.t"), "x", index);
  expect(bookmarks.times).toEqual([{ clock: "x", at: 49, affected: changes("app.t") }]);
});

test("many names widen to everything: tokens stay small", () => {
  const many: ChangeSet = { ...NO_CHANGE, tables: Array.from({ length: 40 }, (_, index) => `app.t${index}`) };
  expect(noteTime(NO_BOOKMARKS, many, "x", 1).times).toEqual([{ clock: "x", at: 1, affected: EVERYTHING }]);
});

test("what no longer binds is dropped", () => {
  const bookmarks = noteTime(NO_BOOKMARKS, changes("app.t"), "x", 100);
  expect(settleBookmarks(bookmarks, at(5, 99))).toBe(bookmarks);
  expect(settleBookmarks(bookmarks, at(5, 100)).times).toEqual([]);
});

test("a flight must have left after what the joiner wrote", () => {
  const { times } = noteTime(NO_BOOKMARKS, changes("app.t"), "x", 100);
  expect(notBefore(times, "x", T)).toBe(100);
  expect(notBefore(times, "x", U)).toBe(Number.NEGATIVE_INFINITY);
  expect(notBefore(times, "y", T)).toBe(Number.POSITIVE_INFINITY);
});

test("a login is bound on what it wrote, other logins are not", () => {
  const logins = createLoginBookmarks(10);
  logins.note("ann", changes("app.t"), 100);
  expect([
    logins.bindsHit("ann", T, 99),
    logins.bindsHit("ann", U, 99),
    logins.bindsHit("bob", T, 99),
  ]).toEqual([true, false, false]);
  expect(logins.bindsHit("ann", T, 100)).toBe(false);
  logins.settle(100);
  expect(logins.isEmpty).toBe(true);
});

test("more logins than the bound bind every login on everything", () => {
  const logins = createLoginBookmarks(1);
  logins.note("ann", changes("app.t"), 100);
  logins.note("bob", changes("app.t"), 200);
  expect([logins.bindsHit("cat", U, 199), logins.bindsHit("cat", U, 200)]).toEqual([true, false]);
  logins.settle(150);
  expect([logins.isEmpty, logins.bindsHit("cat", U, 150)]).toEqual([false, true]);
});
