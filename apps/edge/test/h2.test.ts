import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTls } from "node:tls";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "./bench.ts";
import { answerLength, type DoorBench, openDoorBench } from "./door-bench.ts";
import { readBody } from "../src/http/read-body.ts";
import type { HttpExchange } from "../src/http/http-exchange.ts";

let bench: DoorBench;
let session: ClientHttp2Session;
let route: (exchange: HttpExchange) => void = answerLength;

beforeEach(async () => {
  route = answerLength;
  bench = await openDoorBench({ router: (exchange) => route(exchange) });
  session = connect(`http://127.0.0.1:${bench.port}`);
});

afterEach(async () => {
  session.destroy();
  await bench[Symbol.asyncDispose]();
});

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** 0 = a whole answer. */
  readonly rstCode: number;
  /** Interim answers. */
  readonly interim: readonly number[];
}

function ask(headers: Record<string, string>, body: string | null, over = session): Promise<Answer> {
  const stream = over.request({ ":method": body === null ? "GET" : "POST", ":path": "/x", ...headers });
  const answer = { headers: {} as IncomingHttpHeaders, text: "", rstCode: 0, interim: [] as number[] };
  stream.on("response", (got) => Object.assign(answer, { headers: got }));
  stream.on("headers", (got) => void answer.interim.push(Number(got[":status"])));
  stream.on("data", (chunk: Buffer) => (answer.text += chunk.toString("latin1")));
  stream.on("error", () => {});
  if (body === null) stream.end();
  else stream.end(body);
  return new Promise((resolve) => {
    stream.on("close", () => resolve({ ...answer, rstCode: stream.rstCode }));
  });
}

describe("h2c by prior knowledge, on the port of HTTP/1.1", () => {
  test("answers a body, a query, and no body", async () => {
    const posted = await ask({ ":path": "/a?b=c" }, "x".repeat(70_000));
    expect([posted.headers[":status"], posted.text]).toEqual([200, "POST /a 70000"]);
    expect(posted.headers["content-length"]).toBe(String(posted.text.length));
    expect((await ask({}, null)).text).toBe("GET /x 0");
    expect(await (await fetch(`http://127.0.0.1:${bench.port}/y`)).text()).toBe("GET /y 0");
  });

  test("many streams of one connection at once", async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => ask({}, "x".repeat(n))));
    expect(answers.map(({ text }) => text)).toEqual(answers.map((_, n) => `POST /x ${n}`));
    expect(bench.door.connectionCount).toBe(1);
  });

  test("an answer of many megabytes, to a client that takes its time", async () => {
    const body = "0123456789".repeat(400_000);
    route = (exchange) => exchange.send(200, [], body);
    const answer = await ask({}, "");
    expect([answer.text === body, answer.rstCode]).toEqual([true, 0]);
  });

  test("an answer in pieces, with backpressure", async () => {
    route = (exchange) => {
      exchange.begin(200, ["x-a", "b"]);
      expect(exchange.write("y".repeat(500_000))).toBe(false);
      exchange.onDrain = () => exchange.end("z");
    };
    const answer = await ask({}, "");
    expect([answer.headers["x-a"], answer.text.length, answer.text.at(-1)]).toEqual(["b", 500_001, "z"]);
  });

  test("an answer that is broken off is an error, never a short whole", async () => {
    route = (exchange) => {
      exchange.begin(200, []);
      exchange.write("half");
      setImmediate(() => exchange.abort());
    };
    expect((await ask({}, "")).rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });

  test("a body that is not wanted is refused without being read, and the connection lives on", async () => {
    route = (exchange) => exchange.refuse(413, [], "too much");
    const stream = session.request({ ":method": "POST", ":path": "/x" });
    stream.on("error", () => {});
    stream.write("x".repeat(1_000));
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => stream.on("close", resolve));
    expect([stream.rstCode, text]).toEqual([constants.NGHTTP2_NO_ERROR, "too much"]);
    route = answerLength;
    expect((await ask({}, "")).text).toBe("POST /x 0");
  });

  test("a client that asks first is told to continue, and only when its body is wanted", async () => {
    expect((await ask({ expect: "100-continue" }, "abc")).interim).toEqual([100]);
    route = (exchange) => exchange.refuse(401, [], "");
    const refused = await ask({ expect: "100-continue" }, "abc");
    expect([refused.interim, refused.headers[":status"]]).toEqual([[], 401]);
  });

  test.each(["stream", "connection"])(
    "a body that ends with its %s is never taken for a whole one",
    async (what) => {
      const got: unknown[] = [];
      let isClosed = false;
      route = (exchange) => {
        exchange.onClosed = () => (isClosed = true);
        readBody(exchange, 100, (body) => void got.push(body));
      };
      // Node's client ends a body before it breaks its stream off: only the length tells.
      const stream = session.request({ ":method": "POST", ":path": "/x", "content-length": "9" });
      stream.on("error", () => {});
      let hasBegun = false;
      stream.write("half", () => (hasBegun = true));
      await until(() => hasBegun);
      if (what === "stream") stream.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      await until(() => isClosed);
      expect(got).toEqual([]);
    },
  );

  test("CONNECT is refused, and a path that is too long", async () => {
    const stream = session.request({ ":method": "CONNECT", ":authority": "example.com:443" });
    const status = await new Promise((resolve) => {
      stream.on("response", (headers) => resolve(headers[":status"]));
    });
    expect(status).toBe(405);
    stream.close();
    expect((await ask({ ":path": `/${"x".repeat(5_000)}` }, null)).headers[":status"]).toBe(414);
    expect(bench.refused).toEqual(["method-not-allowed", "url-too-long"]);
  });
});

describe("TLS", () => {
  test("ALPN: h2 for those who can, HTTP/1.1 for the others, TLS 1.2 at least", async () => {
    const ca = readFileSync(bench.certificates.caFile);
    const secure = connect(`https://127.0.0.1:${bench.tlsPort}`, { ca });
    expect((await ask({}, "abc", secure)).text).toBe("POST /x 3");
    expect(secure.alpnProtocol).toBe("h2");
    secure.destroy();
    const said = await new Promise<string>((resolve) => {
      const socket = connectTls({ host: "127.0.0.1", port: bench.tlsPort, ca });
      socket.write("POST /y HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab");
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("close", () => resolve(text));
    });
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*POST \/y 2$/);
    const old = await new Promise((resolve) => {
      const socket = connectTls({
        host: "127.0.0.1",
        port: bench.tlsPort,
        ca,
        minVersion: "TLSv1.1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      });
      socket.on("error", () => resolve("refused"));
      socket.on("secureConnect", () => resolve(socket.getProtocol()));
    });
    expect(old).toBe("refused");
    await until(() => bench.refused.includes("tls"));
  });

  test("one connection of TLS is one connection, and cleartext on its port is none", async () => {
    const { status } = await fetch(`http://127.0.0.1:${bench.tlsPort}/`).catch(() => ({ status: 0 }));
    expect(status).toBe(0);
    session.destroy();
    await until(() => bench.refused.includes("tls") && bench.door.connectionCount === 0);
  });
});
