/**
 * Logins on real processes: who comes in, from where, how often, and what each may do; enforced by the edge, by the
 * origin when an edge does not, and by the database when neither could know.
 */
import * as http from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BareEdge, openBareEdge } from "../src/bare-edge.ts";
import { CANARY } from "../src/canary.ts";
import { type DirectSession, openDirectSession } from "../src/direct-session.ts";
import { EdgeSession } from "../src/edge-session.ts";
import { type ConfigPatch, openRig, type Rig, waitUntil } from "../src/index.ts";

const OTHER = "logins_other";
const EXECUTE = "/psdb.v1alpha1.Database/Execute";
const word = (name: string): string => `${CANARY}password-of-${name}`;
const login = (name: string, changes: ConfigPatch = {}): ConfigPatch => ({
  name,
  password: word(name),
  database: "rockpool",
  ...changes,
});

const LOGINS = [
  login("second"),
  login("reader", { readOnly: true }),
  login("narrow", { statements: ["read", "session"] }),
  login("here", { databases: ["rockpool"] }),
  login("both", { databases: ["rockpool", OTHER] }),
  login("office", { networks: ["10.0.0.0/8"] }),
  login("slow", { limits: { statementsPerSecondMax: 5 } }),
  login("single", { limits: { concurrentStatementsMax: 1 } }),
  login("wired", { limits: { connectionsMax: 2 } }),
  login("frugal", { limits: { bytesPerSecondMax: 2_000 } }),
];

let rig: Rig;
let admin: DirectSession;
let bare: BareEdge;

beforeAll(async () => {
  rig = await openRig({
    edgeConfig: {
      freshness: { boundMs: 10_000 },
      access: { trustedProxies: ["127.0.0.1"], block: ["203.0.113.66"], failuresMax: 5 },
    },
    logins: LOGINS,
  });
  admin = await openDirectSession(rig.db);
  for (const sql of [
    `CREATE DATABASE ${OTHER}`,
    `CREATE TABLE ${OTHER}.facts (id INT PRIMARY KEY)`,
    "CREATE TABLE facts (id INT PRIMARY KEY, v INT)",
    "CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
    "INSERT INTO facts VALUES (1, 10), (2, 20)",
    "CREATE FUNCTION note() RETURNS INT BEGIN INSERT INTO log (v) VALUES (1); RETURN 1; END",
  ]) {
    await make(sql);
  }
  // One definition through the edge makes all of the new tables known there.
  await session("app").must("CREATE TABLE last_one (id INT PRIMARY KEY)");
  bare = await openBareEdge(rig.origin.line.backhaul, rig.sharedSecret);
});
afterAll(async () => {
  bare?.close();
  admin?.close();
  await rig?.close();
});

async function make(sql: string): Promise<void> {
  const answer = await admin.execute(sql);
  if (answer.kind === "error") throw new Error(`${answer.message}\n${sql}`);
}

function session(name: string): EdgeSession {
  return new EdgeSession(rig.edges[0]?.line.http ?? "", { user: name, password: word(name) });
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** One Execute of `SELECT 1`, or another statement, as a client behind the trusted proxy. */
function ask(
  name: string,
  options: {
    readonly password?: string;
    readonly from?: string;
    readonly agent?: http.Agent;
    readonly query?: string;
  } = {},
): Promise<Answer> {
  const { password = word(name), from, agent, query = "SELECT 1" } = options;
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(EXECUTE, rig.edges[0]?.line.http), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
        ...(from === undefined ? {} : { "x-forwarded-for": from }),
      },
      agent: agent ?? new http.Agent(),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.end(JSON.stringify({ query }));
  });
}

