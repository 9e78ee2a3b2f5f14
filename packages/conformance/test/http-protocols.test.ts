import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Client } from "@polyscale/serverless-js";
import { connect } from "@tidbcloud/serverless";
import fc from "fast-check";
import { type Connection, createConnection, escape } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import { findNode24, ownNode } from "./clients/node-binaries.ts";

// The three protocols for HTTP clients before a real database: one cache, each its own form, and no session left behind.

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const EXECUTE = "/psdb.v1alpha1.Database/Execute";
const WIDE = "SELECT id, v FROM wide ORDER BY id";

let rig: Rig;
let base = "";
let db: Connection;

beforeAll(async () => {
  console.info(`SEED=${SEED}`);
  rig = await openRig({ originConfig: { session: { idleTimeoutMs: 60_000, transactionMaxMs: 60_000 } } });
  base = rig.edges[0]?.line.http ?? "";
  const { host, port, user, password, database } = rig.db;
  db = await createConnection({ host, port, user, password, database, charset: "utf8mb4" });
  await write("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50))");
  await write("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
  await write("CREATE TABLE wide (id INT PRIMARY KEY, v VARCHAR(200))");
  const rows = Array.from({ length: 500 }, (_, id) => `(${id}, 'value ${id % 17} ${"x".repeat(id % 50)}')`);
  await write(`INSERT INTO wide VALUES ${rows.join(",")}`);
});
/** Through the edge: its answer comes after the new catalogue. */
async function write(sql: string): Promise<void> {
  expect((await ask.polyscale(sql)).status).toBe(200);
}

afterAll(async () => {
  await db?.end();
  await rig?.close();
});

interface Answer {
  readonly status: number;
  readonly cache: string;
  readonly coding: string | null;
  readonly session: string;
  readonly json: Record<string, unknown>;
}

function authorization(): string {
  const { user, password } = rig.login;
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: authorization(), ...headers },
    body: JSON.stringify(body),
  });
  const answer = {
    status: response.status,
    cache: response.headers.get("rockpool-cache")?.split(";")[0] ?? "",
    coding: response.headers.get("content-encoding"),
    session: response.headers.get("tidb-session") ?? "",
    json: (await response.json()) as Record<string, unknown>, // the wire form under test
  };
  expect(response.headers.get("rockpool-request-id")).toMatch(/./);
  return answer;
}

function polyscale(changes: Record<string, unknown>): Record<string, unknown> {
  const { user: username, password } = rig.login;
  return { cacheId: "c", username, password, provider: "mariadb", database: rig.db.database, ...changes };
}

const ask = {
  psdb: (sql: string, headers: Record<string, string> = {}) => post(EXECUTE, { query: sql }, headers),
  polyscale: (sql: string, headers: Record<string, string> = {}) => post("/sql", polyscale({ sql }), headers),
  tidb: (sql: string, headers: Record<string, string> = {}) => post("/v1beta/sql", { query: sql }, headers),
};

type Protocol = keyof typeof ask;
const PROTOCOLS = ["psdb", "polyscale", "tidb"] as const satisfies readonly Protocol[];

async function pinnedConnections(): Promise<number> {
  return rig.metric(rig.origin.line.admin, "rockpool_origin_sessions_pinned");
}

describe("one cache", () => {
  test.each(PROTOCOLS)("what is read through %s is a hit through the others", async (first) => {
    const sql = `SELECT id, v FROM t WHERE id = 1 /* ${first} */`;
    expect((await ask[first](sql)).cache).toBe("miss");
    for (const protocol of PROTOCOLS) expect((await ask[protocol](sql)).cache).toBe("hit");
    expect((await ask.polyscale(sql)).json).toEqual([{ id: 1, v: "one" }]);
    expect((await ask.tidb(sql)).json).toMatchObject({ rows: [["1", "one"]] });
  });

  test.each(["zstd", "br", "gzip"])("answers in %s are the same on a miss and on hits", async (coding) => {
    for (const protocol of PROTOCOLS) {
      const sql = `${WIDE} /* ${coding} ${protocol} */`;
      const plain = await ask[protocol](sql, { "accept-encoding": "identity" });
      const missed = await ask[protocol](`${sql} `, { "accept-encoding": coding });
      const hits = [
        await ask[protocol](sql, { "accept-encoding": coding }),
        await ask[protocol](sql, { "accept-encoding": coding }),
      ];
      expect([plain.coding, missed.coding, missed.cache]).toEqual([null, coding, "miss"]);
      for (const hit of hits) {
        expect([hit.coding, hit.cache]).toEqual([coding, "hit"]);
        expect(contentOf(hit)).toEqual(contentOf(plain));
      }
      expect(contentOf(missed)).toEqual(contentOf(plain));
    }
  });
});

