import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begin, EdgeBench, end, finish, type HttpQuestion, row, until } from "./bench.ts";
import { basic, feedLogin } from "./feed-login.ts";
import { ASK, fill, polyscale, PROTOCOLS, READ, respond, ROW, withHeaders } from "./protocol-questions.ts";

let bench: EdgeBench;
beforeEach(async () => {
  bench = await new EdgeBench().open();
});
afterEach(() => bench.door.close(0));

describe("one entry serves all protocols", () => {
  test.each(PROTOCOLS)("that %s filled", async (first) => {
    await fill(bench, first, 1);
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

  test("CloseSession is done also for a client that has gone away", async () => {
    const begun = await bench.execute("BEGIN");
    begin(begun.call);
    end(begun.call);
    finish(begun.call, { pin: "p1", inTransaction: true });
    const { session } = (await begun.answer).json;
    const gone = new AbortController();
    const path = "/psdb.v1alpha1.Database/CloseSession";
    const closing = fetch(`http://127.0.0.1:${bench.port}${path}`, {
      method: "POST",
      headers: { authorization: basic("shop", "secret"), "content-type": "application/json" },
      body: JSON.stringify({ session }),
      signal: gone.signal,
    });
    await until(() => bench.calls.length === 2);
    gone.abort();
    await expect(closing).rejects.toThrow("aborted");
    expect(bench.call.isCancelled).toBe(false);
    end(bench.call);
    finish(bench.call);
    expect(bench.engine.exchangeCount).toBe(0);
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
    const { answer, call } = await bench.reach(withHeaders(ASK.psdb(READ), headers));
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
    const next = await bench.reach(withHeaders(ASK.tidb("COMMIT"), { "tidb-session": session }));
    expect(next.call.statement.pin).toBe("p1");
    end(next.call);
    finish(next.call);
    expect((await next.answer).status).toBe(200);
  });

  test("keeps a session in its header, in the database that the first request names", async () => {
    const first = await bench.reach(withHeaders(ASK.tidb("BEGIN"), { "tidb-database": "other" }));
    expect(first.call.statement.schema).toBe("other");
    end(first.call);
    finish(first.call, { pin: "p1", inTransaction: true });
    const session = String((await first.answer).headers["tidb-session"]);
    const headers = { "tidb-session": session, "tidb-database": "app" };
    const second = await bench.reach(withHeaders(ASK.tidb("INSERT INTO t VALUES (1)"), headers));
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
    const { answer, call } = await bench.reach(withHeaders(ASK.tidb("BEGIN"), headers));
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
    const open = await bench.ask(withHeaders(ASK.tidb(""), { "tidb-stateful-action": "open" }));
    expect([open.status, bench.calls.length]).toEqual([200, 0]);
    expect(open.json).toEqual({ types: null, rows: null, rowsAffected: null, sLastInsertID: null });
    const session = String(open.headers["tidb-session"]);
    const used = await bench.reach(
      withHeaders(ASK.tidb("SELECT GET_LOCK('x', 1)"), { "tidb-session": session }),
    );
    respond(used.call, 1);
    const held = bench.ask(withHeaders(ASK.tidb(READ), { "tidb-session": session }));
    await until(() => bench.calls.length === 2);
    end(bench.call);
    finish(bench.call, { pin: "p9" });
    const pinned = String((await held).headers["tidb-session"]);
    const headers = { "tidb-session": pinned, "tidb-stateful-action": "close" };
    const closing = await bench.reach(withHeaders(ASK.tidb(""), headers));
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
    const { status: got, json } = await bench.ask(withHeaders(ASK.tidb(sql), headers));
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