describe("who comes in", () => {
  test("edges are told scrypt hashes, never passwords", () => {
    expect(bare.logins.map(({ name }) => name)).toEqual(["app", ...LOGINS.map((one) => one["name"])]);
    for (const { verifier } of bare.logins) expect(verifier).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$/);
    expect(JSON.stringify(bare.logins)).not.toContain(CANARY);
  });

  test("an unknown name and a wrong password get the same answer", async () => {
    const answers = await Promise.all([
      ask("second", { password: "wrong", from: "192.0.2.1" }),
      ask("nobody", { password: "wrong", from: "192.0.2.2" }),
    ]);
    const [one, two] = answers.map(({ status, text, headers }) => [
      status,
      text,
      headers["www-authenticate"],
    ]);
    expect(one).toEqual(two);
    expect(one).toEqual([401, expect.stringContaining("Access denied"), expect.stringContaining("Basic")]);
  });

  test("a login of some networks is unknown elsewhere, and what a stranger says of itself is not believed", async () => {
    expect((await ask("office", { from: "10.1.2.3" })).status).toBe(200);
    expect((await ask("office", { from: "203.0.113.1" })).status).toBe(401);
    expect((await ask("office", { from: "10.1.2.3, 203.0.113.2" })).status).toBe(401);
  });

  test("a blocked client is refused behind a proxy too", async () => {
    expect((await ask("second", { from: "203.0.113.66" })).status).toBe(403);
    expect((await ask("second", { from: "203.0.113.67" })).status).toBe(200);
  });

  test("who guesses is held up unread; who is known is not, nor is anybody elsewhere", async () => {
    const from = "198.51.100.7";
    expect((await ask("second", { from })).status).toBe(200);
    const hashes = () =>
      rig.metric(rig.edges[0]?.line.admin ?? "", "rockpool_edge_logins_total", 'outcome="wrong"');
    for (let guess = 0; guess < 5; guess++)
      expect((await ask("app", { password: `guess-${guess}`, from })).status).toBe(401);
    const before = await hashes();
    const refused = await ask("nobody", { password: "guess-6", from });
    expect([refused.status, Number(refused.headers["retry-after"]) > 0]).toEqual([429, true]);
    expect(refused.text).toContain("Too many failed logins");
    expect(await hashes()).toBe(before);
    expect((await ask("second", { from })).status).toBe(200);
    expect((await ask("reader", { from: "198.51.100.8" })).status).toBe(200);
  });
});

describe("a read-only login", () => {
  const WRITES = [
    "INSERT INTO facts VALUES (9, 9)",
    "CREATE TEMPORARY TABLE x (a INT)",
    "SELECT note()",
    "SELECT 1 INTO OUTFILE '/tmp/rockpool-never'",
    "SELECT /*! note(), */ 1",
    "SELECT 1; DELETE FROM facts",
    "START TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION READ WRITE",
    "PREPARE s FROM 'DELETE FROM facts'",
    "CALL nothing()",
    "SELECT * FROM facts FOR UPDATE",
  ];

  test.each(WRITES)("is refused by the edge: %s", async (sql) => {
    const answer = await session("reader").run(sql);
    expect([answer.errno, answer.cache]).toEqual([1792, expect.stringContaining("reason=rejected")]);
  });

  test.each(WRITES)("is refused by the origin, when an edge lets it pass: %s", async (sql) => {
    const answer = await bare.run("reader", sql, { schema: "rockpool" });
    expect(answer.failure).toMatchObject({ code: "read-only-login", harmless: true });
  });

  test("is refused by the database, when neither can know: a view that nobody has told them of", async () => {
    await make("CREATE VIEW told_nobody AS SELECT note() AS n");
    const before = (await admin.execute("SELECT COUNT(*) FROM log")) as unknown;
    expect((await session("reader").run("SELECT n FROM told_nobody")).errno).toBe(1792);
    expect(await admin.execute("SELECT COUNT(*) FROM log")).toEqual(before);
    expect((await session("second").run("SELECT n FROM told_nobody")).errno).toBe(0);
  });

  test("reads, sets, and runs transactions; its connection serves writers afterwards", async () => {
    const reader = session("reader");
    await reader.must("SET time_zone = '+01:00'");
    expect((await reader.must("SELECT @@time_zone, v FROM facts WHERE id = 1")).rows).toEqual([
      ["+01:00", "10"],
    ]);
    await reader.must("START TRANSACTION");
    expect((await reader.run("INSERT INTO facts VALUES (9, 9)")).errno).toBe(1792);
    expect((await reader.must("SELECT COUNT(*) FROM facts")).rows).toEqual([["2"]]);
    await reader.must("COMMIT");
    for (let round = 0; round < 8; round++)
      await session("second").must(`UPDATE facts SET v = v + 0 WHERE id = ${round}`);
  });

  test("shares what is cached with every login of its account (R15)", async () => {
    const sql = "SELECT v FROM facts WHERE id = 2";
    await session("second").must(sql);
    const [shared, own] = [await session("reader").must(sql), await session("app").must(sql)];
    for (const answer of [shared, own])
      expect([answer.cache.split(";")[0], answer.rows]).toEqual(["hit", [["20"]]]);
  });
});

