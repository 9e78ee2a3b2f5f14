import type { FeedResponder } from "@rockpool/backhaul";
import { ALL_RIGHTS, type ChangeSet } from "@rockpool/base";
import {
  BACKHAUL_VERSION,
  decodeFeedMessage,
  FrameDecoder,
  type FeedMessage,
} from "@rockpool/protocol/backhaul";
import { describe, expect, test } from "vitest";
import { createTtlSource } from "../src/change-source.ts";
import { FeedHub } from "../src/feed-hub.ts";
import { VirtualTime } from "./database/fake-connections.ts";

const T: ChangeSet = { everything: false, schemas: [], tables: ["app.t"], keys: [] };
const CLOSED = { open: false, mayHaveEnded: false };
const LOGINS = [
  {
    name: "shop",
    verifier: "$scrypt$…",
    schema: "app",
    account: "shop_db",
    rights: ALL_RIGHTS,
    networks: [],
    limits: {
      connectionsMax: 0,
      concurrentStatementsMax: 0,
      statementsPerSecondMax: 0,
      bytesPerSecondMax: 0,
    },
  },
];
const CATALOGUE = { lowerCaseTableNames: 0, schemas: [] };

/** An edge's feed as the hub sees it. */
class FakeFeed implements FeedResponder {
  readonly messages: FeedMessage[] = [];
  readonly #decoder = new FrameDecoder(1_000_000);
  isClosed = false;
  /** The edge does not read any more. */
  isFull = false;

  send(frame: Uint8Array): boolean {
    if (this.isFull || this.isClosed) return false;
    this.#decoder.push(frame, (decoded) => this.messages.push(decodeFeedMessage(decoded)));
    return true;
  }

  close(): void {
    this.isClosed = true;
  }

  get kinds(): string[] {
    return this.messages.map(({ kind }) => kind);
  }
}

function open(ringMax = 100) {
  const time = new VirtualTime();
  let epochCount = 0;
  let logins = LOGINS;
  const changes = createTtlSource({
    createEpoch: () => `e${++epochCount}`,
    ringMax,
    transactionMax: 10,
    onItem: (item) => hub.item(item),
  });
  const hub: FeedHub = new FeedHub({
    instance: "origin-1",
    tokenKey: "abcd",
    logins: () => logins,
    clock: time,
    changes: () => changes,
    isDatabaseUp: () => true,
  });
  const join = (epoch: string | null = null, applied = 0, version = BACKHAUL_VERSION) => {
    const feed = new FakeFeed();
    const handlers = hub.open(feed);
    handlers.onRequest({ kind: "hello", hello: { version, epoch, applied } });
    return { feed, handlers };
  };
  const write = (change = T) => void changes.answered("1", change, CLOSED);
  const setLogins = (next: typeof LOGINS): void => {
    logins = next;
  };
  return { time, changes, hub, join, write, setLogins };
}

describe("a welcome", () => {
  test("is followed by the catalogue, the logins, the profiles, in this order", () => {
    const { hub, join, write } = open();
    write();
    hub.catalogue(1, CATALOGUE);
    hub.profile("shop_db", "p1", "STRICT_TRANS_TABLES");
    hub.profile("other_db", "p2", "");
    const { feed } = join();
    expect(feed.kinds).toEqual(["welcome", "catalogue", "logins", "profile", "profile"]);
    expect(feed.messages[0]).toEqual({
      kind: "welcome",
      version: BACKHAUL_VERSION,
      instance: "origin-1",
      consistency: "ttl",
      tokenKey: "abcd",
      epoch: "e1",
      seq: 1,
      resumed: false,
      doubts: [],
    });
    expect(feed.messages.slice(1)).toEqual([
      { kind: "catalogue", seq: 1, data: CATALOGUE },
      { kind: "logins", logins: LOGINS },
      { kind: "profile", account: "shop_db", profile: "p1", sqlMode: "STRICT_TRANS_TABLES" },
      { kind: "profile", account: "other_db", profile: "p2", sqlMode: "" },
    ]);
    expect(hub.feedCount).toBe(1);
  });

  test("before the first catalogue says that there is none", () => {
    const { feed } = open().join();
    expect(feed.messages[1]).toEqual({ kind: "catalogue", seq: 0, data: null });
  });

  test("replays what the edge missed, right behind it", () => {
    const { join, write } = open();
    for (let count = 0; count < 5; count++) write();
    const { feed } = join("e1", 2);
    expect(feed.messages[0]).toMatchObject({ seq: 2, resumed: true });
    expect(feed.kinds).toEqual(["welcome", "change", "change", "change", "catalogue", "logins"]);
    expect(feed.messages.slice(1, 4).map((item) => "seq" in item && item.seq)).toEqual([3, 4, 5]);
  });

  test.each([
    ["the ring does not reach back so far", "e1", 2],
    ["it is another epoch's position", "e0", 5],
    ["it is a position that never was", "e1", 99],
    ["the edge has none", null, 0],
  ])("starts anew when %s, with the doubts that are open", (_name, epoch, applied) => {
    const { changes, join, write } = open(3);
    for (let count = 0; count < 9; count++) write();
    changes.lost("2", T, new Promise(() => {}));
    const { feed } = join(epoch, applied);
    expect(feed.messages[0]).toMatchObject({ seq: 10, resumed: false, doubts: [{ change: T }] });
    expect(feed.kinds).toEqual(["welcome", "catalogue", "logins"]);
  });

  test("is refused to another version, and to one who has been welcomed", () => {
    const { hub, join } = open();
    const { feed } = join(null, 0, BACKHAUL_VERSION + 1);
    expect([feed.kinds, feed.isClosed, hub.feedCount]).toEqual([[], true, 0]);
    const twice = join();
    twice.handlers.onRequest({
      kind: "hello",
      hello: { version: BACKHAUL_VERSION, epoch: null, applied: 0 },
    });
    expect(twice.feed.isClosed).toBe(true);
  });

  test("that the edge cannot take is its end", () => {
    const { hub } = open();
    const feed = new FakeFeed();
    feed.isFull = true;
    hub
      .open(feed)
      .onRequest({ kind: "hello", hello: { version: BACKHAUL_VERSION, epoch: null, applied: 0 } });
    expect(hub.feedCount).toBe(0);
  });
});

