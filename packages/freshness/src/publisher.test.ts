import { type ChangeSet, EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { expect, test } from "vitest";

import type { FeedItem } from "./feed-item.ts";
import { createPublisher } from "./publisher.ts";

const T: ChangeSet = { ...NO_CHANGE, tables: ["app.t"] };
const DDL: ChangeSet = { ...NO_CHANGE, schemas: ["app"] };

test("every item takes the next place and is told in order", () => {
  const items: FeedItem[] = [];
  const publisher = createPublisher({ epoch: "e", ringMax: 10, onItem: (item) => items.push(item) });
  expect([publisher.publish(T), publisher.openDoubt("w", T), publisher.settleDoubt("w")]).toEqual([1, 2, 3]);
  expect(items.map(({ kind, seq }) => [kind, seq])).toEqual([
    ["change", 1],
    ["doubt", 2],
    ["settled", 3],
  ]);
  expect(publisher.position()).toEqual({ epoch: "e", seq: 3 });
});

test("a change of nothing takes no place", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 10 });
  publisher.publish(T);
  expect(publisher.publish(NO_CHANGE)).toBe(1);
  expect(publisher.settleDoubt("never opened")).toBe(1);
});

test("the ring replays exactly what is missing, or says reset", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 3 });
  for (let count = 0; count < 5; count += 1) publisher.publish(T);
  const seqs = (after: number): unknown => {
    const items = publisher.replay({ epoch: "e", seq: after });
    return items === "reset" ? items : items.map(({ seq }) => seq);
  };
  expect([seqs(5), seqs(3), seqs(2), seqs(1), seqs(6)]).toEqual([[], [4, 5], [3, 4, 5], "reset", "reset"]);
  expect(publisher.replay({ epoch: "f", seq: 5 })).toBe("reset");
  expect(publisher.replay(null)).toBe("reset");
});

test("a feed that starts over is told the open doubts", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 3 });
  publisher.openDoubt("w", T);
  expect(publisher.welcome(null)).toEqual({
    welcome: { epoch: "e", seq: 1, resumed: false, doubts: [{ id: "w", change: T }] },
    items: [],
  });
  expect(publisher.welcome({ epoch: "e", seq: 1 }).welcome).toEqual({ epoch: "e", seq: 1, resumed: true });
});

test("doubts beyond the bound are one on everything until all of them are settled", () => {
  const items: FeedItem[] = [];
  const publisher = createPublisher({
    epoch: "e",
    ringMax: 9,
    doubtMax: 1,
    onItem: (item) => items.push(item),
  });
  publisher.openDoubt("a", T);
  publisher.openDoubt("b", T);
  publisher.openDoubt("c", T);
  expect(publisher.openDoubts().map(({ change }) => change)).toEqual([T, EVERYTHING]);
  publisher.settleDoubt("b");
  expect(publisher.openDoubts()).toHaveLength(2);
  publisher.settleDoubt("c");
  expect(publisher.openDoubts()).toHaveLength(1);
  expect(items.map(({ kind }) => kind)).toEqual(["doubt", "doubt", "settled"]);
});

test("a change of too many rows becomes its tables, of too many tables everything", () => {
  const items: FeedItem[] = [];
  const publisher = createPublisher({
    epoch: "e",
    ringMax: 9,
    changeKeysMax: 2,
    onItem: (item) => items.push(item),
  });
  const key = (value: string) => ({ table: "app.t", column: "id", value });
  publisher.publish({ ...NO_CHANGE, keys: [key("1"), key("2"), key("3")] });
  publisher.publish({ ...NO_CHANGE, tables: ["app.a", "app.b", "app.c"] });
  expect(items.map((item) => item.kind === "change" && item.change)).toEqual([T, EVERYTHING]);
});

test("the catalogue is good for the present until a definition changes, then until it is loaded anew (R11)", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 9 });
  expect([publisher.catalogueSeq(), publisher.isCatalogueStale()]).toEqual([null, true]);
  publisher.catalogueLoaded(0);
  publisher.publish(T);
  expect([publisher.catalogueSeq(), publisher.isCatalogueStale()]).toEqual([1, false]);
  publisher.publish(DDL);
  publisher.publish(T);
  expect([publisher.catalogueSeq(), publisher.isCatalogueStale()]).toEqual([0, true]);
  // Read before the change was published: it may lack it.
  publisher.catalogueLoaded(1);
  expect([publisher.catalogueSeq(), publisher.isCatalogueStale()]).toEqual([1, true]);
  publisher.catalogueLoaded(2);
  expect([publisher.catalogueSeq(), publisher.isCatalogueStale()]).toEqual([3, false]);
});

test("a definition in doubt makes the catalogue stale when the doubt opens and when it ends", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 9 });
  publisher.catalogueLoaded(0);
  publisher.openDoubt("w", DDL);
  expect(publisher.isCatalogueStale()).toBe(true);
  publisher.catalogueLoaded(1);
  expect(publisher.isCatalogueStale()).toBe(false);
  publisher.settleDoubt("w");
  expect(publisher.isCatalogueStale()).toBe(true);
});

test("what merely runs makes the catalogue stale when it has ended, unless it is proven to have changed nothing", () => {
  const publisher = createPublisher({ epoch: "e", ringMax: 9 });
  publisher.catalogueLoaded(0);
  publisher.openDoubt("running", DDL, true);
  expect(publisher.isCatalogueStale()).toBe(false);
  publisher.settleDoubt("running", NO_CHANGE);
  expect([publisher.isCatalogueStale(), publisher.openDoubts()]).toEqual([false, []]);
  publisher.openDoubt("running", DDL, true);
  publisher.settleDoubt("running");
  expect(publisher.isCatalogueStale()).toBe(true);
});
