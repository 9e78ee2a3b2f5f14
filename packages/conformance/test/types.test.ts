/**
 * Every column type through the real edge: the psdb JSON against what a Vitess server would send
 * (packages/protocol/testdata), on a miss and, byte for byte the same, on a hit; and what the unmodified driver makes
 * of it. That the origin relays packets as a direct client receives them is proven beside the relay, in apps/origin.
 */
import { readFileSync } from "node:fs";
import { connect } from "@planetscale/database";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DirectSession, openDirectSession } from "../src/direct-session.ts";
import { openRig, type Rig } from "../src/index.ts";
import { createPsdbSession, type PsdbSession, type PsdbTarget } from "../src/psdb-session.ts";

interface Golden {
  readonly name: string;
  readonly why: string;
  /** Of the column `v`; without one the case is an expression. */
  readonly declaration?: string;
  /** Literals, or the one statement of an expression. */
  readonly inserts: readonly string[];
  readonly result: unknown;
  readonly driver: readonly unknown[];
}

const SCHEMA = "rockpool_goldens";
const LOGIN = { user: "goldens", password: "goldens-password" };
const goldenPath = new URL("../../protocol/testdata/psdb-types.golden.json", import.meta.url);
// The file is written by tools/regen-goldens.ts in this shape.
const goldens = (JSON.parse(readFileSync(goldenPath, "utf8")) as { cases: readonly Golden[] }).cases;
const cases = goldens.map((golden) => {
  const { name, declaration, inserts } = golden;
  const sql = declaration === undefined ? (inserts[0] ?? "") : `SELECT v FROM \`${name}\` ORDER BY id`;
  return { ...golden, isColumn: declaration !== undefined, stored: / FROM /.test(sql), sql };
});

let rig: Rig;
let direct: DirectSession;
let target: PsdbTarget;
let session: PsdbSession;

beforeAll(async () => {
  rig = await openRig({ logins: [{ name: LOGIN.user, password: LOGIN.password, database: SCHEMA }] });
  direct = await openDirectSession(rig.db);
  target = { url: rig.edges[0]?.line.http ?? "", ...LOGIN };
  session = createPsdbSession(target);
  await make(`CREATE DATABASE ${SCHEMA} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await make(`USE ${SCHEMA}`);
  await make("SET time_zone = '+00:00'");
  for (const { name, declaration, inserts } of goldens) {
    if (declaration === undefined) continue;
    await make(`CREATE TABLE \`${name}\` (id INT PRIMARY KEY, v ${declaration})`);
    const rows = inserts.map((literal, index) => `(${index}, ${literal})`);
    await make(`INSERT INTO \`${name}\` VALUES ${rows.join(", ")}`);
  }
  for (const sql of EDGE_VALUES) await make(sql);
  // One statement through the edge makes the new tables known there.
  await session.run("CREATE TABLE last_one (id INT PRIMARY KEY)");
  await session.run("SET time_zone = '+00:00'");
});
afterAll(async () => {
  direct?.close();
  await rig?.close();
});

async function make(sql: string): Promise<void> {
  const answer = await direct.execute(sql);
  if (answer.kind === "error") throw new Error(`${answer.message}\n${sql}`);
}

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
const EDGE_VALUES = [
  'CREATE TABLE odd_names (id INT PRIMARY KEY, `__proto__` VARCHAR(20), `constructor` INT, `ü "q"` INT, toString INT)',
  "INSERT INTO odd_names VALUES (1, '💥\\0', 2, 3, 4)",
  "CREATE TABLE edge_values (id INT PRIMARY KEY, v LONGBLOB, t LONGTEXT)",
  `INSERT INTO edge_values VALUES (1, REPEAT(0x${ALL_BYTES}, 200), REPEAT('väl😀\\0"\\\\', 5000)), (2, '', ''), (3, NULL, NULL)`,
  "CREATE TABLE huge_ids (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 9223372036854775808",
];

