import { Buffer } from "node:buffer";
import { openFaultProxy, openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import { createStatementKiller, type StatementKiller } from "../../src/database/kill.ts";
import { DISCARD } from "../../src/database/result-sink.ts";
import { capture, openAdminConnection, realTimers, selectText } from "./fixtures.ts";

let database: PrivateDatabase;
let admin: DatabaseConnection;
let connection: DatabaseConnection;
let killer: StatementKiller;
let openedCount = 0;

beforeAll(async () => {
  database = await openPrivateDatabase();
  admin = await openAdminConnection(database);
  await capture(admin, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
});

beforeEach(async () => {
  await capture(admin, "REPLACE INTO t VALUES (1, 0), (2, 0)");
  connection = await openAdminConnection(database);
  openedCount = 0;
  killer = createStatementKiller({
    open: () => {
      openedCount += 1;
      return openAdminConnection(database);
    },
    timers: realTimers,
    graceMs: 300,
  });
});

afterEach(() => {
  connection.destroy();
  killer.close();
});

afterAll(async () => {
  admin?.destroy();
  await database?.stop();
});

const run = (on: DatabaseConnection, sql: string) => on.execute(Buffer.from(sql), DISCARD);

async function untilState(watched: DatabaseConnection, state: string | RegExp): Promise<void> {
  const sql = `SELECT STATE, INFO FROM information_schema.PROCESSLIST WHERE ID = ${watched.threadId}`;
  await expect.poll(async () => (await selectText(admin, sql))[0]?.join(" ")).toMatch(state);
}

test("a killed statement ends with the server's own error, on a connection that goes on", async () => {
  const sleeping = run(connection, "SELECT SLEEP(60) FROM t");
  await untilState(connection, "User sleep");
  killer.kill(connection);

  expect(await sleeping).toMatchObject({ kind: "error", error: { errno: 1317, sqlState: "70100" } });
  expect(connection.dirty).toBe(true);
  expect(await selectText(connection, "SELECT 1")).toEqual([["1"]]);
});

test("the transaction of a killed statement goes on", async () => {
  await run(connection, "BEGIN");
  await run(connection, "UPDATE t SET v = 1 WHERE id = 1");
  const sleeping = run(connection, "SELECT SLEEP(60) FROM t");
  await untilState(connection, "User sleep");
  killer.kill(connection);
  await sleeping;
  await run(connection, "COMMIT");

  expect(await selectText(admin, "SELECT v FROM t WHERE id = 1")).toEqual([["1"]]);
});

test("a kill that comes too late hits no later statement", async () => {
  for (let round = 0; round < 100; round += 1) {
    const short = run(connection, "DO 0");
    if (round % 3 === 0) await Promise.resolve();
    killer.kill(connection);
    await short;
    expect(await selectText(connection, `SELECT SLEEP(0.001), ${round}`)).toEqual([["0", String(round)]]);
  }
  expect(openedCount).toBe(1);
});

test("many kills at once go over one control connection", async () => {
  const connections = await Promise.all(Array.from({ length: 10 }, () => openAdminConnection(database)));
  const sleeping = connections.map((each) => run(each, "SELECT SLEEP(60) FROM t"));
  for (const each of connections) await untilState(each, "User sleep");
  for (const each of connections) killer.kill(each);
  const outcomes = await Promise.all(sleeping);
  for (const each of connections) each.destroy();

  expect(outcomes.every((outcome) => outcome.kind === "error")).toBe(true);
  expect(openedCount).toBe(1);
});

test("where the kill does not reach the client, the connection is cut after the grace", async () => {
  const proxy = await openFaultProxy({ target: { host: database.host, port: database.port } });
  const target = { host: proxy.host, port: proxy.port, tls: { mode: "off" } } as const;
  const far = await openAdminConnection(database, { target });
  const sleeping = run(far, "SELECT SLEEP(60) FROM t");
  await untilState(far, "User sleep");
  proxy.freeze();
  killer.kill(far);

  await expect(sleeping).rejects.toMatchObject({ code: "database-lost" });
  await proxy.close();
});

test("without a control connection the statement's own is cut after the grace", async () => {
  const helpless = createStatementKiller({
    open: () => Promise.reject(new Error("no more connections")),
    timers: realTimers,
    graceMs: 100,
  });
  const sleeping = run(connection, "SELECT SLEEP(60) FROM t");
  await untilState(connection, "User sleep");
  helpless.kill(connection);

  await expect(sleeping).rejects.toMatchObject({ code: "database-lost" });
});

test("a lost write that waits for a lock is proven gone before its outcome counts (R14)", async () => {
  const holder = await openAdminConnection(database);
  await run(holder, "BEGIN");
  await run(holder, "UPDATE t SET v = 1 WHERE id = 1");
  const waiting = run(connection, "UPDATE t SET v = v + 10 WHERE id = 1");
  await untilState(connection, /Updating/);
  connection.destroy();
  await expect(waiting).rejects.toMatchObject({ code: "database-lost" });
  await killer.untilGone(connection);
  expect(await killer.isThreadGone(connection)).toBe(true);
  await run(holder, "COMMIT");
  holder.destroy();

  expect(await selectText(admin, "SELECT v FROM t WHERE id = 1")).toEqual([["1"]]);
});

test("a thread is not gone while it lives, and killing one that is not there is told", async () => {
  expect(await killer.isThreadGone(connection)).toBe(false);
  expect(await killer.killStatement(connection)).toBe(true);
  connection.close();
  await expect.poll(() => killer.isThreadGone(connection)).toBe(true);
  expect(await killer.killStatement(connection)).toBe(false);
});

test("after a restart of the server its threads are gone, and nobody of the same number is killed", async () => {
  const started = connection.identity.startedAtSec;
  const clock = async () => Number((await selectText(admin, "SELECT UNIX_TIMESTAMP()"))[0]?.[0]);
  await expect.poll(async () => (await clock()) - started, { timeout: 5_000 }).toBeGreaterThan(1);
  await database.kill();
  const proven = killer.untilGone(connection);
  await database.restart();
  admin = await openAdminConnection(database);
  await proven;
  // The numbers begin anew: some thread of the new run has, or will have, the old one's.
  const old = { account: "admin", threadId: admin.threadId, identity: connection.identity };

  expect(await killer.isThreadGone(old)).toBe(true);
  expect(await killer.killStatement(old)).toBe(false);
  expect(await selectText(admin, "SELECT 1")).toEqual([["1"]]);
});

test("another server proves nothing", async () => {
  const identity = { ...connection.identity, server: "elsewhere" };

  expect(await killer.isThreadGone({ account: "admin", threadId: 1, identity })).toBe(false);
});
