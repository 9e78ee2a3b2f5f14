import { hash } from "node:crypto";
import { connect } from "node:net";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { basic, feedLogin } from "./feed-login.ts";
import {
  begin,
  EdgeBench,
  end,
  finish,
  type HttpAnswer,
  type HttpQuestion,
  type OriginCall,
  row,
  until,
} from "./bench.ts";

let bench: EdgeBench;
beforeEach(async () => {
  bench = await new EdgeBench().open();
});
afterEach(() => bench.door.close(0));

const READ = "SELECT a FROM t";
const EXECUTE = "/psdb.v1alpha1.Database/Execute";
const ROW = "y".repeat(100);

/** The same statement in each protocol. */
const ASK = {
  psdb: (sql: string): HttpQuestion => ({ path: EXECUTE, body: JSON.stringify({ query: sql }) }),
  polyscale: (sql: string): HttpQuestion => ({
    path: "/sql",
    headers: { authorization: "" },
    body: JSON.stringify(polyscale({ sql })),
  }),
  tidb: (sql: string): HttpQuestion => ({ path: "/v1beta/sql", body: JSON.stringify({ query: sql }) }),
};
type Protocol = keyof typeof ASK;
const PROTOCOLS = ["psdb", "polyscale", "tidb"] as const satisfies readonly Protocol[];

function polyscale(changes: Record<string, unknown>): Record<string, unknown> {
  return {
    cacheId: "c",
    username: "shop",
    password: "secret",
    provider: "mysql",
    database: "app",
    ...changes,
  };
}

function with_(question: HttpQuestion, headers: Record<string, string>): HttpQuestion {
  return { ...question, headers: { ...question.headers, ...headers } };
}

/** Answers READ at the origin with this many rows. */
function respond(call: OriginCall, rowCount: number): void {
  begin(call);
  for (let index = 0; index < rowCount; index++) row(call, ROW);
  end(call);
  finish(call);
}

async function fill(
  protocol: Protocol,
  rowCount: number,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const { answer, call } = await bench.reach(with_(ASK[protocol](READ), headers));
  respond(call, rowCount);
  return answer;
}

const DECODE = {
  gzip: (bytes: Buffer) => zlib.gunzipSync(bytes),
  br: (bytes: Buffer) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes: Buffer) => zlib.zstdDecompressSync(bytes),
};
type Coding = keyof typeof DECODE;
const CODINGS = ["gzip", "br", "zstd"] as const satisfies readonly Coding[];

/** The JSON of an answer, compressed or not, without what differs each time. */
function contentOf(answer: HttpAnswer): unknown {
  const coding = answer.headers["content-encoding"];
  const text = coding === undefined ? answer.text : DECODE[coding as Coding](answer.bytes).toString(); // one of ours
  const json = JSON.parse(text) as Record<string, unknown>;
  if (Array.isArray(json)) return json;
  const { session: _session, timing: _timing, ...content } = json;
  return content;
}

describe("one entry serves all protocols", () => {
  test.each(PROTOCOLS)("that %s filled", async (first) => {
    await fill(first, 1);
    for (const protocol of PROTOCOLS) {
      const { status, headers } = await bench.ask(ASK[protocol](READ));
      expect([status, headers["rockpool-cache"]]).toEqual([200, expect.stringMatching(/^hit; /)]);
    }
    expect(bench.calls).toHaveLength(1);
    const { json } = await bench.ask(ASK.polyscale(READ));
    expect(json).toEqual([{ a: ROW }]);
    const tidb = await bench.ask(ASK.tidb(READ));
    expect(tidb.json).toMatchObject({
      types: [{ name: "a", type: "VARCHAR", nullable: true }],
      rows: [[ROW]],
    });
    expect(tidb.headers["tidb-session"]).toMatch(/./);
  });

  test("joiners of one read each get their own form", async () => {
    const asked = [];
    for (const protocol of PROTOCOLS) asked.push(bench.ask(ASK[protocol](READ)));
    await until(() => bench.calls.length > 0);
    await until(() => bench.engine.exchangeCount === 3);
    respond(bench.call, 1);
    const [psdb, rows, tidb] = await Promise.all(asked);
    expect(psdb?.json).toHaveProperty("result.rows");
    expect(rows?.json).toEqual([{ a: ROW }]);
    expect(tidb?.json).toMatchObject({ rows: [[ROW]] });
    expect(bench.calls).toHaveLength(1);
  });
});

