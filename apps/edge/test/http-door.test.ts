import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { begin, EdgeBench, end, finish, type HttpQuestion, row, until } from "./bench.ts";
import { basic } from "./feed-login.ts";

let bench: EdgeBench;
const cleanup: (() => unknown)[] = [];

beforeEach(async () => {
  bench = await new EdgeBench().open();
});

afterEach(async () => {
  for (const step of cleanup.splice(0)) step();
  await bench.door.close(0);
});

const BODY = JSON.stringify({ query: "SELECT a FROM t", session: null });

/** Each row: the request, and what must come back in both forms of an error. */
const REFUSED: readonly [
  name: string,
  question: HttpQuestion,
  status: number,
  code: string,
  errno: number,
][] = [
  ["another path", { path: "/nowhere" }, 404, "not_found", 1047],
  ["a path below Execute", { path: "/psdb.v1alpha1.Database/Execute/x" }, 501, "unimplemented", 1047],
  ["a method that there is not", { path: "/psdb.v1alpha1.Database/Nope" }, 501, "unimplemented", 1047],
  ["GET of another path", { path: "/nowhere", method: "GET" }, 404, "not_found", 1047],
  [
    "CloseSession of no session",
    { path: "/psdb.v1alpha1.Database/CloseSession", body: "{}" },
    403,
    "permission_denied",
    1227,
  ],
  [
    "CloseSession of a forged session",
    { path: "/psdb.v1alpha1.Database/CloseSession", body: '{"session":{"signature":"YQ.YQ"}}' },
    403,
    "permission_denied",
    1227,
  ],
  [
    "a compressed body",
    { headers: { "content-encoding": "gzip" }, body: BODY },
    415,
    "invalid_argument",
    1047,
  ],
  [
    "another version of Connect",
    { headers: { "connect-protocol-version": "2" }, body: BODY },
    400,
    "invalid_argument",
    1835,
  ],
  [
    "a timeout that is none",
    { headers: { "connect-timeout-ms": "1s" }, body: BODY },
    400,
    "invalid_argument",
    1835,
  ],
  [
    "GET of Prepare",
    { path: "/psdb.v1alpha1.Database/Prepare", method: "GET" },
    405,
    "invalid_argument",
    1047,
  ],
  ["Prepare", { path: "/psdb.v1alpha1.Database/Prepare", body: "{}" }, 501, "unimplemented", 1047],
  [
    "StreamExecute",
    { path: "/psdb.v1alpha1.Database/StreamExecute", body: "{}" },
    501,
    "unimplemented",
    1047,
  ],
  ["GET", { method: "GET" }, 405, "invalid_argument", 1047],
  ["PUT", { method: "PUT", body: BODY }, 405, "invalid_argument", 1047],
  [
    "a form",
    { headers: { "content-type": "application/x-www-form-urlencoded" }, body: BODY },
    415,
    "invalid_argument",
    1047,
  ],
  [
    "Connect's binary form",
    { headers: { "content-type": "application/proto" }, body: BODY },
    415,
    "invalid_argument",
    1047,
  ],
  [
    "a type that only begins like JSON",
    { headers: { "content-type": "application/jsonp" }, body: BODY },
    415,
    "invalid_argument",
    1047,
  ],
  [
    "a wrong password",
    { headers: { authorization: basic("shop", "guess") }, body: BODY },
    401,
    "unauthenticated",
    1045,
  ],
  ["no login", { headers: { authorization: "" }, body: BODY }, 401, "unauthenticated", 1045],
  ["a body that is no JSON", { body: "SELECT 1" }, 400, "invalid_argument", 1835],
  ["a body that is no object", { body: "[]" }, 400, "invalid_argument", 1835],
  ["no body", {}, 400, "invalid_argument", 1835],
  ["a body that is not UTF-8", { body: Buffer.from([123, 255, 125]) }, 400, "invalid_argument", 1835],
  ["a body beyond the limit", { body: `${" ".repeat(300_000)}${BODY}` }, 413, "invalid_argument", 1153],
  [
    "a statement beyond the limit",
    { body: JSON.stringify({ query: `SELECT '${"x".repeat(100_000)}'` }) },
    413,
    "invalid_argument",
    1153,
  ],
  [
    "a session of no signature",
    { body: JSON.stringify({ query: "SELECT 1", session: {} }) },
    403,
    "permission_denied",
    1227,
  ],
  [
    "a forged session",
    { body: JSON.stringify({ query: "SELECT 1", session: { signature: "YQ.YQ" } }) },
    403,
    "permission_denied",
    1227,
  ],
];

