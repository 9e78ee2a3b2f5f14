import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import { type DirectClient, openDirectClient } from "./direct-client.ts";
import { type Captured, capture, openAdminConnection, selectText } from "./fixtures.ts";

let database: PrivateDatabase;
let relayed: DatabaseConnection;
let direct: DirectClient;

beforeAll(async () => {
  database = await openPrivateDatabase({ extraArgs: ["--max-allowed-packet=128M"] });
  relayed = await openAdminConnection(database);
  direct = await openDirectClient(database);
  for (const statement of SCHEMA) await run(statement);
});

afterAll(async () => {
  relayed?.destroy();
  direct?.close();
  await database?.stop();
});

async function run(sql: string): Promise<Captured> {
  const captured = await capture(relayed, sql);
  if (captured.error !== null) throw new Error(`${captured.error.message}\n${sql}`);
  return captured;
}

const SCHEMA = [
  `CREATE TABLE all_types (
    id INT PRIMARY KEY, t1 TINYINT, t1u TINYINT UNSIGNED, t2 SMALLINT, t2u SMALLINT UNSIGNED, t3 MEDIUMINT,
    t3u MEDIUMINT UNSIGNED, t4 INT, t4u INT UNSIGNED ZEROFILL, t8 BIGINT, t8u BIGINT UNSIGNED, f FLOAT, d DOUBLE,
    de DECIMAL(65,30), bo BOOLEAN, bi BIT(64), da DATE, dt DATETIME(6), ts TIMESTAMP(3) NULL, ti TIME(6), ye YEAR,
    ch CHAR(20), vc VARCHAR(200), la VARCHAR(20) CHARACTER SET latin1, sj VARCHAR(20) CHARACTER SET sjis,
    tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT, bn BINARY(8), vb VARBINARY(300), tb TINYBLOB, bl BLOB,
    mb MEDIUMBLOB, lb LONGBLOB, js JSON, en ENUM('a','b','ü'), se SET('x','y','z'), ge GEOMETRY, po POINT,
    uu UUID, i6 INET6, bc VARCHAR(20) COLLATE utf8mb4_bin)`,
  `INSERT INTO all_types VALUES (1,-128,255,-32768,65535,-8388608,16777215,-2147483648,42,-9223372036854775808,
    18446744073709551615,-3.402823466e38,1.7976931348623157e308,
    12345678901234567890123456789012345.123456789012345678901234567890,1,b'1010','1000-01-01',
    '9999-12-31 23:59:59.999999','2038-01-19 03:14:07.123','-838:59:59.999999',1901,'char','väl😀','é','ソ','tiny','',
    'm','l',0x0001,(SELECT GROUP_CONCAT(CHAR(seq) ORDER BY seq SEPARATOR '') FROM seq_0_to_255),0xff,0x00,0x80,
    REPEAT(0xfb,70000),'{"a": [1, 2.50, "x"]}','ü','x,z',ST_GeomFromText('LINESTRING(0 0,1 1)'),POINT(1,2),
    '123e4567-e89b-12d3-a456-426655440000','2001:db8::ff00:42:8329','B')`,
  "INSERT INTO all_types (id) VALUES (2)",
  "INSERT INTO all_types (id, d, f, ti, vc, vb, da) VALUES (3, 1e-300, 1.1, '00:00:00', '', '', '2024-02-29')",
  "CREATE TABLE big_ids (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT)",
  "CREATE TABLE unique_names (name VARCHAR(20) PRIMARY KEY)",
  "INSERT INTO unique_names VALUES ('one')",
  "CREATE PROCEDURE several() BEGIN SELECT 1 AS a; SELECT * FROM all_types WHERE id < 3; UPDATE big_ids SET v = 1; SELECT 3 AS c FROM DUAL WHERE FALSE; END",
  "CREATE PROCEDURE fails_later() BEGIN SELECT 1 AS a; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'fell over: ü', MYSQL_ERRNO = 9999; END",
];

const STATEMENTS = [
  "SELECT * FROM all_types ORDER BY id",
  "SELECT * FROM all_types WHERE FALSE",
  "SELECT NULL, '' AS empty, 1, 1.5, 1e3, x'00ff', _latin1 0xff, CAST('{}' AS CHAR), JSON_OBJECT('a', 1), 'é' AS `ü`",
  "SELECT 1 AS `__proto__`, 2 AS `__defineGetter__`, 3 AS `constructor`, 4 AS ``",
  "SELECT a.id, b.id AS `id` FROM all_types a JOIN all_types b USING (id)",
  "SHOW COLUMNS FROM all_types",
  "EXPLAIN SELECT * FROM all_types WHERE id = 1",
  "SELECT CAST('abc' AS INT)",
  "SHOW WARNINGS",
  "CALL several()",
  "CALL fails_later()",
  "SELECT nothing FROM all_types",
  "SELEC 1",
  "INSERT INTO unique_names VALUES ('one')",
  "UPDATE unique_names SET name = 'one'",
  "UPDATE all_types SET t4 = 1 WHERE id < 0",
  "DELETE FROM unique_names WHERE name = 'none'",
  "SET @a := 1",
  "DO 1",
  "SET time_zone = '+00:00'",
  "BEGIN",
  "SELECT 1",
  "ROLLBACK",
  "SET autocommit = 0",
  "SELECT 1",
  "SET autocommit = 1",
  "SELECT 1; SELECT 2",
  "SELECT (SELECT 1 UNION SELECT 2)",
  "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE unique_names",
  "",
];

