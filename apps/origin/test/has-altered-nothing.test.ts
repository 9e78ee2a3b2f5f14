import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import {
  buildCatalogue,
  CATALOGUE_QUERIES,
  type CatalogueRows,
  createAnalyser,
  createCatalogue,
} from "@rockpool/sql";
import type { RowDataPacket } from "mysql2";
import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasAlteredNothing } from "../src/has-altered-nothing.ts";
import type { StatementOutcome } from "../src/statement-run.ts";

// Against a real server: what is taken as proof that nothing was altered is compared with what was altered.

let database: PrivateDatabase;
let admin: Connection;
let poor: Connection;
const analyser = createAnalyser();

beforeAll(async () => {
  database = await openPrivateDatabase();
  const { host, port, user, password } = database;
  admin = await createConnection({ host, port, user, password, database: database.database });
  for (const sql of [
    "CREATE TABLE t (id INT PRIMARY KEY, v INT) ENGINE = MyISAM",
    "CREATE TABLE inno (id INT PRIMARY KEY, v INT) ENGINE = InnoDB",
    "CREATE TABLE side (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE = MyISAM",
    "CREATE TABLE watched (id INT) ENGINE = MyISAM",
    "CREATE TABLE secret (id INT)",
    "INSERT INTO watched VALUES (1)",
    "CREATE FUNCTION f_side() RETURNS INT BEGIN INSERT INTO side VALUES (); RETURN 1; END",
    `CREATE FUNCTION f_forges() RETURNS INT BEGIN INSERT INTO side VALUES ();
      SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146, MESSAGE_TEXT = 'Table ''nope'' doesn''t exist'; RETURN 1; END`,
    "CREATE FUNCTION f_misses() RETURNS INT BEGIN INSERT INTO side VALUES (); RETURN (SELECT 1 FROM nope); END",
    "CREATE PROCEDURE p_misses() BEGIN INSERT INTO side VALUES (); CALL p_nope(); END",
    "CREATE TRIGGER watched_in BEFORE INSERT ON watched FOR EACH ROW INSERT INTO side (id) SELECT nope_column FROM t",
    "CREATE TRIGGER watched_up BEFORE UPDATE ON watched FOR EACH ROW SET NEW.id = f_misses()",
    "CREATE VIEW v_side AS SELECT f_side() AS x",
    "INSERT INTO t VALUES (1, 1)",
    "CREATE USER poor IDENTIFIED BY 'poor', definer IDENTIFIED BY 'definer'",
    `GRANT INSERT ON ${database.database}.side TO definer`,
    `GRANT SELECT ON ${database.database}.t TO poor`,
    `GRANT SELECT, INSERT ON ${database.database}.side TO poor`,
    "CREATE PROCEDURE p_hidden() INSERT INTO side VALUES ()",
    `CREATE DEFINER = 'definer' PROCEDURE p_again() SQL SECURITY DEFINER
      BEGIN INSERT INTO side VALUES (); SET max_sp_recursion_depth = 9; CALL p_again(); END`,
    `GRANT EXECUTE ON PROCEDURE ${database.database}.p_again TO poor`,
  ]) {
    await admin.query(sql).catch((error: Error) => {
      throw new Error(`${sql}: ${error.message}`);
    });
  }
  poor = await createConnection({ host, port, user: "poor", password: "poor", database: database.database });
  analyser.setCatalogue(createCatalogue(buildCatalogue(await readRows())));
});
afterAll(async () => {
  poor?.destroy();
  admin?.destroy();
  await database?.stop();
});

async function readRows(): Promise<CatalogueRows> {
  const answers: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(CATALOGUE_QUERIES)) answers[name] = (await admin.query(sql))[0];
  return { ...answers, lowerCaseTableNames: 0 } as unknown as CatalogueRows; // the queries name their columns as the rows do
}

/** Everything that a statement of this file could alter, in one text. */
async function fingerprint(): Promise<string> {
  const [tables] = await admin.query(
    "CHECKSUM TABLE t, inno, side, watched, secret, mysql.global_priv, mysql.db",
  );
  const [definitions] = await admin.query(
    "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'performance_schema') ORDER BY 1, 2",
  );
  const [columns] = await admin.query(
    "SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2",
  );
  const [settings] = await admin.query("SELECT @@global.max_connections, @@global.wait_timeout");
  return JSON.stringify([tables, definitions, columns, settings]);
}

async function attempt(connection: Connection, sql: string, user: string) {
  const before = await fingerprint();
  let outcome: StatementOutcome | null = null;
  try {
    await connection.query<RowDataPacket[]>(sql);
  } catch (error) {
    const {
      errno = 0,
      sqlState = "",
      message,
    } = error as { errno?: number; sqlState?: string; message: string };
    outcome = { kind: "error", error: { errno, sqlState, message } };
  }
  if (outcome === null) throw new Error(`${sql} did not fail`);
  const facts = analyser.analyse(sql, { defaultSchema: database.database, modes: "" });
  return {
    errno: outcome.kind === "error" ? outcome.error.errno : 0,
    proven: hasAlteredNothing(outcome, facts, Buffer.from(sql), user),
    altered: (await fingerprint()) !== before,
  };
}

