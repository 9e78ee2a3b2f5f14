import { Buffer } from "node:buffer";
import { type RockpoolError, STATUS_AUTOCOMMIT, STATUS_IN_TRANSACTION } from "@rockpool/base";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import { DatabaseRefusal } from "../../src/database/query-rows.ts";
import { isSameServer } from "../../src/database/server-identity.ts";
import { adminAccount, capture, openAdminConnection, selectText } from "./fixtures.ts";

let database: PrivateDatabase;
let admin: DatabaseConnection;
let connection: DatabaseConnection;

beforeAll(async () => {
  database = await openPrivateDatabase();
  admin = await openAdminConnection(database);
  for (const sql of [
    "CREATE DATABASE other",
    "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
    "CREATE TABLE other.t (id INT)",
    "CREATE SEQUENCE s",
    "CREATE ROLE reader",
    `GRANT reader TO ${database.user}@'%'`,
    "CREATE USER plain@'%' IDENTIFIED BY 'plain'",
    `GRANT ALL ON ${database.database}.* TO plain@'%'`,
  ]) {
    await run(admin, sql);
  }
});

beforeEach(async () => {
  connection = await openAdminConnection(database);
});

afterEach(() => connection.destroy());

afterAll(async () => {
  admin?.destroy();
  await database?.stop();
});

async function run(on: DatabaseConnection, sql: string): Promise<void> {
  const { error } = await capture(on, sql);
  if (error !== null) throw new Error(`${sql}: ${error.message}`);
}

test("begins in the base state, with the server's own name for it", async () => {
  expect(
    await selectText(connection, "SELECT CONNECTION_ID(), @@character_set_results, @@autocommit, DATABASE()"),
  ).toEqual([[String(connection.threadId), "utf8mb4", "1", database.database]]);
  expect(connection).toMatchObject({
    mayFill: true,
    fillRefusal: null,
    dirty: false,
    touched: false,
    account: "admin",
  });
  expect(connection.profile.hash).toMatch(/^[0-9a-f]{16}$/);
  expect(connection.profile.values.get("sql_mode")).toContain("STRICT_TRANS_TABLES");
  expect(connection.profile.values.get("optimizer_switch")).toContain("mrr");
  expect(connection.serverIdleTimeoutMs).toBe(28_800_000);
});

test("CLIENT_FOUND_ROWS is the account's choice; IGNORE_SPACE never set", async () => {
  const changed = await openAdminConnection(database, {
    account: adminAccount(database, { foundRows: false }),
  });
  await run(connection, "REPLACE INTO t VALUES (1, 1)");
  const matched = await capture(connection, "UPDATE t SET v = 1 WHERE id = 1");
  const unchanged = await capture(changed, "UPDATE t SET v = 1 WHERE id = 1");
  changed.destroy();

  expect(matched.results[0]?.end?.affectedRows).toBe(1n);
  expect(unchanged.results[0]?.end?.affectedRows).toBe(0n);
  expect(connection.profile.values.get("sql_mode")).not.toContain("IGNORE_SPACE");
});

const WRITE_NOW = "SET STATEMENT lock_wait_timeout = 1 FOR DELETE FROM t WHERE id < 0";