describe("a login that may do less", () => {
  test("kinds of statements: allowed, and refused by edge and origin", async () => {
    const narrow = session("narrow");
    await narrow.must("SET NAMES utf8mb4");
    await narrow.must("SELECT * FROM facts");
    for (const sql of ["INSERT INTO facts VALUES (9, 9)", "BEGIN", "SELECT note()", "SELECT 1; SELECT 2"]) {
      expect((await narrow.run(sql)).errno).toBe(1227);
      expect((await bare.run("narrow", sql, { schema: "rockpool" })).failure?.code).toBe(
        "statement-not-allowed",
      );
    }
  });

  test("databases: allowed, and refused by edge and origin, however they are named", async () => {
    await session("here").must("SELECT * FROM facts");
    for (const sql of [
      `SELECT * FROM ${OTHER}.facts`,
      `USE ${OTHER}`,
      "SELECT * FROM information_schema.tables",
      "SHOW DATABASES",
      `PREPARE s FROM 'SELECT * FROM ${OTHER}.facts'`,
    ]) {
      expect((await session("here").run(sql)).errno, sql).toBe(1044);
      const answer = await bare.run("here", sql, { schema: "rockpool" });
      expect(answer.failure?.code, sql).toBe("database-not-allowed");
    }
    expect((await bare.run("here", "SELECT * FROM facts", { schema: OTHER })).failure?.code).toBe(
      "database-not-allowed",
    );
  });

  test("an answer that others have cached is not seen by who may not ask for it", async () => {
    const sql = `SELECT id FROM ${OTHER}.facts`;
    await session("app").must(sql);
    expect((await session("app").must(sql)).cache).toMatch(/^hit/);
    const answer = await session("here").run(sql);
    expect([answer.errno, answer.cache]).toEqual([1044, expect.stringContaining("rejected")]);
    await session("both").must(sql);
    expect((await session("both").must(sql)).cache).toMatch(/^hit/);
    expect((await session("here").run(sql)).errno).toBe(1044);
  });
});

describe("a login's limits", () => {
  const codes = (answers: readonly Answer[]): Record<number, number> => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  test("statements a second, hits included", async () => {
    const query = "SELECT v FROM facts WHERE id = 1";
    await session("app").must(query);
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask("slow", { query })));
    const elapsed = (performance.now() - startedAt) / 1000;
    const passed = codes(answers)[200] ?? 0;
    expect(passed).toBeGreaterThanOrEqual(1);
    expect(passed).toBeLessThanOrEqual(5 + Math.ceil(5 * elapsed));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers["retry-after"]).toBe("1");
    expect(refused?.text).toContain("errno 1226");
  });

  test("statements at once", async () => {
    const query = "SELECT SLEEP(1)";
    expect(codes(await Promise.all([1, 2, 3].map(() => ask("single", { query }))))).toEqual({
      200: 1,
      429: 2,
    });
    expect((await ask("single")).status).toBe(200);
  });

  test("connections", async () => {
    const agents = [1, 2, 3].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    const [first, second, third] = agents;
    const statusOf = async (agent?: http.Agent) =>
      (await ask("wired", agent === undefined ? {} : { agent })).status;
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([200, 200, 429]);
    expect(await statusOf(second)).toBe(200);
    first?.destroy();
    await waitUntil(async () => (await statusOf(third)) === 200);
    for (const agent of agents) agent.destroy();
  });

  test("bytes: whoever is in debt waits", async () => {
    const query = `SELECT REPEAT('x', 6000) AS ${"y".repeat(20)}`;
    const [first, then] = [await ask("frugal", { query }), await ask("frugal")];
    expect([first.status, then.status, Number(then.headers["retry-after"]) >= 2]).toEqual([200, 429, true]);
  });
});

test("a new list holds at once: gone, another password, fewer rights, and their sessions end", async () => {
  const gone = session("second");
  const changed = session("both");
  const lessened = session("narrow");
  await gone.must("BEGIN");
  await gone.must("INSERT INTO facts VALUES (100, 1)");
  await changed.must("BEGIN");
  await changed.must("INSERT INTO facts VALUES (101, 1)");
  await lessened.must("SET @x = 1");
  rig.reloadLogins([
    ...LOGINS.filter((one) => !["second", "both", "narrow"].includes(String(one["name"]))),
    login("both", { databases: ["rockpool", OTHER], password: word("both-anew") }),
    login("narrow", { readOnly: true }),
    login("newcomer"),
  ]);
  await waitUntil(() => bare.logins.some(({ name }) => name === "newcomer"));
  await waitUntil(async () => (await ask("newcomer", { from: "192.0.2.50" })).status === 200);
  // The transaction of a login that is gone is rolled back; nobody waits for its locks.
  await waitUntil(
    async () => (await admin.execute("SELECT id FROM facts WHERE id = 100 FOR UPDATE")).kind !== "error",
  );
  expect((await gone.run("SELECT 1")).errno).toBe(1045);
  expect((await bare.run("second", "SELECT 1")).failure?.code).toBe("access-denied");
  expect((await ask("both", { from: "192.0.2.51" })).status).toBe(401);
  expect((await ask("both", { password: word("both-anew"), from: "192.0.2.51" })).status).toBe(200);
  const lost = await lessened.run("SELECT @x");
  expect(lost.errno).toBe(1317);
  await lessened.must("ROLLBACK");
  expect((await lessened.run("DELETE FROM facts")).errno).toBe(1792);
});