describe("a refusal is JSON in both forms, says why in its header, and reaches no origin", () => {
  test.each(REFUSED)("%s", async (_name, question, status, code, errno) => {
    const { status: got, headers, json } = await bench.ask(question);
    expect([got, headers["content-type"]]).toEqual([status, "application/json"]);
    expect(headers["rockpool-cache"]).toBe("bypass; reason=rejected; age=0");
    expect(json).toMatchObject({ code, error: { code } });
    expect(json["message"]).toContain(`(errno ${errno})`);
    expect((json["error"] as { message: string }).message).toBe(json["message"]);
    expect(bench.calls).toEqual([]);
  });

  test("before the logins are known nobody is told that a password is wrong", async () => {
    const early = await new EdgeBench({ logins: null }).open();
    cleanup.push(() => early.door.close(0));
    const { status, json } = await early.ask({ body: BODY });
    expect([status, json["code"]]).toEqual([503, "unavailable"]);
  });

  test("of a body that is still coming ends the connection: the rest is not read for nothing", async () => {
    const socket = connect(bench.port, "127.0.0.1");
    cleanup.push(() => socket.destroy());
    let said = "";
    let isClosed = false;
    socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
    socket.on("error", () => {});
    socket.on("close", () => (isClosed = true));
    socket.write(
      `POST /psdb.v1alpha1.Database/Execute HTTP/1.1\r\nhost: x\r\nauthorization: ${basic("shop", "secret")}\r\n` +
        "content-type: application/json\r\ncontent-length: 99000000\r\n\r\nxxx",
    );
    await until(() => isClosed);
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(said).toMatch(/connection: close/i);
  });
});

test("a browser gets a word at the root", async () => {
  const { status, text } = await bench.ask({ method: "GET", path: "/" });
  expect([status, text]).toEqual([200, expect.stringContaining("/v1beta/sql")]);
});

test("content types of JSON with parameters, in any case, or none at all are taken", async () => {
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/json"]) {
    const answer = bench.ask({ headers: { "content-type": type }, body: BODY });
    await until(() => bench.calls.length > 0);
    const [call] = bench.calls.splice(0);
    if (call !== undefined) {
      begin(call);
      end(call);
      finish(call, { mayFill: false });
    }
    expect((await answer).status).toBe(200);
  }
});

test("swallowed and refused statements are a 200, so that the client keeps its session", async () => {
  const local = await bench.ask({ body: JSON.stringify({ query: "SET @@boost_cached_queries = 1" }) });
  expect([local.status, local.headers["rockpool-cache"], Object.keys(local.json)]).toEqual([
    200,
    "bypass; reason=local; age=0",
    ["result", "session", "timing"],
  ]);
  const refused = await bench.ask({ body: JSON.stringify({ query: "SHOW WARNINGS" }) });
  expect([refused.status, Object.keys(refused.json)]).toEqual([200, ["error", "session", "timing"]]);
});

describe("closing", () => {
  /** A client that keeps its connection, as pools do. */
  function askKept(agent: Agent): Promise<{ status: number; connection: string | undefined }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        agent,
        port: bench.port,
        host: "127.0.0.1",
        method: "POST",
        path: "/psdb.v1alpha1.Database/Execute",
        headers: { authorization: basic("shop", "secret"), "content-type": "application/json" },
      });
      request.on("response", (response) => {
        response.resume();
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
        );
      });
      request.on("error", reject);
      request.end(BODY);
    });
  }

  /** Waits until nobody listens there. */
  function refuses(port: number): Promise<boolean> {
    return vi.waitUntil(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, "127.0.0.1", () => resolve(false));
          socket.on("error", () => resolve(true));
          socket.on("connect", () => socket.destroy());
        }),
      { timeout: 15_000 },
    );
  }

  test("waits for what is in progress, then for nothing: a kept connection does not hold it up", async () => {
    const agent = new Agent({ keepAlive: true });
    cleanup.push(() => agent.destroy());
    const answer = askKept(agent);
    await until(() => bench.calls.length === 1);
    const closed = bench.door.close(30_000);
    let isClosed = false;
    void closed.then(() => (isClosed = true));
    await refuses(bench.port);
    expect(isClosed).toBe(false);
    begin(bench.call);
    row(bench.call, "x");
    end(bench.call);
    finish(bench.call);
    expect(await answer).toEqual({ status: 200, connection: "close" });
    await closed;
  });

  test("an idle kept connection may ask once more, and is then closed", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanup.push(() => agent.destroy());
    const answer = askKept(agent);
    await until(() => bench.calls.length === 1);
    begin(bench.call);
    end(bench.call);
    finish(bench.call);
    expect((await answer).connection).toBe("keep-alive");
    const closed = bench.door.close(30_000);
    await refuses(bench.port);
    expect((await askKept(agent)).connection).toBe("close");
    await closed;
  });

  test("an idle kept connection is closed soon when nobody asks", async () => {
    const agent = new Agent({ keepAlive: true });
    cleanup.push(() => agent.destroy());
    const answer = askKept(agent);
    await until(() => bench.calls.length === 1);
    begin(bench.call);
    end(bench.call);
    finish(bench.call);
    await answer;
    await bench.door.close(600_000);
    expect(bench.door.connectionCount).toBe(0);
  });

  test("what does not end in time is cut off, and its statement cancelled", async () => {
    const answer = bench.ask({ body: BODY });
    const refused = answer.then(
      () => "answered",
      (error: Error) => error.message,
    );
    await until(() => bench.calls.length === 1);
    await bench.door.close(50);
    expect(await refused).toBe("read ECONNRESET");
    await until(() => bench.call.isCancelled);
    expect(bench.engine.exchangeCount).toBe(0);
  });
});