// What a session may leave behind, and how another would see it.
const TRACES: readonly [name: string, leave: readonly string[], look: string][] = [
  ["a user variable", ["SET @secret = 1"], "SELECT @secret"],
  ["a temporary table", ["CREATE TEMPORARY TABLE t (id VARCHAR(9))"], "SHOW COLUMNS FROM t"],
  [
    "a session variable",
    ["SET sql_mode = 'ANSI_QUOTES', time_zone = '+05:00'"],
    "SELECT @@sql_mode, @@time_zone",
  ],
  [
    "a character set",
    ["SET NAMES latin1"],
    "SELECT @@character_set_client, @@character_set_results, @@collation_connection",
  ],
  ["autocommit", ["SET autocommit = 0"], "SELECT @@autocommit"],
  ["an isolation level", ["SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"], "SELECT @@tx_isolation"],
  ["a read-only session", ["SET SESSION TRANSACTION READ ONLY"], "SELECT @@tx_read_only"],
  ["a schema", ["USE other"], "SELECT DATABASE()"],
  ["no schema", ["CREATE DATABASE doomed", "USE doomed", "DROP DATABASE doomed"], "SELECT DATABASE()"],
  ["a prepared statement", ["PREPARE p FROM 'SELECT 1'"], "EXECUTE p"],
  ["a user lock", ["SELECT GET_LOCK('trace', 0)"], "SELECT IS_USED_LOCK('trace')"],
  ["a table lock", ["LOCK TABLES t READ"], "SELECT COUNT(*) FROM other.t"],
  ["an insert id", ["INSERT INTO t (v) VALUES (7)"], "SELECT LAST_INSERT_ID()"],
  ["found rows", ["SELECT SQL_CALC_FOUND_ROWS 1 UNION ALL SELECT 2 LIMIT 1"], "SELECT FOUND_ROWS()"],
  ["warnings", ["SELECT CAST('x' AS INT)"], "SHOW WARNINGS"],
  ["a fixed time", ["SET timestamp = 1"], "SELECT NOW() < '2000-01-01'"],
  [
    "a seed",
    ["SET rand_seed1 = 1, rand_seed2 = 2"],
    "SELECT RAND() IN (SELECT 0.00000000093132257504915937)",
  ],
  ["an open handler", ["HANDLER t OPEN"], "HANDLER t READ FIRST"],
  [
    "an open transaction",
    ["BEGIN", "INSERT INTO t (v) VALUES (123456)"],
    "SELECT COUNT(*) FROM t WHERE v = 123456",
  ],
  ["a next-transaction setting", ["SET TRANSACTION READ ONLY"], "INSERT INTO t (v) VALUES (1)"],
  ["a sequence's last value", ["SELECT NEXT VALUE FOR s"], "SELECT PREVIOUS VALUE FOR s"],
  [
    "an optimizer trace",
    ["SET optimizer_trace = 'enabled=on'", "SELECT 'secret', id FROM t"],
    "SELECT COUNT(*) FROM information_schema.OPTIMIZER_TRACE",
  ],
  ["a row count", ["INSERT INTO t (v) VALUES (1), (2)"], "SELECT ROW_COUNT()"],
  ["a transaction id", ["INSERT INTO t (v) VALUES (1)"], "SELECT @@last_gtid"],
  [
    "an XA transaction",
    ["XA START 'x'", "INSERT INTO t (v) VALUES (654321)"],
    "SELECT COUNT(*) FROM t WHERE v = 654321",
  ],
  ["a select limit", ["SET sql_select_limit = 1"], "SELECT 1 UNION ALL SELECT 2"],
  ["an insert id to come", ["SET insert_id = 5000"], "SELECT @@insert_id"],
];

test.each(TRACES)("reset leaves nothing of %s (S1)", async (_name, leave, look) => {
  const before = await answer(await openFresh(), look);
  for (const sql of leave) await run(connection, sql);
  await connection.reset();

  expect(await answer(connection, look)).toEqual(before);
});

// MariaDB keeps these through COM_RESET_CONNECTION and COM_CHANGE_USER alike.
test.each([
  ["a role", ["SET ROLE reader"]],
  ["statement profiles", ["SET profiling = 1", "SELECT 1"]],
  ["statement profiles of an ended profiling", ["SET profiling = 1", "SELECT 1", "SET profiling = 0"]],
])("what no reset undoes loses the connection: %s (S1)", async (_name, leave) => {
  const thorough = await openAdminConnection(database, { resetWith: "change-user" });
  for (const on of [connection, thorough]) {
    for (const sql of leave) await run(on, sql);
    await expect(on.reset()).rejects.toMatchObject({ code: "database-lost" });
    expect(on.isBroken).toBe(true);
  }
});

