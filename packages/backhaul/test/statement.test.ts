import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import {
  decodeStatementMessage,
  encodeFrame,
  encodeStatement,
  encodeStatementMessage,
  type Failure,
  FrameDecoder,
  type StatementRequest,
} from "@rockpool/protocol/backhaul";
import { afterEach, describe, expect, test } from "vitest";
import {
  answerWhole,
  Cleanup,
  COLUMNS,
  DISPATCHED,
  END_FRAME,
  FINISH,
  linkOptions,
  openClient,
  openServer,
  rowsFrame,
  send,
  until,
} from "./peers.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A peer of another make: answers every stream as told, and says on which port. */
async function openForeignServer(answer: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.resume();
    answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port }; // a TCP listener's address
}

describe("a statement's round trip", () => {
  test("the request arrives as it was sent, the answer's messages in their order", async () => {
    const server = await openServer(cleanup);
    server.onStatement = ({ responder }) => answerWhole(responder, 100_000);
    const client = openClient(cleanup, server);
    const told = send(client, "SELECT 'ü'", {
      schema: "shop",
      pin: "p1",
      autocommit: false,
      lastInsertId: 12n,
      variables: [{ name: "time_zone", value: "'+01:00'" }],
    });
    await until(() => told.isComplete);
    const request = server.statements[0]?.request;
    expect(Buffer.from(request?.sql ?? []).toString()).toBe("SELECT 'ü'");
    expect(request).toMatchObject({
      instance: "origin-1",
      deadlineMs: 60_000,
      login: "app",
      schema: "shop",
      pin: "p1",
      autocommit: false,
      lastInsertId: 12n,
      variables: [{ name: "time_zone", value: "'+01:00'" }],
    });
    expect(told.kinds).toEqual(["dispatched", "columns", "rows", "end", "finish"]);
    expect(told.rowBytes).toBe(100_000);
    expect(told.messages.at(-1)).toMatchObject({
      finish: { lastInsertId: 18_446_744_073_709_551_615n, seq: 8 },
    });
  });

  test("a failure completes it too, and the link stays", async () => {
    const server = await openServer(cleanup);
    server.onStatement = ({ responder }) => {
      responder.send(
        encodeStatementMessage({
          kind: "failure",
          failure: { code: "pool-exhausted", lost: false, harmless: true },
        }),
      );
      responder.end();
    };
    const client = openClient(cleanup, server);
    const told = send(client, "SELECT 1");
    await until(() => told.isComplete);
    expect(told.messages).toEqual([
      { kind: "failure", failure: { code: "pool-exhausted", lost: false, harmless: true } },
    ]);
    await until(() => client.streamCount === 0);
    expect(client.openLinkCount).toBe(1);
  });

  test("a result of 4,096 columns with the longest names fits", async () => {
    const columns = Array.from({ length: 4_096 }, () => ({ definition: new Uint8Array(1_400), json: false }));
    const server = await openServer(cleanup);
    server.onStatement = ({ responder }) => {
      responder.send(encodeStatementMessage({ kind: "columns", columns }));
      responder.send(FINISH);
      responder.end();
    };
    const told = send(openClient(cleanup, server), "SELECT *");
    await until(() => told.isComplete || told.lost !== null);
    expect(told.kinds).toEqual(["columns", "finish"]);
  });

  test("frames may be split anywhere", async () => {
    const whole = Buffer.concat([DISPATCHED, COLUMNS, rowsFrame(300), END_FRAME, FINISH]);
    for (let size = 1; size <= 7; size++) {
      const target = await openForeignServer((stream) => {
        stream.respond({ ":status": 200 });
        for (let at = 0; at < whole.length; at += size) stream.write(whole.subarray(at, at + size));
        stream.end();
      });
      const told = send(openClient(cleanup, target), "SELECT 1");
      await until(() => told.isComplete);
      expect(told.kinds).toEqual(["dispatched", "columns", "rows", "end", "finish"]);
      expect(told.rowBytes).toBe(300);
    }
  });
});