/** The driver of a client that sends its session along, and what the edge said of the cache. */
function openDriver() {
  const url = new URL(target.url);
  url.username = target.user;
  url.password = target.password;
  const seen = { cache: "" };
  const connection = connect({
    url: url.href,
    fetch: async (input: string, init?: object) => {
      const response = await fetch(input, init);
      seen.cache = response.headers.get("rockpool-cache") ?? "";
      return response;
    },
  });
  return { connection, seen };
}

function jsonView(value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("hex") } : value;
}

describe("the psdb JSON", () => {
  test.each(cases)("$name: $why", async ({ sql, result, stored }) => {
    const miss = await session.execute(sql);
    expect(JSON.parse(miss.resultText ?? "null")).toEqual(result);
    const again = await session.execute(sql);
    expect(again.resultText).toBe(miss.resultText);
    expect(miss.cache).toMatch(stored ? /^miss; reason=absent/ : /^bypass; reason=/);
    expect(again.cache).toMatch(stored ? /^hit; / : /^bypass; reason=/);
  });
});

describe("the driver's values", () => {
  test("of every type, on a miss and on a hit", async () => {
    const { connection, seen } = openDriver();
    await connection.execute("SET time_zone = '+00:00'");
    let hits = 0;
    for (const { sql, driver, name, stored } of cases) {
      // A comment makes it another key than the one above.
      for (const round of ["miss", "hit"]) {
        const executed = await connection.execute(stored ? `${sql} -- driver` : sql, null, { as: "array" });
        const values = (executed.rows as unknown[][]).map((row) => jsonView(row[0])); // `as: "array"`
        expect({ name, round, values }).toEqual({ name, round, values: driver });
        expect(seen.cache.startsWith(stored ? round : "bypass"), `${name}: ${seen.cache}`).toBe(true);
      }
      if (seen.cache.startsWith("hit")) hits += 1;
    }
    expect(hits).toBe(cases.filter(({ stored }) => stored).length);
  });

  test("of odd names and large, empty and NULL values, on a miss and on a hit", async () => {
    const { connection, seen } = openDriver();
    const names = "SELECT * FROM odd_names WHERE id = 1";
    const values = "SELECT v, t FROM edge_values ORDER BY id";
    for (const round of ["miss", "hit"]) {
      const odd = await connection.execute(names, null, { as: "array" });
      expect(seen.cache).toContain(round);
      expect(odd.fields.map(({ name }) => name)).toEqual([
        "id",
        "__proto__",
        "constructor",
        'ü "q"',
        "toString",
      ]);
      expect(odd.rows).toEqual([[1, "💥\u0000", 2, 3, 4]]);
      const edge = await connection.execute(values, null, { as: "array" });
      expect(seen.cache).toContain(round);
      const [first, second, third] = edge.rows as [Uint8Array | null, string | null][]; // `as: "array"`
      expect(Buffer.from(first?.[0] ?? []).toString("hex") === ALL_BYTES.repeat(200)).toBe(true);
      expect(first?.[1] === 'väl😀\0"\\'.repeat(5000)).toBe(true);
      expect([second?.[0]?.length, second?.[1], third]).toEqual([0, "", [null, null]]);
    }
  });

  test("of insert ids from 2^63 on", async () => {
    const { connection } = openDriver();
    const first = await connection.execute("INSERT INTO huge_ids (v) VALUES (1), (2)");
    expect([first.insertId, first.rowsAffected]).toEqual(["9223372036854775808", 2]);
    const own = await connection.execute("SELECT LAST_INSERT_ID() AS id");
    expect(own.rows).toEqual([{ id: "9223372036854775808" }]);
    const largest = await connection.execute("INSERT INTO huge_ids VALUES (18446744073709551614, 1)");
    expect(largest.insertId).toBe("18446744073709551614");
  });
});

test("rows by direct connection and by edge are the same cells, for all tables at once", async () => {
  for (const { name } of cases.filter(({ isColumn }) => isColumn)) {
    const sql = `SELECT * FROM \`${name}\` ORDER BY id DESC`;
    const expected = await direct.execute(sql);
    expect({ name, ...(await session.execute(sql)).answer }).toEqual({ name, ...expected });
    expect({ name, ...(await session.execute(sql)).answer }).toEqual({ name, ...expected });
  }
});