test.each([
  ["a user lock", ["SELECT GET_LOCK('trace', 0)"], "SELECT IS_FREE_LOCK('trace')"],
  ["a table lock", ["LOCK TABLES t WRITE"], WRITE_NOW],
  ["the global read lock", ["FLUSH TABLES WITH READ LOCK"], WRITE_NOW],
  ["a backup stage", ["BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_COMMIT"], WRITE_NOW],
])("reset gives others back what %s held", async (_name, leave, look) => {
  const before = await answer(admin, look);
  for (const sql of leave) await run(connection, sql);
  await connection.reset();

  expect(await answer(admin, look)).toEqual(before);
});

test.each(TRACES)(
  "COM_CHANGE_USER, for proxies without a reset, leaves nothing of %s either",
  async (_name, leave, look) => {
    const thorough = await openAdminConnection(database, { resetWith: "change-user" });
    const before = await answer(await openFresh(), look);
    for (const sql of leave) await run(thorough, sql);
    await thorough.reset();
    const after = await answer(thorough, look);
    thorough.destroy();

    expect(after).toEqual(before);
  },
);

const fresh: DatabaseConnection[] = [];
afterEach(() => {
  for (const opened of fresh.splice(0)) opened.destroy();
});

async function openFresh(): Promise<DatabaseConnection> {
  const opened = await openAdminConnection(database);
  fresh.push(opened);
  return opened;
}

async function answer(on: DatabaseConnection, sql: string): Promise<unknown> {
  const { results, error } = await capture(on, sql);
  return error === null ? results.map(({ rows }) => rows.map((row) => row.toString("latin1"))) : error;
}

test("a reset that cannot be proven loses the connection", async () => {
  await run(admin, "SET GLOBAL div_precision_increment = 7");
  await expect(connection.reset()).rejects.toMatchObject({ code: "database-lost" });
  await run(admin, "SET GLOBAL div_precision_increment = DEFAULT");

  expect(connection.isBroken).toBe(true);
});

test("init_connect does not run again after a reset, so such a session is not reset but replaced", async () => {
  await run(admin, "SET GLOBAL init_connect = 'SET @greeting = 1'");
  const account = { ...adminAccount(database), user: "plain", password: "plain" };
  const greeted = await openAdminConnection(database, { account });
  await run(admin, "SET GLOBAL init_connect = ''");
  expect(await selectText(greeted, "SELECT @greeting")).toEqual([["1"]]);

  await expect(greeted.reset()).rejects.toMatchObject({ code: "database-lost" });
});

test("states at which answers may not be stored are seen at login (R4)", async () => {
  await run(admin, "SET GLOBAL tx_isolation = 'READ-UNCOMMITTED'");
  const uncommitted = await openFresh();
  await run(admin, "SET GLOBAL tx_isolation = 'SERIALIZABLE'");
  const serializable = await openFresh();
  await run(admin, "SET GLOBAL tx_isolation = 'READ-COMMITTED'");
  const committed = await openFresh();
  await run(admin, "SET GLOBAL tx_isolation = DEFAULT, GLOBAL autocommit = 0");
  const manual = await openFresh();
  await run(admin, "SET GLOBAL autocommit = 1");

  expect([uncommitted, serializable, committed].map((opened) => opened.fillRefusal)).toEqual([
    "isolation-level",
    "isolation-level",
    null,
  ]);
  // A statement of nobody's transaction must commit by itself, whatever the server's default.
  expect(await selectText(manual, "SELECT @@autocommit")).toEqual([["1"]]);
  expect(manual.mayFill).toBe(true);
});

test("SET GLOBAL shows in the next login's profile, and in nothing else", async () => {
  await run(admin, "SET GLOBAL group_concat_max_len = 2048");
  const changed = await openFresh();
  await run(admin, "SET GLOBAL group_concat_max_len = DEFAULT");
  const same = await openFresh();

  expect(changed.profile.hash).not.toBe(connection.profile.hash);
  expect(same.profile).toEqual(connection.profile);
});

