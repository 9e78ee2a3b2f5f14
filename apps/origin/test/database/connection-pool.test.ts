import { RockpoolError } from "@rockpool/base";
import { beforeEach, expect, test } from "vitest";
import {
  type ConnectionPool,
  type ConnectionPoolOptions,
  createConnectionPool,
} from "../../src/database/connection-pool.ts";
import type { PoolPurpose } from "../../src/database/pool-port.ts";
import { type FakeConnection, FakeServer, settle, VirtualTime } from "./fake-connections.ts";

// The scheduling of the pool alone: a fake server and virtual time.

let time: VirtualTime;
let server: FakeServer;

beforeEach(() => {
  time = new VirtualTime();
  server = new FakeServer();
});

function createPool(
  changes: Partial<ConnectionPoolOptions<FakeConnection>> = {},
): ConnectionPool<FakeConnection> {
  return createConnectionPool({
    mainAccount: "main",
    connect: server.connect,
    clock: time,
    timers: time,
    random: { next: () => 0.5 },
    ...changes,
  });
}

const NO_WARM = { minWarm: 0 };

/** A wish, and what became of it so far. */
function ask(
  pool: ConnectionPool<FakeConnection>,
  login = "app",
  purpose: PoolPurpose = "shared",
  more: { account?: string; stateHash?: string; deadline?: number; signal?: AbortSignal } = {},
) {
  const wish = { connection: null as FakeConnection | null, code: null as string | null };
  pool.acquire({ account: "main", login, purpose, ...more }).then(
    (connection) => {
      wish.connection = connection;
    },
    (error: unknown) => {
      wish.code = error instanceof RockpoolError ? error.code : String(error);
    },
  );
  return wish;
}

function give(
  pool: ConnectionPool<FakeConnection>,
  wish: { connection: FakeConnection | null },
  reset = false,
): void {
  if (wish.connection === null) throw new Error("was not granted");
  pool.release(wish.connection, { reset });
}

test("opens the warm minimum by itself, and again after losing one", async () => {
  const pool = createPool();
  await settle();
  expect(pool.stats()).toMatchObject({ total: 2, idle: 2 });

  server.open[0]?.break(new RockpoolError("database-lost"));
  expect(pool.stats().total).toBe(1);
  await time.advance(1_000);

  expect(pool.stats()).toMatchObject({ total: 2, idle: 2 });
});

test("never has more than its maximum, and uses what is idle before opening", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 3 } });
  const first = ask(pool);
  await settle();
  give(pool, first);
  const wishes = Array.from({ length: 10 }, () => ask(pool));
  await settle();

  expect(server.attemptCount).toBe(3);
  expect(wishes.filter((wish) => wish.connection !== null)).toHaveLength(3);
  expect(pool.stats()).toMatchObject({ total: 3, shared: 3, waiting: 7 });
});

test("serves logins round robin, and each in its own order", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1 } });
  let held = ask(pool, "first");
  await settle();
  const waiting = ["a", "a", "a", "b", "b", "c"].map((login, index) => ({
    name: `${login}${index}`,
    wish: ask(pool, login),
  }));
  const order: string[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    give(pool, held);
    await settle();
    const next = waiting.find(({ name, wish }) => wish.connection !== null && !order.includes(name));
    if (next === undefined) throw new Error("nobody was served");
    order.push(next.name);
    held = next.wish;
  }

  expect(order).toEqual(["a0", "b3", "c5", "a1", "b4", "a2"]);
});

test("at most the pin maximum is pinned; the rest serves those who share at once", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 5, pinnedMax: 3 } });
  const pins = Array.from({ length: 4 }, () => ask(pool, "app", "pinned"));
  await settle();
  const shared = [ask(pool), ask(pool)];
  await settle();

  expect(pins.map((pin) => pin.connection !== null)).toEqual([true, true, true, false]);
  expect(shared.every((wish) => wish.connection !== null)).toBe(true);
  expect(pool.stats()).toMatchObject({ pinned: 3, shared: 2, waitingForPin: 1 });

  await time.advance(10_000);
  expect(pins[3]?.code).toBe("pool-exhausted");
});

test("a pin slot is free again only when the reset is over", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 3, pinnedMax: 1 } });
  const first = ask(pool, "app", "pinned");
  await settle();
  const second = ask(pool, "app", "pinned");
  const finish = Promise.withResolvers<void>();
  if (first.connection !== null) first.connection.onReset = () => finish.promise;
  give(pool, first, true);
  await settle();
  expect(pool.stats()).toMatchObject({ resetting: 1, waitingForPin: 1 });

  finish.resolve();
  await settle();
  expect(second.connection).toBe(first.connection);
});

