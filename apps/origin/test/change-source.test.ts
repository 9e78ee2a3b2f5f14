import type { ChangeSet } from "@rockpool/base";
import type { FeedItem } from "@rockpool/freshness";
import { expect, test } from "vitest";
import { createTtlSource } from "../src/change-source.ts";
import { settle } from "./database/fake-connections.ts";

const T: ChangeSet = { everything: false, schemas: [], tables: ["app.t"], keys: [] };
const U: ChangeSet = { everything: false, schemas: [], tables: ["app.u"], keys: [] };
const CLOSED = { open: false, mayHaveEnded: false };

function open() {
  const items: FeedItem[] = [];
  let epochCount = 0;
  const source = createTtlSource({
    createEpoch: () => `e${++epochCount}`,
    ringMax: 100,
    transactionMax: 10,
    onItem: (item) => items.push(item),
  });
  let end: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { items, source, gone, end: () => end() };
}

test("a change is published before its answer may go", async () => {
  const { items, source } = open();
  const carried = source.answered("1", T, CLOSED);
  expect(items).toEqual([{ kind: "change", seq: 1, change: T }]);
  expect(await carried).toMatchObject({ epoch: "e1", seq: 1, change: T });
  expect([source.consistency, source.sampleAgeMs()]).toEqual(["ttl", 0]);
});

test("a lost connection's tables are in doubt until its thread is gone", async () => {
  const { items, source, gone, end } = open();
  source.lost("1", T, gone);
  expect(items.map(({ kind }) => kind)).toEqual(["doubt"]);
  expect(source.publisher.openDoubts().map(({ change }) => change)).toEqual([T]);
  await settle();
  expect(items.length).toBe(1);
  end();
  await settle();
  expect(items.map(({ kind }) => kind)).toEqual(["doubt", "settled"]);
  expect(source.publisher.openDoubts()).toEqual([]);
});

test("an idle connection that is lost is no news", async () => {
  const { items, source, gone, end } = open();
  source.lost("1", { everything: false, schemas: [], tables: [], keys: [] }, gone);
  end();
  await settle();
  expect(items).toEqual([]);
});

test("a doubt of an epoch that is over settles where it was opened: nobody hears of it in the next one", async () => {
  const { items, source, gone, end } = open();
  source.lost("1", T, gone);
  const old = source.publisher;
  source.startEpoch();
  expect(source.publisher.position()).toEqual({ epoch: "e2", seq: 0 });
  expect(source.publisher.openDoubts()).toEqual([]);
  await source.answered("1", U, CLOSED);
  end();
  await settle();
  expect(items).toEqual([
    expect.objectContaining({ kind: "doubt", seq: 1 }),
    { kind: "change", seq: 1, change: U },
  ]);
  expect(source.publisher.position()).toEqual({ epoch: "e2", seq: 1 });
  expect([old.position(), old.openDoubts()]).toEqual([{ epoch: "e1", seq: 2 }, []]);
});

test("what was open in an epoch that is over is not published in the next one by name", async () => {
  const { items, source } = open();
  await source.answered("1", T, { open: true, mayHaveEnded: false });
  source.startEpoch();
  items.length = 0;
  // Every edge has dropped all it had; the COMMIT itself alters nothing more.
  expect(await source.answered("1", { ...T, tables: [] }, { open: false, mayHaveEnded: true })).toBeNull();
  expect(items).toEqual([]);
});