describe("compression", () => {
  test.each(CODINGS.flatMap((coding) => PROTOCOLS.map((protocol) => [coding, protocol] as const)))(
    "in %s of %s: miss, hit and plain say the same, and the entry is compressed once",
    async (coding, protocol) => {
      const headers = { "accept-encoding": coding };
      const miss = await fill(protocol, 40, headers);
      const hits = [];
      for (let count = 0; count < 3; count++) hits.push(await bench.ask(with_(ASK[protocol](READ), headers)));
      const plain = await bench.ask(ASK[protocol](READ));
      for (const answer of [miss, ...hits]) {
        expect(answer.headers).toMatchObject({ "content-encoding": coding, vary: "accept-encoding" });
        expect(contentOf(answer)).toEqual(contentOf(plain));
        expect(answer.headers["content-length"]).toBe(String(answer.bytes.length));
      }
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(plain.headers["vary"]).toBe("accept-encoding");
      const session = bench.codec.fresh(bench.logins.first() ?? raise());
      const entry = bench.engine.lookup(session.session, READ) ?? raise();
      expect(entry.body.renderings.map(({ form }) => form)).toEqual([protocol, `${protocol}+${coding}`]);
    },
  );

  test("is left out below one packet, unless a client takes nothing else", async () => {
    const small = await fill("psdb", 1, { "accept-encoding": "gzip" });
    expect([small.headers["content-encoding"], small.headers["vary"]]).toEqual([undefined, undefined]);
    const forced = await bench.ask(with_(ASK.psdb(READ), { "accept-encoding": "gzip, identity;q=0" }));
    expect(forced.headers["content-encoding"]).toBe("gzip");
    expect(contentOf(forced)).toEqual(contentOf(small));
  });

  test.each(CODINGS)(
    "in %s of a large entry is made beside the event loop; until then it goes as it is",
    async (coding) => {
      const headers = { "accept-encoding": coding };
      const miss = await fill("psdb", 2_000, headers);
      // More than is held: compressed while it came, and not known as a whole.
      expect([miss.headers["content-encoding"], miss.headers["content-length"]]).toEqual([coding, undefined]);
      const first = await bench.ask(with_(ASK.psdb(READ), headers));
      expect(first.headers["content-encoding"]).toBeUndefined();
      let later = first;
      while (later.headers["content-encoding"] === undefined)
        later = await bench.ask(with_(ASK.psdb(READ), headers));
      expect(later.headers["rockpool-cache"]).toMatch(/^hit; /);
      for (const answer of [miss, later]) expect(contentOf(answer)).toEqual(contentOf(first));
      expect(later.bytes.length).toBeLessThan(first.bytes.length / 20);
    },
  );

  test("of a client that does not read pauses the origin", async () => {
    const socket = connect(bench.port, "127.0.0.1");
    const body = JSON.stringify({ query: READ });
    socket.write(
      `POST ${EXECUTE} HTTP/1.1\r\nhost: x\r\nauthorization: ${basic("shop", "secret")}\r\n` +
        `accept-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => bench.calls.length > 0);
    const { call } = bench;
    begin(call);
    // Nothing that compresses: what the connection takes is soon full.
    const digests = Array.from({ length: 1_500 }, (_, index) => hash("sha512", String(index), "base64"));
    const chunk = digests.join("");
    let pausedSince = 0;
    let resumeCount = -1;
    await until(() => {
      if (!call.isPaused) row(call, chunk);
      if (call.resumeCount !== resumeCount) pausedSince = performance.now();
      resumeCount = call.resumeCount;
      return call.isPaused && performance.now() - pausedSince > 300;
    });
    expect(call.isPaused).toBe(true);
    socket.destroy();
    await until(() => call.isCancelled);
  });
});

describe("psdb's sessions", () => {
  test("CreateSession tells a session without state, and whose it is", async () => {
    const path = "/psdb.v1alpha1.Database/CreateSession";
    const { status, headers, json } = await bench.ask({ path, body: "{}" });
    expect([status, Object.keys(json)]).toEqual([200, ["branch", "user", "session"]]);
    expect(json).toMatchObject({ branch: "main", user: { username: "shop", psid: "shop" } });
    expect(headers["rockpool-cache"]).toBe("bypass; reason=local; age=0");
    const { answer, call } = await bench.execute(READ, json["session"]);
    respond(call, 1);
    expect((await answer).json["error"]).toBeUndefined();
  });

  test("CloseSession ends what the session holds at the origin, and nothing where it holds nothing", async () => {
    const path = "/psdb.v1alpha1.Database/CloseSession";
    const begun = await bench.execute("BEGIN");
    begin(begun.call);
    end(begun.call);
    finish(begun.call, { pin: "p1", inTransaction: true });
    const { session } = (await begun.answer).json;
    const closing = await bench.reach({ path, body: JSON.stringify({ session }) });
    expect(closing.call.statement).toMatchObject({ pin: "p1", endsSession: true });
    expect(Buffer.from(closing.call.statement.sql).toString()).toBe("ROLLBACK");
    end(closing.call);
    finish(closing.call);
    const closed = await closing.answer;
    expect([closed.status, Object.keys(closed.json)]).toEqual([200, ["session"]]);
    const again = await bench.ask({ path, body: JSON.stringify(closed.json) });
    expect([again.status, bench.calls.length]).toEqual([200, 2]);
  });

  test("another login's session cannot be closed", async () => {
    const { json } = await bench.ask({ path: "/psdb.v1alpha1.Database/CreateSession", body: "{}" });
    bench.logins.replace([feedLogin("shop", "secret"), feedLogin("other", "secret")]);
    const { status } = await bench.ask({
      path: "/psdb.v1alpha1.Database/CloseSession",
      headers: { authorization: basic("other", "secret") },
      body: JSON.stringify({ session: json["session"] }),
    });
    expect(status).toBe(403);
  });

  test("Connect's timeout travels with the statement", async () => {
    const headers = { "connect-timeout-ms": "1500", "connect-protocol-version": "1" };
    const { answer, call } = await bench.reach(with_(ASK.psdb(READ), headers));
    expect(call.statement.timeoutMs).toBeGreaterThan(1_000);
    expect(call.statement.timeoutMs).toBeLessThanOrEqual(1_500);
    respond(call, 1);
    expect((await answer).status).toBe(200);
  });
});

/** Each row: a request to /sql, the status, the code in its body. */
const REFUSED: readonly [name: string, changes: Record<string, unknown>, status: number, code: string][] = [
  ["a wrong password", { password: "guess" }, 401, "1045"],
  ["a name with a colon", { username: "shop:secret", password: "" }, 401, "1045"],
  ["another database system", { provider: "postgres" }, 400, "1235"],
  ["no database", { database: undefined }, 400, "1835"],
  ["a missing binding", { bindings: [], sql: "SELECT ?" }, 400, "1210"],
  ["a binding too many", { bindings: [1] }, 400, "1210"],
  ["a binding that is an object", { bindings: [{}] }, 400, "1210"],
];

describe("PolyScale's /sql", () => {
  test.each(REFUSED)("refuses %s in its own form", async (_name, changes, status, code) => {
    const body = JSON.stringify(polyscale({ sql: "SELECT a FROM t", ...changes }));
    const { status: got, json, headers } = await bench.ask({ path: "/sql", body });
    expect([got, json["statusCode"], json["code"]]).toEqual([status, status, code]);
    expect(Object.keys(json)).toEqual(["statusCode", "code", "error", "message"]);
    expect(headers["rockpool-request-id"]).toMatch(/^edge-/);
    expect(bench.calls).toEqual([]);
  });

  test("refuses other methods, types and codings as every endpoint does", async () => {
    const body = JSON.stringify(polyscale({ sql: READ }));
    const get = await bench.ask({ path: "/sql", method: "GET" });
    expect([get.status, get.headers["allow"], get.json["statusCode"]]).toEqual([405, "POST", 405]);
    const form = await bench.ask({ path: "/sql", headers: { "content-type": "text/plain" }, body });
    expect([form.status, form.json["error"]]).toEqual([415, "Unsupported Media Type"]);
    const packed = await bench.ask({ path: "/sql", headers: { "content-encoding": "gzip" }, body });
    expect([packed.status, packed.json["message"]]).toEqual([415, expect.stringContaining("uncompressed")]);
  });

  test("puts bindings in, in the database that it names, and ends the session with each statement", async () => {
    const body = JSON.stringify(
      polyscale({ sql: "UPDATE t SET a = :a", bindings: { a: "x'" }, database: "other" }),
    );
    const { answer, call } = await bench.reach({ path: "/sql", body });
    expect(Buffer.from(call.statement.sql).toString()).toBe("UPDATE t SET a = 'x'''");
    expect(call.statement).toMatchObject({ schema: "other", endsSession: true, pin: null });
    end(call, { affectedRows: 3n });
    finish(call);
    expect((await answer).json).toEqual([{ affectedRows: 3, insertId: 0, warningStatus: 0 }]);
  });

  test("puts none in where the server reads quotes in another way", async () => {
    bench.engine.setProfile("shop_db", "p", "NO_BACKSLASH_ESCAPES");
    const body = JSON.stringify(polyscale({ sql: "SELECT ?", bindings: ["x"] }));
    expect((await bench.ask({ path: "/sql", body })).json).toMatchObject({ statusCode: 400, code: "1235" });
  });

  test("answers a transaction that it cannot keep with an error", async () => {
    const { answer, call } = await bench.reach(ASK.polyscale("BEGIN"));
    end(call);
    finish(call, { inTransaction: true });
    expect((await answer).json).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("rolled back"),
    });
  });

  test("tells an error before the answer has begun, and breaks it off after", async () => {
    const early = await bench.reach(ASK.polyscale(READ));
    begin(early.call);
    row(early.call, ROW);
    const error = { errno: 1317, sqlState: "70100", message: "Query execution was interrupted" };
    early.call.handlers.onMessage({ kind: "database-error", error });
    finish(early.call);
    expect((await early.answer).json).toMatchObject({ statusCode: 400, code: "1317" });
    const late = await bench.reach(ASK.polyscale(READ));
    begin(late.call);
    for (let index = 0; index < 1_000; index++) row(late.call, ROW);
    late.call.handlers.onMessage({ kind: "database-error", error });
    finish(late.call);
    await expect(late.answer).rejects.toThrow(/aborted|hang up|reset/);
  });
});

describe("TiDB's /v1beta/sql", () => {
  test("fails for a row that it cannot hold, and keeps the session", async () => {
    const { answer, call } = await bench.reach(ASK.tidb("SELECT a FROM t FOR UPDATE"));
    begin(call);
    row(call, "x".repeat(17 * 1024 * 1024));
    row(call, "y");
    end(call);
    finish(call, { pin: "p1", inTransaction: true });
    const { status, json, headers } = await answer;
    expect([status, json["code"]]).toEqual([413, "1153"]);
    const session = String(headers["tidb-session"]);
    const next = await bench.reach(with_(ASK.tidb("COMMIT"), { "tidb-session": session }));
    expect(next.call.statement.pin).toBe("p1");
    end(next.call);
    finish(next.call);
    expect((await next.answer).status).toBe(200);
  });

  test("keeps a session in its header, in the database that the first request names", async () => {
    const first = await bench.reach(with_(ASK.tidb("BEGIN"), { "tidb-database": "other" }));
    expect(first.call.statement.schema).toBe("other");
    end(first.call);
    finish(first.call, { pin: "p1", inTransaction: true });
    const session = String((await first.answer).headers["tidb-session"]);
    const headers = { "tidb-session": session, "tidb-database": "app" };
    const second = await bench.reach(with_(ASK.tidb("INSERT INTO t VALUES (1)"), headers));
    expect(second.call.statement).toMatchObject({ pin: "p1", schema: "other" });
    end(second.call, { affectedRows: 1n, insertId: 7n });
    finish(second.call, { pin: "p1", inTransaction: true });
    expect((await second.answer).json).toEqual({
      types: null,
      rows: null,
      rowsAffected: 1,
      sLastInsertID: "7",
    });
  });

  test("sets the isolation level before BEGIN, in the same session", async () => {
    const headers = { "tidb-isolation-level": "READ COMMITTED" };
    const { answer, call } = await bench.reach(with_(ASK.tidb("BEGIN"), headers));
    expect(Buffer.from(call.statement.sql).toString()).toBe("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    end(call);
    finish(call, { pin: "p1" });
    await until(() => bench.calls.length === 2);
    expect(bench.call.statement.pin).toBe("p1");
    end(bench.call);
    finish(bench.call, { pin: "p1", inTransaction: true });
    expect((await answer).status).toBe(200);
  });

  test("opens without asking anybody, and closes what is held", async () => {
    const open = await bench.ask(with_(ASK.tidb(""), { "tidb-stateful-action": "open" }));
    expect([open.status, bench.calls.length]).toEqual([200, 0]);
    expect(open.json).toEqual({ types: null, rows: null, rowsAffected: null, sLastInsertID: null });
    const session = String(open.headers["tidb-session"]);
    const used = await bench.reach(with_(ASK.tidb("SELECT GET_LOCK('x', 1)"), { "tidb-session": session }));
    respond(used.call, 1);
    const held = bench.ask(with_(ASK.tidb(READ), { "tidb-session": session }));
    await until(() => bench.calls.length === 2);
    end(bench.call);
    finish(bench.call, { pin: "p9" });
    const pinned = String((await held).headers["tidb-session"]);
    const headers = { "tidb-session": pinned, "tidb-stateful-action": "close" };
    const closing = await bench.reach(with_(ASK.tidb(""), headers));
    expect(closing.call.statement).toMatchObject({ pin: "p9", endsSession: true });
    end(closing.call);
    finish(closing.call);
    const closed = await closing.answer;
    expect([closed.status, typeof closed.headers["tidb-session"]]).toEqual([200, "string"]);
  });

  test.each([
    ["a forged session", { "tidb-session": "YQ.YQ" }, READ, 403, "1227"],
    ["an unknown action", { "tidb-stateful-action": "keep" }, READ, 400, "1835"],
    ["an unknown isolation level", { "tidb-isolation-level": "x" }, "BEGIN", 400, "1835"],
    ["no statement", {}, "", 400, "1065"],
    ["a wrong password", { authorization: basic("shop", "guess") }, READ, 401, "1045"],
  ])("refuses %s in its own form", async (_name, headers, sql, status, code) => {
    const { status: got, json } = await bench.ask(with_(ASK.tidb(sql), headers));
    expect([got, json["code"], Object.keys(json)]).toEqual([status, code, ["code", "message"]]);
    expect(bench.calls).toEqual([]);
  });
});

test("every answer of every endpoint carries its request's id and what the cache made of it", async () => {
  const questions: HttpQuestion[] = [
    { path: "/", method: "GET" },
    { path: "/nowhere" },
    { path: "/sql", method: "GET" },
    { path: "/v1beta/sql", body: "{" },
    { path: "/psdb.v1alpha1.Database/Prepare", body: "{}" },
    { path: "/psdb.v1alpha1.Database/CreateSession", body: "{}" },
    { body: "{" },
  ];
  const ids = new Set<string>();
  for (const question of questions) {
    const { headers } = await bench.ask(question);
    expect(headers["rockpool-cache"]).toMatch(/^bypass; reason=(?:local|rejected); age=0$/);
    ids.add(String(headers["rockpool-request-id"]));
  }
  expect(ids.size).toBe(questions.length);
});

function raise(): never {
  throw new Error("not there");
}
