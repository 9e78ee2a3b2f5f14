import { afterAll, beforeAll, expect, test } from "vitest";
import { type DirectSession, type EdgeAnswer, EdgeSession, openDirect } from "../src/edge-session.ts";
import { openRig, type Rig, waitUntil } from "../src/rig.ts";

let rig: Rig;
let direct: DirectSession;

beforeAll(async () => {
  const plain = {
    name: "plain",
    password: "plain",
    database: "shop",
    account: { user: "plain", password: "plain" },
  };
  rig = await openRig({ databaseOnly: true, logins: [plain] });
  direct = await openDirect(rig.db, rig.db, rig.db.database);
  await direct.must("CREATE DATABASE shop");
  await direct.must("USE shop");
  await direct.must("CREATE USER plain@'%' IDENTIFIED BY 'plain'");
  await direct.must("GRANT SELECT ON shop.* TO plain@'%'");
  await direct.must("CREATE TABLE t (id INT PRIMARY KEY, v INT, c CHAR(4) NOT NULL DEFAULT 'a')");
  await direct.must("INSERT INTO t (id, v) VALUES (1, 10), (2, 20)");
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.ready();
});
afterAll(async () => {
  await direct?.close();
  await rig?.close();
});

async function sessionOf(user: string): Promise<EdgeSession> {
  const password = user === rig.login.user ? rig.login.password : user;
  const session = new EdgeSession(rig.edges[0]?.line.http ?? "", { user, password });
  if (user === rig.login.user) await session.must("USE shop");
  return session;
}

async function warm(user: string, sql: string): Promise<EdgeAnswer> {
  const session = await sessionOf(user);
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

/** Every connection anew, under the defaults of now. */
async function restartOrigin(): Promise<void> {
  await rig.origin.kill();
  await rig.startOrigin();
  await rig.ready();
}

test.each(["SERIALIZABLE", "READ UNCOMMITTED"])("global %s: no fills", async (level) => {
  await direct.must(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
  await restartOrigin();
  await expectNeverStored(await sessionOf("app"), `SELECT v AS '${level}' FROM t WHERE id = 1`);
  await direct.must("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
});

test("global autocommit = 0: what is stored is committed, and read anew", async () => {
  await direct.must("SET GLOBAL autocommit = 0");
  await restartOrigin();
  const session = await sessionOf("app");
  const sql = "SELECT v FROM t WHERE id = 2";
  await warm("app", sql);
  await session.must("UPDATE t SET v = v + 1 WHERE id = 2");
  await direct.must("COMMIT");
  expect((await session.must(sql)).rows).toEqual((await direct.must(sql)).rows);
  await direct.must("SET GLOBAL autocommit = 1");
});

test("init_connect that lowers the isolation: no fills for whom it concerns", async () => {
  await direct.must("SET GLOBAL init_connect = 'SET tx_isolation = ''READ-UNCOMMITTED'', autocommit = 0'");
  await restartOrigin();
  await expectNeverStored(await sessionOf("plain"), "SELECT v FROM t WHERE id = 1");
  await warm("app", "SELECT v FROM t WHERE id = 1"); // it may do anything, so init_connect does not run for it
  await direct.must("SET GLOBAL init_connect = ''");
  await restartOrigin();
  await warm("plain", "SELECT v FROM t WHERE id = 1");
});

/** Cuts every connection of the origin's main account: the next ones have the defaults of now. */
async function renewConnections(): Promise<void> {
  const mine = (await direct.must("SELECT CONNECTION_ID()")).rows[0]?.[0];
  const list = `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${rig.db.user}' AND ID <> ${mine}`;
  for (const [id] of (await direct.must(list)).rows) await direct.run(`KILL ${id}`);
  await rig.ready();
}

test("SET GLOBAL sql_mode: an answer made under it is not given to those who ask under the old one", async () => {
  const sql = "SELECT c FROM t WHERE id = 1";
  const other = "SELECT id FROM t WHERE id = 1";
  const mode = (await direct.must("SELECT @@GLOBAL.sql_mode")).rows[0]?.[0];
  for (let round = 0; round < 3; round++) {
    expect((await warm("app", sql)).rows).toEqual([["a"]]);
    await direct.must(`SET GLOBAL sql_mode = '${mode},PAD_CHAR_TO_FULL_LENGTH'`);
    await renewConnections();
    // Asked under the key of the old mode, which is all that the edge knows of; answered under the new one.
    await (await sessionOf("app")).must("UPDATE t SET v = v WHERE id = 9");
    expect((await (await sessionOf("app")).must(sql)).rows).toEqual([["a   "]]);
    expect((await warm("app", sql)).rows).toEqual([["a   "]]);
    await direct.must(`SET GLOBAL sql_mode = '${mode}'`);
    await renewConnections();
    // The edge hears of the old mode with a statement that the database answers; from then on it is the key again.
    await (await sessionOf("app")).must(`${other} AND ${round} = ${round}`);
    await waitUntil(async () => (await (await sessionOf("app")).must(sql)).rows[0]?.[0] === "a");
  }
});

test("SET GLOBAL through an edge: every connection is made anew", async () => {
  const sql = "SELECT c AS padded FROM t WHERE id = 1";
  const mode = (await direct.must("SELECT @@GLOBAL.sql_mode")).rows[0]?.[0];
  expect((await warm("app", sql)).rows).toEqual([["a"]]);
  await (await sessionOf("app")).must(`SET GLOBAL sql_mode = '${mode},PAD_CHAR_TO_FULL_LENGTH'`);
  expect((await (await sessionOf("app")).must(sql)).rows).toEqual([["a   "]]);
  await (await sessionOf("app")).must(`SET GLOBAL sql_mode = '${mode}'`);
  expect((await (await sessionOf("app")).must(sql)).rows).toEqual([["a"]]);
});
