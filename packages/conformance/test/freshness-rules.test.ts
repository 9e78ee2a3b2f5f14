import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type DirectSession, type EdgeAnswer, EdgeSession, openDirect } from "../src/edge-session.ts";
import { openRig, type Rig, waitUntil } from "../src/rig.ts";

const BOUND_MS = 1_000;
const ENTRY_MAX_BYTES = 16_384;
/** Accounts without privileges of their own: what they may do, each test grants. */
const ACCOUNTS = ["ann", "bob"] as const;

let rig: Rig;
let direct: DirectSession;

beforeAll(async () => {
  rig = await openRig({
    edges: 2,
    databaseOnly: true,
    edgeConfig: { cache: { entrySizeMaxBytes: ENTRY_MAX_BYTES } },
    logins: ACCOUNTS.map((name) => ({
      name,
      password: name,
      database: "shop",
      account: { user: name, password: name },
    })),
  });
  direct = await openDirect(rig.db, rig.db, rig.db.database);
  await direct.must("CREATE DATABASE shop");
  await direct.must("USE shop");
  for (const name of ACCOUNTS) await direct.must(`CREATE USER ${name}@'%' IDENTIFIED BY '${name}'`);
  await direct.must("CREATE TABLE t (id INT PRIMARY KEY, v INT, c CHAR(4) NOT NULL DEFAULT 'a')");
  await direct.must("INSERT INTO t (id, v) VALUES (1, 10), (2, 20)");
  await direct.must("CREATE TABLE wide (id INT PRIMARY KEY, v VARCHAR(1000))");
  await direct.must("INSERT INTO wide SELECT seq, REPEAT('x', 900) FROM seq_1_to_40");
  await direct.must("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MEMORY");
  await direct.must("CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END");
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.startEdge(1);
});
afterAll(async () => {
  await direct?.close();
  await rig?.close();
});
beforeEach(async () => {
  await rig.ready();
});

async function sessionOf(user: string, edge = 0): Promise<EdgeSession> {
  const password = user === rig.login.user ? rig.login.password : user;
  const session = new EdgeSession(rig.edges[edge]?.line.http ?? "", { user, password });
  if (user === rig.login.user) await session.must("USE shop");
  return session;
}

async function warm(user: string, sql: string, edge = 0): Promise<EdgeAnswer> {
  const session = await sessionOf(user, edge);
  let answer = await session.run(sql);
  await waitUntil(async () => {
    answer = await session.run(sql);
    return answer.cache.startsWith("hit");
  });
  return answer;
}

function admitted(): Promise<number> {
  return rig.metric(rig.edges[0]?.line.admin ?? "", "rockpool_edge_admissions_total", 'verdict="admit"');
}

/** Asks five times; none is answered from the cache, and nothing is stored. */
async function expectNeverStored(session: EdgeSession, sql: string): Promise<void> {
  const before = await admitted();
  for (let count = 0; count < 5; count++) expect((await session.run(sql)).cache).not.toMatch(/^hit/);
  expect(await admitted()).toBe(before);
}

describe("R4, R5: what a session of its own sees is not stored", () => {
  test.each([
    ["a transaction", ["BEGIN"], "in-transaction"],
    ["a read-only snapshot", ["START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"], "in-transaction"],
    [
      "a transaction that autocommit = 0 began",
      ["SET autocommit = 0", "UPDATE t SET v = v WHERE id = 2"],
      "in-transaction",
    ],
    ["XA", ["XA START 'r5'"], "(pinned|in-transaction)"],
    ["LOCK TABLES", ["LOCK TABLES t READ"], "pinned"],
    ["a user variable", ["SET @x = 1"], "pinned"],
    ["a temporary table", ["CREATE TEMPORARY TABLE tmp (id INT)"], "pinned"],
    ["a prepared statement", ["PREPARE s FROM 'SELECT 1'"], "pinned"],
    ["a user lock", ["SELECT GET_LOCK('r5', 0)"], "pinned"],
    ["READ UNCOMMITTED", ["SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"], ""],
    ["SERIALIZABLE", ["SET SESSION tx_isolation = 'SERIALIZABLE'"], ""],
  ])("%s", async (name, opening, reason) => {
    const session = await sessionOf("app");
    for (const sql of opening) await session.must(sql);
    const sql = `SELECT v AS '${name}' FROM t WHERE id = 1`;
    const first = await session.must(sql);
    expect(first.cache).toMatch(new RegExp(`^(bypass|miss); reason=${reason}`));
    await expectNeverStored(session, sql);
    expect((await (await sessionOf("app")).must(sql)).cache).toMatch(/^miss; reason=absent/);
    await session.run("UNLOCK TABLES");
    await session.run("XA END 'r5'");
    await session.run("XA ROLLBACK 'r5'");
    await session.run("ROLLBACK");
  });

  test("autocommit = 0 before the first write: hits and fills, of committed rows only", async () => {
    const session = await sessionOf("app");
    await session.must("SET autocommit = 0");
    const sql = "SELECT v AS before_the_first_write FROM t WHERE id = 1";
    expect((await session.must(sql)).cache).toMatch(/^miss/);
    expect((await session.must(sql)).cache).toMatch(/^hit/);
    await session.must("UPDATE t SET v = 11 WHERE id = 1");
    const own = await session.must(sql);
    expect([own.rows, own.cache]).toEqual([[["11"]], expect.stringMatching(/^bypass/)]);
    expect((await (await sessionOf("app")).must(sql)).rows).toEqual([["10"]]);
    await session.must("ROLLBACK");
    expect((await session.must(sql)).rows).toEqual([["10"]]);
  });
});