test("a shared connection can become a pinned one while slots last", async () => {
  const pool = createPool({ limits: { ...NO_WARM, pinnedMax: 1 } });
  const [one, two] = [ask(pool), ask(pool)];
  await settle();
  if (one.connection === null || two.connection === null) throw new Error("not granted");

  expect(pool.tryPin(one.connection)).toBe(true);
  expect(pool.tryPin(one.connection)).toBe(true);
  expect(pool.tryPin(two.connection)).toBe(false);
  give(pool, one, true);
  await settle();
  expect(pool.tryPin(two.connection)).toBe(true);
});

test("whoever waits too long is told so, and a nearer deadline is told apart", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1 } });
  ask(pool);
  await settle();
  const patient = ask(pool);
  const hurried = ask(pool, "app", "shared", { deadline: time.now() + 500 });
  await time.advance(500);
  expect(hurried.code).toBe("deadline-expired");
  await time.advance(9_499);
  expect(patient.code).toBeNull();
  await time.advance(1);

  expect(patient.code).toBe("pool-exhausted");
  expect(pool.stats()).toMatchObject({ waiting: 0, waitTimeoutCount: 2 });
});

test("the queue is bounded", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1, waitersMax: 3 } });
  ask(pool);
  await settle();
  const wishes = Array.from({ length: 5 }, () => ask(pool));
  await settle();

  expect(wishes.map((wish) => wish.code)).toEqual([null, null, null, "pool-exhausted", "pool-exhausted"]);
});

test("an aborted or abandoned wish costs nobody a connection", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1 } });
  const held = ask(pool);
  await settle();
  const controller = new AbortController();
  const aborted = ask(pool, "a", "shared", { signal: controller.signal });
  let gone = false;
  const abandoned = pool
    .acquire({ account: "main", login: "b", purpose: "shared", isAbandoned: () => gone })
    .catch((error: RockpoolError) => error.code);
  const last = ask(pool, "c");
  controller.abort();
  gone = true;
  give(pool, held);
  await settle();

  expect(aborted.code).toBe("cancelled");
  expect(await abandoned).toBe("cancelled");
  expect(last.connection).toBe(held.connection);
});

test("an idle connection of another account makes room, the one idle longest first", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 2 } });
  const [older, newer] = [ask(pool), ask(pool)];
  await settle();
  give(pool, older);
  await time.advance(5);
  give(pool, newer);
  const other = ask(pool, "app", "shared", { account: "other" });
  await settle();

  expect(other.connection?.account).toBe("other");
  expect(older.connection?.closedHow).toBe("closed");
  expect(newer.connection?.brokenBy).toBeNull();
  expect(pool.stats().total).toBe(2);
});

test("prefers a connection that has the wanted state applied, then one in the base state", async () => {
  const pool = createPool({ limits: NO_WARM });
  const wishes = [ask(pool), ask(pool), ask(pool)];
  await settle();
  const [plain, utc, cet] = wishes.map((wish) => wish.connection);
  if (utc) utc.appliedState = "utc";
  if (cet) cet.appliedState = "cet";
  for (const wish of wishes) give(pool, wish);
  const wantsUtc = ask(pool, "app", "shared", { stateHash: "utc" });
  const wantsOther = ask(pool, "app", "shared", { stateHash: "other" });
  await settle();

  expect(wantsUtc.connection).toBe(utc);
  expect(wantsOther.connection).toBe(plain);
});

test("a released connection is reset when asked for or dirty, and closed when busy", async () => {
  const pool = createPool({ limits: NO_WARM });
  const [asked, dirty, busy, plain] = [ask(pool), ask(pool), ask(pool), ask(pool)];
  await settle();
  if (dirty.connection) dirty.connection.dirty = true;
  if (busy.connection) busy.connection.busy = true;
  give(pool, asked, true);
  give(pool, dirty);
  give(pool, busy);
  give(pool, plain);
  await settle();

  expect([asked, dirty, plain].map((wish) => wish.connection?.resetCount)).toEqual([1, 1, 0]);
  expect(busy.connection?.closedHow).toBe("destroyed");
  expect(pool.stats()).toMatchObject({ total: 3, idle: 3 });
});

test("a reset that fails or hangs loses the connection, and its place is used again", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1 } });
  const failing = ask(pool);
  await settle();
  if (failing.connection) failing.connection.onReset = () => Promise.reject(new Error("no"));
  give(pool, failing, true);
  const hanging = ask(pool);
  await settle();
  if (hanging.connection) hanging.connection.onReset = () => new Promise(() => {});
  give(pool, hanging, true);
  const last = ask(pool);
  await time.advance(2_999);
  expect(last.connection).toBeNull();
  await time.advance(1);

  expect(hanging.connection?.closedHow).toBe("destroyed");
  expect(last.connection).not.toBeNull();
});

test("a connection that breaks in use frees its place at once; its late release is nothing", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1, pinnedMax: 1 } });
  const broken = ask(pool, "app", "pinned");
  await settle();
  const next = ask(pool, "app", "pinned");
  broken.connection?.destroy();
  await settle();

  expect(next.connection).not.toBeNull();
  expect(() => give(pool, broken)).not.toThrow();
  expect(() => {
    give(pool, next);
    give(pool, next);
  }).toThrow("released twice");
});