test("virtual state is applied once, replaced by way of a reset, and taken off", async () => {
  await connection.applyState({
    sql: "SET SESSION time_zone = '+02:00', SESSION sql_mode = ''",
    readOnly: false,
    hash: "a",
  });
  expect(connection).toMatchObject({ appliedState: "a", dirty: false });
  const sent = connection.commandCount;
  await connection.applyState({
    sql: "SET SESSION time_zone = '+02:00', SESSION sql_mode = ''",
    readOnly: false,
    hash: "a",
  });
  expect(connection.commandCount).toBe(sent);
  expect(await selectText(connection, "SELECT @@time_zone, @@sql_mode")).toEqual([["+02:00", ""]]);

  await connection.applyState({ sql: "SET SESSION time_zone = '+03:00'", readOnly: false, hash: "b" });
  const mode = connection.profile.values.get("sql_mode");
  expect(await selectText(connection, "SELECT @@time_zone, @@sql_mode")).toEqual([["+03:00", mode]]);
  await connection.applyState(null);

  expect(connection.appliedState).toBeNull();
  expect(await selectText(connection, "SELECT @@time_zone")).toEqual([["SYSTEM"]]);
});

test("in a read-only state the server itself refuses writes, until the state is another one", async () => {
  await connection.applyState({
    sql: "SET SESSION time_zone = '+02:00'",
    readOnly: true,
    hash: "read-only a",
  });
  for (const sql of ["INSERT INTO t (v) VALUES (1)", "CREATE TABLE w (a INT)", "SELECT NEXTVAL(s)"]) {
    expect((await capture(connection, sql)).error, sql).toMatchObject({ errno: 1792, sqlState: "25006" });
  }
  expect(await selectText(connection, "SELECT @@time_zone")).toEqual([["+02:00"]]);
  await connection.applyState(null);
  await run(connection, "INSERT INTO t (v) VALUES (1)");
});

test("a virtual state that the server refuses leaves a dirty connection that can be reset", async () => {
  const refused = connection.applyState({
    sql: "SET SESSION div_precision_increment = 9, SESSION time_zone = 'nowhere'",
    readOnly: false,
    hash: "x",
  });
  await expect(refused).rejects.toThrow(DatabaseRefusal);
  expect(connection).toMatchObject({ appliedState: null, dirty: true, isBroken: false });
  await connection.reset();

  expect(connection.dirty).toBe(false);
  expect(await selectText(connection, "SELECT @@div_precision_increment")).toEqual([["4"]]);
});

test("the default schema follows, and a reset brings the account's own back", async () => {
  await connection.useSchema("other");
  expect(await selectText(connection, "SELECT DATABASE()")).toEqual([["other"]]);
  await expect(connection.useSchema("nowhere")).rejects.toMatchObject({ error: { errno: 1049 } });
  expect(await selectText(connection, "SELECT DATABASE()")).toEqual([["other"]]);
  await connection.useSchema(null);
  expect(await selectText(connection, "SELECT DATABASE()")).toEqual([[database.database]]);
  await connection.useSchema("other");
  await connection.reset();

  expect(await selectText(connection, "SELECT DATABASE()")).toEqual([[database.database]]);
});

test("an account without a schema gets back to none", async () => {
  const account = adminAccount(database, { database: null });
  const nowhere = await openAdminConnection(database, { account });
  fresh.push(nowhere);
  await nowhere.useSchema("other");
  await nowhere.useSchema(null);
  expect(await selectText(nowhere, "SELECT DATABASE()")).toEqual([[null]]);
  await run(nowhere, "USE other");
  await nowhere.reset();

  expect(await selectText(nowhere, "SELECT DATABASE()")).toEqual([[null]]);
});

test("LAST_INSERT_ID() is what the session had, to the last of 64 bits", async () => {
  for (const value of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    await connection.setLastInsertId(value);
    expect(await selectText(connection, "SELECT LAST_INSERT_ID()")).toEqual([[String(value)]]);
  }
});