/** Reads the same answer in every coding with the `fetch` of the Node that runs it; prints what came of each. */
const DECODE_PROGRAM = `
const [url, authorization, body] = process.argv.slice(1);
const told = [];
for (const coding of ["zstd", "br", "gzip", "gzip", "br", "zstd", "identity"]) {
  const headers = { "content-type": "application/json", "accept-encoding": coding, authorization };
  const response = await fetch(url, { method: "POST", headers, body });
  const { result } = await response.json();
  told.push([response.headers.get("content-encoding") ?? "identity", result.rows.length, JSON.stringify(result).length]);
}
console.log(JSON.stringify(told));
`;

describe("a spliced stream is one to every decoder", () => {
  test.each([ownNode(), findNode24()].filter((node) => node !== null))(
    "of $name's fetch",
    async ({ path, major }) => {
      await ask.psdb(WIDE);
      const body = JSON.stringify({ query: WIDE });
      const argv = ["--input-type=module", "-e", DECODE_PROGRAM, base + EXECUTE, authorization(), body];
      const { stdout } = await promisify(execFile)(path, argv);
      const told = JSON.parse(stdout) as [string, number, number][]; // what the program above prints
      const codings = told.map(([coding]) => coding);
      expect(codings).toEqual(["zstd", "br", "gzip", "gzip", "br", "zstd", "identity"]);
      expect(new Set(told.map(([, rows, length]) => `${rows} ${length}`)).size).toBe(1);
      expect(major).toBeGreaterThanOrEqual(24);
    },
  );
});

/** Without what differs from answer to answer. */
function contentOf({ json }: Answer): unknown {
  const { session: _session, timing: _timing, ...content } = json;
  return Array.isArray(json) ? json : content;
}

describe("the unmodified clients", () => {
  test("of PolyScale", async () => {
    const { user: username, password } = rig.login;
    const database = rig.db.database;
    const client = new Client(base, { cacheId: "c", username, password, database, provider: "mysql" });
    expect(await client.query("SELECT id, v FROM t WHERE id = ?", [2])).toEqual([{ id: 2, v: "two" }]);
    expect(await client.query("SELECT :c: FROM t WHERE id IN (:ids)", { c: "v", ids: [1, 2] })).toEqual([
      { v: "one" },
      { v: "two" },
    ]);
    expect(await client.query("INSERT INTO t VALUES (?, ?)", [10, "it's"])).toEqual([
      { affectedRows: 1, insertId: 0, warningStatus: 0 },
    ]);
    expect(await client.query("SELECT v FROM t WHERE id = 10")).toEqual([{ v: "it's" }]);
    await expect(client.query("SELECT nope FROM t")).rejects.toMatchObject({ statusCode: 400, code: "1054" });
  });

  test("of TiDB Cloud: transactions, isolation, full results", async () => {
    const { user: username, password } = rig.login;
    const connection = connect({
      host: "anywhere",
      username,
      password,
      database: rig.db.database,
      fetch: (url, init) => fetch(base + new URL(url).pathname, init),
    });
    const tx = await connection.begin({ isolation: "READ COMMITTED" });
    await tx.execute("INSERT INTO t VALUES (20, 'tx')");
    expect(await tx.execute("SELECT v FROM t WHERE id = 21")).toEqual([]);
    expect(await connection.execute("SELECT v FROM t WHERE id = 20")).toEqual([]);
    await write("INSERT INTO t VALUES (21, 'seen')");
    // At the default level the first read would have fixed what the transaction sees.
    expect(await tx.execute("SELECT v FROM t WHERE id = 21")).toEqual([{ v: "seen" }]);
    await tx.commit();
    const full = { fullResult: true };
    expect(await connection.execute("SELECT id, v FROM t WHERE id = 20", null, full)).toMatchObject({
      types: { id: "INT", v: "VARCHAR" },
      rows: [{ id: 20, v: "tx" }],
      rowCount: 1,
    });
    const undone = await connection.begin();
    await undone.execute("DELETE FROM t WHERE id = 20");
    await undone.rollback();
    expect(await connection.execute("SELECT id, v FROM t WHERE id = 20", null, { arrayMode: true })).toEqual([
      [20, "tx"],
    ]);
  });
});