test.each(STATEMENTS)("relays exactly what a direct client receives: %s", async (sql) => {
  const reference = await direct.query(sql);
  const captured = await capture(relayed, sql);

  expect(formatCaptured(captured)).toEqual(formatReference(reference));
});

test("marks the JSON column, and no other, of MariaDB", async () => {
  const { results } = await run("SELECT js, lt, vc FROM all_types");

  expect(results[0]?.columns.map((column) => column.json)).toEqual([true, false, false]);
});

test("affected rows and insert ids are unsigned 64 bit", async () => {
  const { results } = await run(
    "INSERT INTO big_ids VALUES (18446744073709551610, 1), (18446744073709551609, 1)",
  );
  const own = await run("SELECT LAST_INSERT_ID(18446744073709551615)");
  const next = await run("INSERT INTO big_ids (id, v) VALUES (LAST_INSERT_ID(9223372036854775809), 1)");

  expect(results[0]?.end).toMatchObject({
    affectedRows: 2n,
    insertId: 18446744073709551609n,
    info: "Records: 2  Duplicates: 0  Warnings: 0",
  });
  expect(own.error).toBeNull();
  expect(next.results[0]?.end?.insertId).toBe(9223372036854775809n);
});

const EDGE = 0xff_ff_ff;
test.each([
  ["17 MB", 17_000_000],
  ["a row one byte below one whole packet", EDGE - 5],
  ["a row of exactly one whole packet", EDGE - 4],
  ["a row one byte above one whole packet", EDGE - 3],
  ["a row of exactly two whole packets", 2 * EDGE - 9],
])("%s arrives whole", async (_name, length) => {
  // A cell's length prefix is 4 bytes below 16 MiB and 9 above.
  const prefix = length < 0x1000000 ? 4 : 9;
  const { results } = await run(`SELECT REPEAT('x', ${length})`);
  const row = results[0]?.rows[0];

  expect(row?.length).toBe(length + prefix);
  expect(row?.subarray(prefix).equals(Buffer.alloc(length, "x"))).toBe(true);
  expect(await selectText(relayed, "SELECT 1")).toEqual([["1"]]);
});

test.each([EDGE - 3, EDGE - 2, EDGE - 1, EDGE, EDGE + 1, 2 * EDGE - 1])(
  "a statement of %d bytes arrives whole",
  async (length) => {
    const sql = "SELECT LENGTH('')";
    const padded = sql.replace("''", `'${"y".repeat(length - sql.length)}'`);

    expect(padded.length).toBe(length);
    expect(await selectText(relayed, padded)).toEqual([[String(length - sql.length)]]);
    expect(await selectText(relayed, "SELECT 2")).toEqual([["2"]]);
  },
);

test("the mysql2 whose internals are used is the one they were read in", () => {
  const { version } = createRequire(import.meta.url)("mysql2/package.json") as { version: string };

  expect(version).toBe("3.24.6");
});

/** Both sides as the same list of readable lines: definitions and rows as hex, ends decoded. */
function formatCaptured({ results, error }: Captured): string[] {
  const lines: string[] = [];
  for (const { columns, rows, end } of results) {
    if (columns.length > 0) {
      lines.push(
        `columns ${columns.length}`,
        ...columns.map((column) => hex(column.definition)),
        ...rows.map(hex),
      );
      if (end !== null) lines.push(`end ${end.status}/${end.warnings}`);
    } else {
      lines.push(`ok ${end?.affectedRows} ${end?.insertId} ${end?.status} ${end?.warnings} ${end?.info}`);
    }
  }
  if (error !== null) lines.push(`error ${error.errno} ${error.sqlState} ${error.message}`);
  return lines;
}

function formatReference(packets: readonly Buffer[]): string[] {
  const lines: string[] = [];
  let state: "head" | "columns" | "rows" = "head";
  for (const packet of packets) {
    const isEnd = packet[0] === 0xfe && packet.length < 9;
    if (packet[0] === 0xff) {
      lines.push(
        `error ${packet.readUInt16LE(1)} ${packet.toString("utf8", 4, 9)} ${packet.toString("utf8", 9)}`,
      );
    } else if (state === "head" && packet[0] === 0) {
      // Small numbers only in these statements: one byte each.
      const [affected, insertId] = [packet[1], packet[2]];
      const info = packet.length > 7 ? packet.toString("utf8", 8, 8 + (packet[7] ?? 0)) : "";
      lines.push(`ok ${affected} ${insertId} ${packet.readUInt16LE(3)} ${packet.readUInt16LE(5)} ${info}`);
    } else if (state === "head") {
      lines.push(`columns ${packet[0]}`);
      state = "columns";
    } else if (state === "columns" && isEnd) {
      state = "rows";
    } else if (isEnd) {
      lines.push(`end ${packet.readUInt16LE(3)}/${packet.readUInt16LE(1)}`);
      state = "head";
    } else {
      lines.push(hex(packet));
    }
  }
  return lines;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