describe("an answer without its explicit end is lost, never complete (S4)", () => {
  const part = [DISPATCHED, COLUMNS, rowsFrame(5_000)];

  test.each([
    ["ends the body", (stream: ServerHttp2Stream) => stream.end()],
    ["resets the stream", (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ["closes it without an error", (stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
    ["destroys the session", (stream) => stream.session?.destroy()],
    ["says GOAWAY with an error", (stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
    ["cuts the socket", (stream) => stream.session?.socket.destroy()],
    ["ends inside a frame", (stream) => stream.end(END_FRAME.subarray(0, 7))],
  ] satisfies [string, (stream: ServerHttp2Stream) => void][])("the peer %s", async (_how, end) => {
    const target = await openForeignServer((stream) => {
      stream.respond({ ":status": 200 });
      stream.write(Buffer.concat(part), () => setImmediate(() => end(stream)));
    });
    const told = send(openClient(cleanup, target), "UPDATE t SET a = 1");
    await until(() => told.lost !== null);
    expect(told.isComplete).toBe(false);
    expect(told.lost?.harmless).toBe(false);
  });

  test("everything came but `finish`", async () => {
    const target = await openForeignServer((stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.concat([...part, END_FRAME]));
    });
    const told = send(openClient(cleanup, target), "SELECT 1");
    await until(() => told.lost !== null);
    expect([told.kinds, told.lost?.harmless]).toEqual([["dispatched", "columns", "rows", "end"], false]);
  });

  test("what is no message ends the exchange, and the link serves the next one", async () => {
    let count = 0;
    const target = await openForeignServer((stream) => {
      count += 1;
      stream.respond({ ":status": 200 });
      stream.end(count === 1 ? Buffer.from("HTTP/1.1 200 OK, but no frame of ours") : FINISH);
    });
    const client = openClient(cleanup, target);
    const first = send(client, "SELECT 1");
    await until(() => first.lost !== null);
    expect(first.lost?.harmless).toBe(false);
    const second = send(client, "SELECT 1");
    await until(() => second.isComplete);
    expect(client.openLinkCount).toBe(1);
  });
});

describe("what certainly did nothing", () => {
  test("a refused stream is harmless", async () => {
    const target = await openForeignServer((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const told = send(openClient(cleanup, target), "UPDATE t SET a = 1");
    await until(() => told.lost !== null);
    expect(told.lost?.harmless).toBe(true);
  });

  test("a wrong secret is counted, harmless, and runs nothing", async () => {
    const server = await openServer(cleanup);
    const client = openClient(cleanup, server, { sharedSecret: "another" });
    const told = send(client, "UPDATE t SET a = 1");
    await until(() => told.lost !== null);
    expect(told.lost?.harmless).toBe(true);
    expect(server.refused).toEqual(["unauthorized"]);
    expect(server.statements).toEqual([]);
  });

  test("an answer of something between edge and origin proves nothing", async () => {
    const target = await openForeignServer((stream) =>
      stream.respond({ ":status": 502 }, { endStream: true }),
    );
    const told = send(openClient(cleanup, target), "UPDATE t SET a = 1");
    await until(() => told.lost !== null);
    expect(told.lost?.harmless).toBe(false);
  });

  test("other paths and methods are refused and counted", async () => {
    const server = await openServer(cleanup);
    const { sharedSecret, url } = linkOptions(server);
    const session = connect(url);
    cleanup.add(() => session.destroy());
    const ask = (method: string, path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const stream = session.request({
          ":method": method,
          ":path": path,
          authorization: `Bearer ${sharedSecret}`,
        });
        stream.on("response", (headers) => resolve(headers[":status"]));
        stream.on("error", reject);
        stream.resume();
        stream.end();
      });
    expect(await ask("POST", "/v2/statement")).toBe(404);
    expect(await ask("GET", "/v1/statement")).toBe(405);
    expect(server.refused).toEqual(["not-found", "not-found"]);
  });
});

describe("a statement that the server cannot take", () => {
  test("too large: a failure, not run, and the server goes on", async () => {
    const server = await openServer(cleanup, { statementMaxBytes: 1_000 });
    server.onStatement = ({ responder }) => answerWhole(responder);
    const client = openClient(cleanup, server);
    // 64 KiB are allowed for what is around the SQL; the rest of the body comes after the refusal.
    const told = send(client, `UPDATE t SET a = '${"x".repeat(600_000)}'`);
    await until(() => told.isComplete || told.lost !== null);
    expect(told.messages).toEqual([
      { kind: "failure", failure: { code: "protocol-error", lost: false, harmless: true } },
    ]);
    const next = send(client, "SELECT 1");
    await until(() => next.isComplete);
    await until(() => client.streamCount === 0);
    expect(server.statements.map(({ request }) => Buffer.from(request.sql).toString())).toEqual(["SELECT 1"]);
    expect(server.refused).toEqual(["protocol"]);
  });

  test("too large, with its length alone in the first chunk: it is not run either", async () => {
    const server = await openServer(cleanup, { statementMaxBytes: 1_000 });
    const session = connect(linkOptions(server).url);
    cleanup.add(() => session.destroy());
    const statement = encodeStatement({ ...REQUEST, sql: new Uint8Array(100_000) });
    const said = await askRaw(session, [statement.subarray(0, 4), statement.subarray(4)]);
    expect(said).toEqual([{ code: "protocol-error", lost: false, harmless: true }]);
    expect([server.statements.length, server.refused]).toEqual([0, ["protocol"]]);
  });

  test.each([
    ["a length of 4 GiB", [Buffer.from([255, 255, 255, 255]), Buffer.alloc(50_000)]],
    ["no message of ours", [Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
    ["another message's type", [DISPATCHED]],
    ["a statement cut off inside", [encodeFrame(1, encodeStatement(REQUEST).subarray(5, 30))]],
  ])("%s: a failure, and the server goes on", async (_what, chunks) => {
    const server = await openServer(cleanup);
    server.onStatement = ({ responder }) => answerWhole(responder);
    const session = connect(linkOptions(server).url);
    cleanup.add(() => session.destroy());
    expect(await askRaw(session, chunks)).toEqual([{ code: "protocol-error", lost: false, harmless: true }]);
    expect([server.statements.length, server.refused]).toEqual([0, ["protocol"]]);
    const next = send(openClient(cleanup, server), "SELECT 1");
    await until(() => next.isComplete);
  });

  test("of two statements on one stream the first one runs", async () => {
    const server = await openServer(cleanup);
    server.onStatement = ({ responder }) => answerWhole(responder);
    const session = connect(linkOptions(server).url);
    cleanup.add(() => session.destroy());
    const both = Buffer.concat([encodeStatement(REQUEST), encodeStatement(REQUEST)]);
    await askRaw(session, [both]);
    expect(server.statements.length).toBe(1);
  });
});

const REQUEST: StatementRequest = {
  requestId: "r",
  trace: null,
  instance: "i",
  deadlineMs: 1,
  login: "l",
  schema: null,
  pin: null,
  autocommit: true,
  endsSession: false,
  lastInsertId: 0n,
  variables: [],
  sql: Buffer.from("SELECT 1"),
};

/** Sends chunks as separate DATA frames; the failures of the whole answer. */
async function askRaw(session: ClientHttp2Session, chunks: readonly Uint8Array[]): Promise<Failure[]> {
  const stream = session.request({
    ":method": "POST",
    ":path": "/v1/statement",
    authorization: `Bearer ${linkOptions({ host: "", port: 0 }).sharedSecret}`,
  });
  const failures: Failure[] = [];
  const decoder = new FrameDecoder(1_000_000);
  let isOver = false;
  stream.on("data", (chunk: Buffer) =>
    decoder.push(chunk, (frame) => {
      const message = decodeStatementMessage(frame);
      if (message.kind === "failure") failures.push(message.failure);
    }),
  );
  stream.on("error", () => {});
  stream.on("close", () => {
    isOver = true;
  });
  for (const chunk of chunks) await new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
  stream.end();
  await until(() => isOver);
  return failures;
}