describe("no session is left behind", () => {
  test("CloseSession rolls back and gives the connection back; its token needs a ROLLBACK", async () => {
    const begun = await post(EXECUTE, { query: "BEGIN" });
    const { session } = begun.json;
    const written = await post(EXECUTE, { query: "INSERT INTO t VALUES (30, 'x')", session });
    expect(await pinnedConnections()).toBe(1);
    const closed = await post("/psdb.v1alpha1.Database/CloseSession", { session: written.json["session"] });
    expect([closed.status, Object.keys(closed.json)]).toEqual([200, ["session"]]);
    await waitUntil(async () => (await pinnedConnections()) === 0);
    expect((await ask.polyscale("SELECT COUNT(*) AS n FROM t WHERE id = 30")).json).toEqual([{ n: 0 }]);
    const late = await post(EXECUTE, { query: "SELECT 1", session });
    expect(late.json["error"]).toMatchObject({ code: "ABORTED" });
    const after = await post(EXECUTE, { query: "SELECT 1 AS a", session: closed.json["session"] });
    expect(after.json["error"]).toBeUndefined();
  });

  test("TiDB's close does the same", async () => {
    const begun = await post("/v1beta/sql", { query: "" }, { "tidb-stateful-action": "open" });
    expect(begun.session).not.toBe("");
    const pinned = await post(
      "/v1beta/sql",
      { query: "CREATE TEMPORARY TABLE tmp (a INT)" },
      { "tidb-session": begun.session },
    );
    expect(await pinnedConnections()).toBe(1);
    const close = { "tidb-stateful-action": "close", "tidb-session": pinned.session };
    expect((await post("/v1beta/sql", { query: "" }, close)).status).toBe(200);
    await waitUntil(async () => (await pinnedConnections()) === 0);
  });

  test.each([
    ["BEGIN", 400, "needs-session"],
    ["START TRANSACTION READ ONLY", 400, "needs-session"],
    ["SELECT @x := 1 AS x", 200, null],
    ["CREATE TEMPORARY TABLE tmp2 (a INT)", 200, null],
    ["SELECT GET_LOCK('http-protocols', 0) AS got", 200, null],
  ])("PolyScale's %s holds nothing", async (sql, status, code) => {
    const answer = await ask.polyscale(sql);
    expect(answer.status).toBe(status);
    if (code !== null) expect(answer.json["message"]).toContain("keeps no session");
    expect(await pinnedConnections()).toBe(0);
  });
});

test("a client's own deadline ends its statement", async () => {
  const headers = { "connect-timeout-ms": "200", "connect-protocol-version": "1" };
  const late = await post(EXECUTE, { query: "SELECT SLEEP(30)" }, headers);
  expect(late.json["error"]).toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const asleep =
    "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";
  await waitUntil(async () => JSON.stringify((await ask.polyscale(asleep)).json) === '[{"n":0}]');
});

test("another database of the account is another session", async () => {
  await write("CREATE DATABASE IF NOT EXISTS second");
  await write("CREATE TABLE IF NOT EXISTS second.t (id INT PRIMARY KEY, v VARCHAR(50))");
  await write("REPLACE INTO second.t VALUES (1, 'second')");
  const sql = "SELECT v FROM t WHERE id = 1";
  await waitUntil(async () => (await ask.polyscale(sql)).cache === "hit");
  const elsewhere = await post("/sql", polyscale({ sql, database: "second" }));
  expect(elsewhere.json).toEqual([{ v: "second" }]);
  const tidb = await post("/v1beta/sql", { query: sql }, { "tidb-database": "second" });
  expect(tidb.json).toMatchObject({ rows: [["second"]] });
  const unknown = await post("/sql", polyscale({ sql, database: "nowhere" }));
  expect([unknown.status, unknown.json["code"]]).toEqual([400, "1049"]);
});

test("a value that the edge puts into a text is the one that mysql2 puts there", async () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      "'",
      "\\",
      '"',
      "\0",
      "\n",
      "\r",
      "\t",
      "\b",
      "\x1a",
      "%",
      "_",
      "ü",
      "💥",
      "?",
      ":a",
    ),
  });
  const value = fc.oneof(
    nasty,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 8 }), async (values) => {
      const columns = values.map((_, index) => `HEX(CONCAT('', ?)) AS c${index}`).join(", ");
      const sql = `SELECT ${columns}`;
      const expected = sql.replace(/\?/g, () => "\u0001");
      let index = 0;
      const formatted = expected.replaceAll("\u0001", () => escape(values[index++]));
      const [rows] = await db.query(formatted);
      const answer = await post("/sql", polyscale({ sql, bindings: values }));
      expect(answer.json).toEqual(rows);
    }),
    { seed: SEED, numRuns: 60 },
  );
});
