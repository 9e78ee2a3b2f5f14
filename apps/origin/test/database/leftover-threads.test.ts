import { Buffer } from "node:buffer";
import { RockpoolError } from "@rockpool/base";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { createLogger } from "@rockpool/telemetry";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import {
  type LeftoverOptions,
  type LeftoverThreads,
  watchLeftoverThreads,
} from "../../src/database/leftover-threads.ts";
import { DISCARD } from "../../src/database/result-sink.ts";
import { adminAccount, openAdminConnection, realTimers, selectText } from "./fixtures.ts";

let database: PrivateDatabase;
let admin: DatabaseConnection;
const opened: DatabaseConnection[] = [];
const watches: LeftoverThreads[] = [];

beforeAll(async () => {
  database = await openPrivateDatabase();
  admin = await openAdminConnection(database);
});
afterEach(async () => {
  for (const each of watches.splice(0)) each.close();
  for (const connection of opened.splice(0)) {
    connection.destroy();
    await admin.execute(Buffer.from(`KILL ${connection.threadId}`), DISCARD);
  }
  const left = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'";
  await vi.waitUntil(async () => (await selectText(admin, left))[0]?.[0] === "0", 5_000);
});
afterAll(async () => {
  admin?.destroy();
  await database?.stop();
});

/** Another connection of the same account, as an earlier life or another program has one. */
async function openOther(): Promise<DatabaseConnection> {
  const connection = await openAdminConnection(database);
  opened.push(connection);
  return connection;
}

/** Starts `sql` on `on` and resolves when the server runs it. */
async function start(on: DatabaseConnection, sql: string): Promise<{ readonly done: Promise<unknown> }> {
  const done = on.execute(Buffer.from(sql), DISCARD).catch((error: unknown) => error);
  const state = `SELECT COMMAND FROM information_schema.PROCESSLIST WHERE ID = ${on.threadId}`;
  await expect.poll(async () => (await selectText(admin, state))[0]?.[0]).toBe("Query");
  return { done };
}

function watch(changes: Partial<LeftoverOptions> = {}): LeftoverThreads {
  const { user } = adminAccount(database);
  const watched = watchLeftoverThreads({
    accounts: [user],
    open: () => openAdminConnection(database, { account: adminAccount(database, { name: user }) }),
    isOwn: (threadId) => threadId === admin.threadId,
    timers: realTimers,
    log: createLogger({ level: "silent", name: "test", write: () => {} }),
    ...changes,
  });
  watches.push(watched);
  return watched;
}

/** Whether `promise` is resolved by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

test("idle connections of others hold nothing up", async () => {
  await openOther();
  const { looked, gone } = watch();
  expect(await looked).toBe(0);
  expect(await isSettled(gone)).toBe(true);
});

test("what runs is waited for until it is idle, and is not killed", async () => {
  const other = await openOther();
  const { done } = await start(other, "SELECT SLEEP(0.4)");
  const { looked, gone } = watch();
  expect(await looked).toBe(1);
  expect(await isSettled(gone)).toBe(false);
  await gone;
  expect(await done).toMatchObject({ kind: "done" });
});

test("what began after the look is not waited for; nor are own threads", async () => {
  const own = await openOther();
  const { done: ownDone } = await start(own, "SELECT SLEEP(3)");
  const other = await openOther();
  await start(other, "SELECT SLEEP(0.3)");
  const { looked, gone } = watch({ isOwn: (id) => id === own.threadId || id === admin.threadId });
  expect(await looked).toBe(1);
  const later = await openOther();
  const { done: laterDone } = await start(later, "SELECT SLEEP(3)");
  await gone;
  expect(await isSettled(Promise.race([ownDone, laterDone]))).toBe(false);
});

test("a thread that goes away counts as done", async () => {
  const other = await openOther();
  await start(other, "SELECT SLEEP(60)");
  const { looked, gone } = watch();
  expect(await looked).toBe(1);
  await admin.execute(Buffer.from(`KILL ${other.threadId}`), DISCARD);
  await gone;
});

test("the wait is bounded", async () => {
  await start(await openOther(), "SELECT SLEEP(60)");
  const { looked, gone } = watch({ waitMaxMs: 200 });
  expect(await looked).toBe(1);
  await gone;
});

test("a database that cannot be asked is asked again; an account that it refuses is left out", async () => {
  const { user } = adminAccount(database);
  let attemptCount = 0;
  const refused = new RockpoolError("database-unreachable", {
    cause: Object.assign(new Error("Access denied"), { errno: 1045 }),
  });
  const { looked } = watch({
    accounts: [user, "refused"],
    open: async (account) => {
      if (account === "refused") throw refused;
      attemptCount += 1;
      if (attemptCount === 1) throw new RockpoolError("database-unreachable");
      return openAdminConnection(database);
    },
  });
  expect(await looked).toBe(0);
  expect(attemptCount).toBe(2);
});
