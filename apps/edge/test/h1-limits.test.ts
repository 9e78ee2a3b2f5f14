import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HttpDoorOptions } from "../src/http/http-door.ts";
import type { HttpExchange } from "../src/http/http-exchange.ts";
import { until } from "./bench.ts";
import { answerLength, type DoorBench, openDoorBench } from "./door-bench.ts";

let bench: DoorBench;
let route: (exchange: HttpExchange) => void = answerLength;

async function reopen(options: Partial<HttpDoorOptions> = {}): Promise<void> {
  await bench?.[Symbol.asyncDispose]();
  bench = await openDoorBench({ router: (exchange) => route(exchange), ...options });
}

beforeEach(async () => {
  route = answerLength;
  await reopen();
});
afterEach(() => bench.door.close(0));

/** A connection that sends these bytes; what came back until it was closed, or until `isDone`. */
async function speak(bytes: string, isDone: (said: string) => boolean = () => false): Promise<string> {
  const socket = connect(bench.port, "127.0.0.1");
  let said = "";
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => (said += chunk.toString("latin1")));
  socket.on("error", () => {});
  socket.on("close", () => (isClosed = true));
  socket.write(bytes, "latin1");
  await until(() => isClosed || isDone(said));
  socket.destroy();
  return said;
}

const HOST = "host: x\r\n";
const CLOSE = "connection: close\r\n";