describe("what all edges hear", () => {
  test("is the same, in the same order, without a gap", () => {
    const { hub, join, write } = open();
    const first = join();
    write();
    const second = join();
    write();
    hub.catalogue(2, CATALOGUE);
    hub.profile("shop_db", "p1", "");
    write();
    const after = ({ messages }: FakeFeed, kinds: string[]) =>
      messages.filter(({ kind }) => kinds.includes(kind));
    expect(after(first.feed, ["change"]).map((item) => "seq" in item && item.seq)).toEqual([1, 2, 3]);
    expect(after(second.feed, ["change"]).map((item) => "seq" in item && item.seq)).toEqual([2, 3]);
    for (const { feed } of [first, second])
      expect(feed.kinds.slice(-4)).toEqual(["change", "catalogue", "profile", "change"]);
  });

  test("a profile only when it differs from the last one", () => {
    const { hub, join } = open();
    const { feed } = join();
    for (const profile of ["p1", "p1", "p2", "p2", "p1"])
      hub.profile("shop_db", profile, `mode of ${profile}`);
    expect(feed.messages.flatMap((item) => (item.kind === "profile" ? [item.profile] : []))).toEqual([
      "p1",
      "p2",
      "p1",
    ]);
    expect([hub.sqlModeOf("shop_db"), hub.sqlModeOf("else")]).toEqual(["mode of p1", ""]);
  });

  test("an edge that does not keep up is dropped, the others go on", () => {
    const { hub, join, write } = open();
    const slow = join();
    const quick = join();
    slow.feed.isFull = true;
    write();
    expect(hub.feedCount).toBe(1);
    slow.feed.isFull = false;
    write();
    expect(slow.feed.kinds).toEqual(["welcome", "catalogue", "logins"]);
    expect(quick.feed.kinds.slice(-2)).toEqual(["change", "change"]);
  });

  test("an edge that left is not spoken to", () => {
    const { hub, join, write } = open();
    const { feed, handlers } = join();
    handlers.onClosed();
    write();
    expect([feed.kinds.length, hub.feedCount]).toEqual([3, 0]);
  });
});

describe("a heartbeat", () => {
  test("is answered with the position now, behind all that was published before it (R1)", async () => {
    const { time, join, write } = open();
    const { feed, handlers } = join();
    write();
    await time.advance(20);
    handlers.onRequest({ kind: "ping", id: 9 });
    expect(feed.messages.slice(-2)).toEqual([
      { kind: "change", seq: 1, change: T },
      { kind: "pong", id: 9, originNow: 20, epoch: "e1", seq: 1, sampleAgeMs: 0, databaseUp: true },
    ]);
  });

  test("before the hello, or after the feed was dropped, has no answer", () => {
    const { hub, join } = open();
    const feed = new FakeFeed();
    hub.open(feed).onRequest({ kind: "ping", id: 1 });
    const dropped = join();
    hub.dropAll();
    dropped.handlers.onRequest({ kind: "ping", id: 1 });
    expect([feed.kinds, dropped.feed.kinds.includes("pong")]).toEqual([[], false]);
  });
});

test("a new epoch sends every edge away; who comes back hears nothing of the old one", () => {
  const { changes, hub, join, write } = open();
  write();
  hub.catalogue(1, CATALOGUE);
  hub.profile("shop_db", "p1", "");
  const { feed } = join();
  changes.startEpoch();
  hub.dropAll();
  expect([feed.isClosed, hub.feedCount, hub.sqlModeOf("shop_db")]).toEqual([true, 0, ""]);
  write();
  const back = join("e1", 1);
  expect(back.feed.messages.slice(0, 2)).toEqual([
    expect.objectContaining({ kind: "welcome", epoch: "e2", seq: 1, resumed: false }),
    { kind: "catalogue", seq: 0, data: null },
  ]);
  expect(back.feed.kinds).toEqual(["welcome", "catalogue", "logins"]);
});

test("a new list of logins is told to every edge, and to those that come later", () => {
  const { hub, join, setLogins } = open();
  const { feed } = join();
  setLogins([]);
  hub.loginsChanged();
  expect(feed.messages.at(-1)).toEqual({ kind: "logins", logins: [] });
  expect(join().feed.messages.at(-1)).toEqual({ kind: "logins", logins: [] });
});