describe("answers that are not stored", () => {
  test.each([
    ["a warning", "SELECT id, 1/0 AS x FROM t", 0],
    ["a truncated value", "SELECT CAST(CONCAT(c, 'x') AS SIGNED) AS x FROM t", 0],
    ["an error at once", "SELECT nothing FROM t", 1054],
    ["an error while it runs", "SELECT (SELECT id FROM t) AS x FROM t", 1242],
    ["a table without a log", "SELECT id FROM m", 0],
    ["a lock", "SELECT v FROM t WHERE id = 1 FOR UPDATE", 0],
    ["several results", "CALL two()", 0],
  ])("%s", async (_, sql, errno) => {
    const session = await sessionOf("app");
    expect((await session.run(sql)).errno).toBe(errno);
    await expectNeverStored(session, sql);
  });

  test("a result above the entry's limit: passed on whole, time and again", async () => {
    const session = await sessionOf("app");
    const sql = "SELECT id, v FROM wide ORDER BY id";
    await expectNeverStored(session, sql);
    expect((await session.must(sql)).rows).toEqual((await direct.must(sql)).rows);
    const small = "SELECT id, v FROM wide WHERE id < 3 ORDER BY id";
    expect((await warm("app", small)).rows).toHaveLength(2);
  });
});

describe("R15: rights", () => {
  const read = "SELECT v FROM t WHERE id = 1";

  async function expectRefused(user: string, errno: number | RegExp): Promise<void> {
    const here = await (await sessionOf(user)).run(read);
    expect(String(here.errno), `${user}: ${here.cache}`).toMatch(
      errno instanceof RegExp ? errno : String(errno),
    );
    const startedAt = performance.now();
    await waitUntil(async () => {
      const there = await (await sessionOf(user, 1)).run(read);
      if (there.errno !== 0) return true;
      expect(there.sentAt - startedAt).toBeLessThan(BOUND_MS);
      return false;
    });
  }

  test.each([
    ["a table's", "GRANT SELECT ON shop.t TO @", "REVOKE SELECT ON shop.t FROM @"],
    ["a column's", "GRANT SELECT (id, v) ON shop.t TO @", "REVOKE SELECT (v) ON shop.t FROM @"],
    ["a schema's", "GRANT SELECT ON shop.* TO @", "REVOKE SELECT ON shop.* FROM @"],
    ["a global", "GRANT SELECT ON *.* TO @", "REVOKE SELECT ON *.* FROM @"],
  ])("%s right that is revoked through an edge is gone with the next read", async (_, grant, revoke) => {
    const admin = await sessionOf("app");
    for (const user of ["ann", "bob"]) await admin.must(grant.replace("@", `${user}@'%'`));
    for (const user of ["ann", "bob"]) for (const edge of [0, 1]) await warm(user, read, edge);
    await admin.must(revoke.replace("@", "ann@'%'"));
    await expectRefused("ann", /^(1142|1143|1044|1049|2003)$/);
    expect((await (await sessionOf("bob")).must(read)).rows).toEqual([["10"]]);
    await admin.must("REVOKE ALL PRIVILEGES, GRANT OPTION FROM ann@'%', bob@'%'");
  });

  test("one account's hit is not another's", async () => {
    const admin = await sessionOf("app");
    await admin.must("GRANT SELECT ON shop.t TO ann@'%'");
    await warm("ann", read);
    await warm("app", read);
    await expectRefused("bob", /^(1142|1044|1049|2003)$/);
    await admin.must("REVOKE ALL PRIVILEGES, GRANT OPTION FROM ann@'%'");
  });
});