/** What is no request that we serve: bytes, and the status of the answer. */
const REFUSED: readonly [name: string, bytes: string, status: number][] = [
  ["no HTTP", "hello\r\n\r\n", 400],
  ["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["NULs", `GET / HTTP/1.1\r\n${HOST}a: b\0c\r\n\r\n`, 400],
  ["a header without a name", `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`, 400],
  ["a space before the colon", `POST / HTTP/1.1\r\n${HOST}content-length : 3\r\n\r\nabc`, 400],
  ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["an unknown method", `BREW / HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["CONNECT", `CONNECT example.com:443 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["a URL that is too long", `GET /${"x".repeat(5_000)} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 414],
  ["a URL beyond all headers", `GET /${"x".repeat(50_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ["a header that is too large", `GET / HTTP/1.1\r\n${HOST}a: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["too many headers", `GET / HTTP/1.1\r\n${HOST}${"a: b\r\n".repeat(200)}${CLOSE}\r\n`, 431],
  ["two lengths", `POST / HTTP/1.1\r\n${HOST}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`, 400],
  [
    "a length and chunks",
    `POST / HTTP/1.1\r\n${HOST}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    "an encoding after chunked",
    `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["a length that is none", `POST / HTTP/1.1\r\n${HOST}content-length: +3\r\n\r\nabc`, 400],
  ["a chunk size that is none", `POST / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400],
  ["a bare LF", `GET / HTTP/1.1\n${HOST}\n\n`, 400],
];

describe("what is refused, with a word, and ends the connection", () => {
  test.each(REFUSED)("%s", async (name, bytes, status) => {
    const said = await speak(bytes);
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(said).toMatch(/connection: close/i);
    if (name === "no host") return; // node's own answer
    const { code, error } = JSON.parse(said.slice(said.indexOf("\r\n\r\n") + 4)) as Record<string, unknown>;
    expect([typeof code, error]).toMatchObject(["string", { code }]);
    expect(bench.refused).toHaveLength(1);
  });

  test("headers that do not come", async () => {
    await reopen({ headersTimeoutMs: 300 });
    expect(await speak(`GET / HTTP/1.1\r\n${HOST}a: `)).toMatch(/^HTTP\/1\.1 408 /);
    expect(bench.refused).toEqual(["request-timeout"]);
  });

  test("a body that does not come", async () => {
    await reopen({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const said = await speak(`POST / HTTP/1.1\r\n${HOST}content-length: 9\r\n\r\nabc`);
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("nothing at all, or only the beginning of HTTP/2, ends without a word", async () => {
    await reopen({ headersTimeoutMs: 200 });
    expect(await speak("")).toBe("");
    expect(await speak("PRI * HT")).toBe("");
  });

  test("connections beyond the limit, and from where nobody may come, are closed at once", async () => {
    await reopen({ connectionsMax: 1 });
    const first = connect(bench.port, "127.0.0.1");
    await until(() => bench.door.connectionCount === 1);
    expect(await speak(`GET / HTTP/1.1\r\n${HOST}\r\n`)).toBe("");
    first.destroy();
    await until(() => bench.door.connectionCount === 0);
    await reopen({ mayConnect: (address) => address !== "127.0.0.1" });
    expect(await speak(`GET / HTTP/1.1\r\n${HOST}\r\n`)).toBe("");
    expect(bench.refused).toEqual(["access"]);
  });

  test("other limits count from the moment they are told", async () => {
    await reopen({});
    bench.door.setLimits({
      connectionsMax: 1,
      headersTimeoutMs: 300,
      keepAliveTimeoutMs: 60_000,
      requestTimeoutMs: 10_000,
    });
    const slow = speak(`GET / HTTP/1.1\r\n${HOST}a: `);
    await until(() => bench.door.connectionCount === 1);
    expect(await speak(`GET / HTTP/1.1\r\n${HOST}\r\n`)).toBe("");
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(bench.refused).toEqual(["limit", "request-timeout"]);
  });
});

describe("what is served", () => {
  test("an absolute URL, a query, and an upgrade that we do not know", async () => {
    const said = await speak(`GET http://x:80/a?b HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(said).toMatch(/GET \/a 0$/);
    const upgrade = "connection: upgrade\r\nupgrade: h2c\r\n";
    const ignored = await speak(`GET /a HTTP/1.1\r\n${HOST}${upgrade}\r\n`, (it) => it.endsWith("0"));
    expect(ignored).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("100 Continue when the body is wanted, and not before", async () => {
    const head = `POST / HTTP/1.1\r\n${HOST}content-length: 3\r\nexpect: 100-continue\r\n\r\n`;
    expect(await speak(head, (it) => it.endsWith("\r\n\r\n"))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    route = (exchange) => exchange.refuse(401, [], "no");
    expect(await speak(head)).toMatch(/^HTTP\/1\.1 401 [^]*no$/);
  });

  test("pipelined requests in their order, and only so many at a time", async () => {
    const open: HttpExchange[] = [];
    route = (exchange) => void open.push(exchange);
    const count = 200;
    let requests = "";
    for (let n = 0; n < count; n += 1) requests += `GET /${n} HTTP/1.1\r\n${HOST}\r\n`;
    const said = speak(requests, (it) => it.includes(`<${count - 1}>`));
    let served = 0;
    let most = 0;
    while (served < count) {
      await until(() => open.length > 0);
      most = Math.max(most, open.length);
      const last = open.pop(); // the latest first
      last?.send(200, [], `<${last.path.slice(1)}>`);
      served += 1;
    }
    const numbers = [...(await said).matchAll(/<(\d+)>/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(most).toBe(32);
  });

  test("more pipelined requests than may wait cut the connection", async () => {
    const open: HttpExchange[] = [];
    route = (exchange) => void open.push(exchange);
    expect(await speak(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(2_000))).toBe("");
    expect(open).toHaveLength(32);
  });

  test("a large answer to a client that does not read: the room for such answers is bounded", async () => {
    const body = "x".repeat(60_000_000);
    let count = 0;
    route = (exchange) => {
      exchange.send(200, [], body);
      count += 1;
    };
    const sockets = Array.from({ length: 6 }, () => {
      const socket = connect(bench.port, "127.0.0.1").pause();
      socket.on("error", () => {});
      socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      return socket;
    });
    await until(() => count === 6);
    const said = await speak(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, (it) => it.length > 100_000);
    for (const socket of sockets) socket.destroy();
    expect(said).toMatch(/^HTTP\/1\.1 503 [^]*resource_exhausted/);
  });
});