describe("proof that nothing was altered, by an account that may do everything", () => {
  test.each([
    ["INSERT INTO nope VALUES (1)", 1146],
    ["INSERT INTO t SELECT 2, id FROM nope", 1146],
    ["UPDATE t, nope SET t.v = 2", 1146],
    ["UPDATE nope SET v = 1", 1146],
    ["DELETE FROM nope", 1146],
    ["DELETE t FROM t JOIN nope", 1146],
    ["REPLACE INTO nowhere.t VALUES (1, 1)", 1146],
    ["SELECT id FROM nope FOR UPDATE", 1146],
    ["SELECT id INTO @x FROM nope", 1146],
    ["SELECT nope()", 1305],
    ["SELECT nope(id) FROM t", 1305],
    ["UPDATE t SET v = nope()", 1305],
    ["INSERT INTO t VALUES (2, 2), (3, nope())", 1305],
    ["INSERT INTO t SELECT 2, nope_column FROM nope", 1146],
    ["INSERT INTO inno (id, nope_column) VALUES (1, 1)", 1054],
    ["INSERT INTO t (id, v) VALUES (2, 2), (3, nope_column)", 1054],
    ["INSERT INTO t VALUES (1, 1) ON DUPLICATE KEY UPDATE nope_column = 1", 1054],
    ["UPDATE t SET v = 2, nope_column = 1", 1054],
    ["ALTER TABLE nope ADD COLUMN x INT", 1146],
    ["TRUNCATE TABLE nope", 1146],
    ["CREATE TABLE copied LIKE nope", 1146],
    ["CREATE INDEX i ON nope (id)", 1146],
    ["DROP TABLE nope", 1051],
    ["DROP TABLE `nowhere`.`nope`;", 1051],
    ["CALL p_nope()", 1305],
    ["CALL `p_nope`", 1305],
    ["SET GLOBAL nope = 1", 1193],
    ["SET GLOBAL max_connections = 77, nope = 1", 1193],
    ["SET GLOBAL wait_timeout = 77, GLOBAL version = 'x'", 1238],
    ["XA COMMIT 'nope'", 1397],
  ])("%s", async (sql, errno) => {
    expect(await attempt(admin, sql, database.user)).toEqual({ errno, proven: true, altered: false });
  });
});

describe("proof that nothing was altered, by an account that may do next to nothing", () => {
  test.each([
    ["INSERT INTO t VALUES (2, 2)", 1142],
    ["UPDATE t SET v = 2", 1142],
    ["DELETE FROM secret", 1142],
    ["DELETE FROM mysql.global_priv", 1142],
    ["INSERT INTO side SELECT id FROM secret", 1142],
    ["INSERT INTO nope VALUES (1)", 1142],
    ["SELECT id FROM secret FOR UPDATE", 1142],
    ["DROP TABLE t", 1142],
    ["DROP TABLE side, t", 1142],
    ["RENAME TABLE side TO side2", 1142],
    ["ALTER TABLE t ADD COLUMN x INT", 1142],
    ["TRUNCATE t", 1142],
    ["CREATE TABLE x (id INT)", 1142],
    ["CREATE VIEW v AS SELECT f_side()", 1142],
    ["CREATE DATABASE nowhere", 1044],
    ["DROP DATABASE nowhere", 1044],
    ["CREATE PROCEDURE p_new() SELECT 1", 1044],
    ["CREATE USER other", 1227],
    ["GRANT ALL ON *.* TO poor", 1045],
    ["FLUSH PRIVILEGES", 1227],
    ["SET GLOBAL max_connections = 77", 1227],
    ["INSTALL SONAME 'nope'", 1142],
    ["SHUTDOWN", 1227],
    ["SELECT nope()", 1370],
    ["INSERT INTO side VALUES (f_side())", 1370],
    ["CALL p_hidden()", 1370],
    ["CALL nope()", 1370],
  ])("%s", async (sql, errno) => {
    const told = await attempt(poor, sql, "poor");
    // 1045 also stands for a password that is wrong somewhere else (a FEDERATED table): no proof.
    expect(told).toEqual({ errno, proven: errno !== 1045, altered: false });
  });
});

test("no proof: the refusal of a procedure to its definer, who is somebody else", async () => {
  const told = await attempt(poor, "CALL p_again()", "poor");
  expect(told).toEqual({ errno: 1370, proven: false, altered: false });
});

describe("no proof: it did a part, or might have", () => {
  test.each([
    ["INSERT INTO t VALUES (5, 5), (1, 1)", 1062, true],
    ["DROP TABLE inno, nope", 1051, true],
    ["SELECT f_misses()", 1146, true],
    ["SELECT f_forges()", 1146, true],
    ["SELECT f_side(), f_misses()", 1146, true],
    ["SELECT f_side() FROM nope", 1146, false],
    ["SELECT f_side(), nope()", 1305, false],
    ["SELECT x, f_misses() FROM v_side", 1146, true],
    ["INSERT INTO t SELECT 9, f_misses() FROM v_side", 1146, true],
    ["INSERT INTO watched VALUES (2)", 1054, false],
    ["UPDATE watched SET id = 3", 1146, true],
    ["CALL p_misses()", 1305, true],
    ["CALL p_misses", 1305, true],
    ["EXECUTE IMMEDIATE 'INSERT INTO nope VALUES (1)'", 1146, false],
    ["SET STATEMENT max_statement_time = 1 FOR UPDATE watched SET id = 3", 1146, true],
    ["BEGIN NOT ATOMIC INSERT INTO side VALUES (); INSERT INTO nope VALUES (1); END", 1146, true],
    ["SET @x = f_misses()", 1146, true],
    ["RENAME TABLE side TO side2, nope TO side", 1146, false],
    ["CREATE OR REPLACE TABLE secret LIKE nope", 1146, false],
    ["CREATE TABLE made SELECT f_misses() AS x", 1146, true],
    ["CREATE OR REPLACE TABLE secret (id INT, b INT) SELECT f_misses() AS b", 1146, true],
  ])("%s", async (sql, errno, altered) => {
    expect(await attempt(admin, sql, database.user)).toEqual({ errno, proven: false, altered });
  });
});