test("taking LAST_INSERT_ID() leaves 0, so that the next one's id cannot be mistaken", async () => {
  await connection.setLastInsertId(7n);
  expect(await connection.takeLastInsertId()).toBe(7n);
  expect(await selectText(connection, "SELECT LAST_INSERT_ID()")).toEqual([["0"]]);
  expect(await connection.takeLastInsertId()).toBe(0n);
  await selectText(connection, "SELECT LAST_INSERT_ID(18446744073709551615)");
  connection.forgetLastInsertId();
  await connection.setLastInsertId(0n);
  expect(await selectText(connection, "SELECT LAST_INSERT_ID()")).toEqual([["0"]]);
});

test("an open transaction, autocommit off or an error make the connection dirty", async () => {
  await run(connection, "SELECT 1");
  expect(connection.dirty).toBe(false);
  expect(connection.lastStatus).toBe(STATUS_AUTOCOMMIT);
  await run(connection, "BEGIN");
  expect(connection.dirty).toBe(true);
  expect((connection.lastStatus ?? 0) & STATUS_IN_TRANSACTION).toBe(STATUS_IN_TRANSACTION);
  await connection.reset();
  expect(connection.dirty).toBe(false);
  await capture(connection, "SELECT nothing");

  expect(connection).toMatchObject({ dirty: true, lastStatus: null });
});

test("a transaction that a failed procedure left open is not overlooked", async () => {
  await run(
    admin,
    "CREATE PROCEDURE leaves_open() BEGIN SELECT 1; START TRANSACTION; INSERT INTO t (v) VALUES (9); SIGNAL SQLSTATE '45000'; END",
  );
  const { results, error } = await capture(connection, "CALL leaves_open()");

  expect([results.length, error?.sqlState]).toEqual([1, "45000"]);
  expect(connection).toMatchObject({ dirty: true, lastStatus: null });
});

test("a restarted server is another one (R9)", async () => {
  const twin = await openFresh();
  expect(isSameServer(connection.identity, twin.identity)).toBe(true);
  const lost = new Promise<RockpoolError>((resolve) => connection.onBroken(resolve));
  // Uptime counts whole seconds: two starts within one could not be told apart.
  const started = connection.identity.startedAtSec;
  await expect
    .poll(async () => Number((await selectText(admin, "SELECT UNIX_TIMESTAMP()"))[0]?.[0]) - started)
    .toBeGreaterThan(1);
  await database.restart();
  await lost;
  admin = await openAdminConnection(database);

  expect(admin.identity.server).toBe(connection.identity.server);
  expect(isSameServer(admin.identity, connection.identity)).toBe(false);
  expect(connection.brokenBy?.code).toBe("database-lost");
  await expect(capture(connection, "SELECT 1")).rejects.toMatchObject({ code: "database-lost" });
});

test("refusals to connect are told apart", async () => {
  const account = adminAccount(database, { password: "wrong" });
  const wrongPassword = openAdminConnection(database, { account });
  await expect(wrongPassword).rejects.toMatchObject({ code: "database-unreachable", cause: { errno: 1045 } });
  const target = { host: "127.0.0.1", port: 1, tls: { mode: "off" } } as const;
  await expect(openAdminConnection(database, { target })).rejects.toMatchObject({
    code: "database-unreachable",
  });
  // This account is no administrator: max_connections binds it, without the one extra.
  const [limit] = await selectText(admin, "SELECT @@max_connections");
  await run(admin, "SET GLOBAL max_connections = 10");
  const plain = { ...adminAccount(database), user: "plain", password: "plain" };
  const opening = await Promise.allSettled(
    Array.from({ length: 12 }, () => openAdminConnection(database, { account: plain })),
  );
  await run(admin, `SET GLOBAL max_connections = ${limit?.[0]}`);
  for (const opened of opening) if (opened.status === "fulfilled") opened.value.destroy();
  const reasons = opening.flatMap((opened) =>
    opened.status === "rejected" ? [opened.reason as RockpoolError] : [],
  );

  expect(reasons.length).toBeGreaterThan(0);
  expect(new Set(reasons.map((reason) => reason.code))).toEqual(new Set(["pool-exhausted"]));
  expect(Buffer.from(String(reasons[0]?.cause)).toString()).toContain("Too many connections");
});
