import { type ChangeSet, EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { expect, test } from "vitest";

import type { FeedItem } from "./feed-item.ts";
import { createPublisher } from "./publisher.ts";
import { createTtlChangeSource, type TtlChangeSource } from "./ttl-change-source.ts";

const T: ChangeSet = { ...NO_CHANGE, tables: ["app.t"] };
const U: ChangeSet = { ...NO_CHANGE, tables: ["app.u"] };
const DDL: ChangeSet = { ...NO_CHANGE, schemas: ["app"] };
const OPEN = { open: true, mayHaveEnded: false };
const ENDED = { open: false, mayHaveEnded: true };

function createSource(transactionMax = 10): { source: TtlChangeSource; items: FeedItem[] } {
  const items: FeedItem[] = [];
  const publisher = createPublisher({ epoch: "e", ringMax: 100, onItem: (item) => items.push(item) });
  return { source: createTtlChangeSource(publisher, { transactionMax }), items };
}

test("an autocommit write is published once, and its answer carries it", () => {
  const { source, items } = createSource();
  expect(source.answered("1", T, ENDED)).toEqual({ epoch: "e", seq: 1, change: T });
  expect(items).toHaveLength(1);
});

test("a statement without effect publishes nothing", () => {
  const { source, items } = createSource();
  expect(source.answered("1", NO_CHANGE, ENDED)).toBeNull();
  expect(items).toHaveLength(0);
});

test("in a transaction each statement is published, and the union again at its end (R14)", () => {
  const { source } = createSource();
  source.answered("1", T, OPEN);
  source.answered("1", U, OPEN);
  const end = source.answered("1", NO_CHANGE, ENDED);
  expect(end).toMatchObject({ seq: 3, change: { tables: ["app.t", "app.u"] } });
  expect([source.openCount, source.answered("1", NO_CHANGE, ENDED)]).toEqual([0, null]);
});

test("an implicit commit publishes the transaction with the statement that ended it", () => {
  const { source } = createSource();
  source.answered("1", T, OPEN);
  expect(source.answered("1", DDL, ENDED)?.change).toMatchObject({ tables: ["app.t"], schemas: ["app"] });
});

test("BEGIN inside a transaction, or COMMIT AND CHAIN, publishes the union although one is open after it", () => {
  const { source } = createSource();
  source.answered("1", T, OPEN);
  expect(source.answered("1", NO_CHANGE, { open: true, mayHaveEnded: true })?.change).toEqual(T);
});

test("transactions of different connections do not mix", () => {
  const { source } = createSource();
  source.answered("1", T, OPEN);
  source.answered("2", U, OPEN);
  expect(source.answered("1", NO_CHANGE, ENDED)?.change).toEqual(T);
});

test("an unknown outcome is in doubt until the thread is gone, with all that its transaction did", () => {
  const { source, items } = createSource();
  source.answered("1", T, OPEN);
  const doubt = source.lost("1", U);
  expect(items.at(-1)).toMatchObject({ kind: "doubt", change: { tables: ["app.t", "app.u"] } });
  expect(source.gone(doubt ?? "")).toBe(3);
  expect(items.at(-1)).toMatchObject({ kind: "settled", seq: 3 });
});

test("a connection lost with nothing at stake leaves no doubt", () => {
  const { source } = createSource();
  expect(source.lost("1", NO_CHANGE)).toBeNull();
});

test("while DDL runs, what it alters is in doubt; other statements open none", () => {
  const { source, items } = createSource();
  source.starting("1", T);
  expect(items).toHaveLength(0);
  source.starting("1", DDL);
  expect(items.at(-1)).toMatchObject({ kind: "doubt", change: DDL });
  source.answered("1", DDL, ENDED);
  expect(items.map(({ kind }) => kind)).toEqual(["doubt", "settled", "change"]);
});

test("DDL whose connection is lost stays in doubt without a gap", () => {
  const { source, items } = createSource();
  source.starting("1", DDL);
  const doubt = source.lost("1", DDL);
  expect(items.map(({ kind }) => kind)).toEqual(["doubt", "doubt", "settled"]);
  source.gone(doubt ?? "");
  expect(items.at(-1)).toMatchObject({ kind: "settled", id: doubt });
});

test("more open transactions than are remembered: an end that is not known means everything", () => {
  const { source } = createSource(1);
  source.answered("1", T, OPEN);
  source.answered("2", U, OPEN);
  expect(source.answered("2", NO_CHANGE, ENDED)?.change).toEqual(EVERYTHING);
  expect(source.answered("1", NO_CHANGE, ENDED)?.change).toEqual(T);
});

test("DDL that is proven to have altered nothing withdraws its doubt; what its transaction did is published before that", () => {
  const { source, items } = createSource();
  source.answered("1", T, OPEN);
  source.starting("1", DDL);
  expect(source.answered("1", NO_CHANGE, { ...ENDED, alteredNothing: true })).toMatchObject({ change: T });
  expect(items.slice(1)).toEqual([
    { kind: "doubt", seq: 2, id: "1/running", change: { ...DDL, tables: ["app.t"] } },
    { kind: "change", seq: 3, change: T },
    { kind: "settled", seq: 4, id: "1/running", change: NO_CHANGE },
  ]);
  source.answered("2", T, OPEN);
  source.overdue("2", U);
  expect(source.answered("2", NO_CHANGE, { ...OPEN, alteredNothing: true })).toBeNull();
  expect(source.openCount).toBe(1);
});