test("closes what was idle for long, down to the warm minimum, and replaces what is old", async () => {
  const pool = createPool({ limits: { minWarm: 1 } });
  const wishes = [ask(pool), ask(pool), ask(pool)];
  await settle();
  for (const wish of wishes) give(pool, wish);
  await time.advance(601_000);
  expect(pool.stats()).toMatchObject({ total: 1, idle: 1 });
  const survivor = server.open[0];
  await time.advance(1_200_000);

  expect(survivor?.closedHow).toBe("closed");
  expect(pool.stats()).toMatchObject({ total: 1, idle: 1 });
});

test("does not wait for the server's own idle limit", async () => {
  const pool = createPool({ limits: NO_WARM });
  const wish = ask(pool);
  await settle();
  if (wish.connection) wish.connection.serverIdleTimeoutMs = 60_000;
  give(pool, wish);
  await time.advance(31_000);

  expect(wish.connection?.closedHow).toBe("closed");
});

test("an old connection in use is replaced when it is released", async () => {
  const pool = createPool({ limits: { ...NO_WARM, ageMaxMs: 10_000 } });
  const wish = ask(pool);
  await settle();
  await time.advance(11_001);
  expect(wish.connection?.closedHow).toBeNull();
  give(pool, wish);

  expect(wish.connection?.closedHow).toBe("closed");
});

test("a dead database is told to everybody at once and asked by one at a time", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 4 } });
  server.failure = new RockpoolError("database-unreachable");
  const early = Array.from({ length: 50 }, () => ask(pool));
  await settle();
  expect(early.every((wish) => wish.code === "database-unreachable")).toBe(true);
  expect(server.attemptCount).toBe(4);

  await time.advance(5_000);
  server.isSlow = true;
  const late = Array.from({ length: 50 }, () => ask(pool));
  await settle();
  expect(server.attemptCount).toBe(5);
  server.failure = null;
  server.release();
  await settle();

  expect(late.filter((wish) => wish.connection !== null)).toHaveLength(4);
  expect(late.filter((wish) => wish.code !== null)).toHaveLength(0);
});

test("an account that cannot log in does not disturb the others", async () => {
  const pool = createPool({
    limits: NO_WARM,
    connect: (account) =>
      account === "bad" ? Promise.reject(new RockpoolError("database-unreachable")) : server.connect(account),
  });
  const bad = ask(pool, "app", "shared", { account: "bad" });
  const good = ask(pool);
  await settle();

  expect(bad.code).toBe("database-unreachable");
  expect(good.connection).not.toBeNull();
});

test("when the server has no room for more, the pool goes on with what it has", async () => {
  const pool = createPool({ limits: NO_WARM });
  const first = ask(pool);
  await settle();
  server.failure = new RockpoolError("pool-exhausted");
  const second = ask(pool);
  await settle();
  expect(second.code).toBeNull();
  give(pool, first);
  await settle();

  expect(second.connection).toBe(first.connection);
});

test("another server run drains the pool before anybody gets its connection (R9)", async () => {
  const events: string[] = [];
  const pool = createPool({
    limits: NO_WARM,
    onIdentityChange: (now, before) =>
      events.push(`${before.startedAtSec}>${now.startedAtSec} of ${pool.stats().total}`),
  });
  const [busy, idle] = [ask(pool), ask(pool)];
  await settle();
  give(pool, idle);
  await settle();
  const taken = ask(pool);
  await settle();
  server.identity = { ...server.identity, startedAtSec: 2_000 };
  const fresh = ask(pool);
  await settle();

  expect(events).toEqual(["1000>2000 of 2"]);
  expect(taken.connection && pool.isCurrent(taken.connection)).toBe(false);
  expect(fresh.connection && pool.isCurrent(fresh.connection)).toBe(true);
  give(pool, busy);
  expect(busy.connection?.closedHow).toBe("closed");
});

test("closing refuses who waits, and waits for who works", async () => {
  const pool = createPool({ limits: { ...NO_WARM, max: 1 } });
  const held = ask(pool);
  await settle();
  const waiting = ask(pool);
  let closed = false;
  void pool.close(5_000).then(() => {
    closed = true;
  });
  await settle();
  expect(waiting.code).toBe("shutting-down");
  expect(closed).toBe(false);
  give(pool, held);
  await settle();

  expect(closed).toBe(true);
  expect(ask(pool)).toMatchObject({ connection: null });
});

test("closing cuts what does not come back in time", async () => {
  const pool = createPool({ limits: NO_WARM });
  const held = ask(pool);
  await settle();
  const closed = pool.close(5_000);
  await time.advance(5_000);
  await closed;

  expect(held.connection?.closedHow).toBe("destroyed");
});
