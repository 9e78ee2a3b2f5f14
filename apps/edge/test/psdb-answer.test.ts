import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begin, EdgeBench, end, finish, row, until } from "./bench.ts";
import { basic } from "./feed-login.ts";

let bench: EdgeBench;
beforeEach(async () => {
  bench = await new EdgeBench().open();
});
afterEach(() => bench.door.close(0));

const READ = "SELECT a FROM t";
/** More than is kept before an answer is sent in chunks. */
const LARGE = "x".repeat(200_000);

/** The rows of a `result`, decoded as clients do. */
function rowsOf(result: unknown): string[] {
  const { rows = [] } = result as { rows?: { values?: string }[] };
  return rows.map(({ values = "" }) => Buffer.from(values, "base64").toString());
}

describe("an answer", () => {
  test("is result, session, timing in this order, with its length, its status and its request's id", async () => {
    const { answer, call } = await bench.execute(READ);
    begin(call);
    row(call, "ä");
    row(call, "b");
    end(call);
    finish(call);
    const { status, headers, json, text } = await answer;
    expect([status, Object.keys(json)]).toEqual([200, ["result", "session", "timing"]]);
    expect(rowsOf(json["result"])).toEqual(["ä", "b"]);
    expect(json["timing"]).toBeGreaterThan(0);
    expect(headers["content-length"]).toBe(String(text.length));
    expect(headers["rockpool-cache"]).toBe("miss; reason=absent; age=0");
    expect(headers["rockpool-request-id"]).toBe("edge-1");
  });

  test("asked again comes out of the cache, the same but for its timing", async () => {
    const { answer, call } = await bench.execute(READ);
    begin(call);
    row(call, "ä");
    end(call);
    finish(call);
    const miss = await answer;
    const hit = await bench.ask({ body: JSON.stringify({ query: READ }) });
    expect(hit.headers["rockpool-cache"]).toMatch(/^hit; reason=current; age=\d+\.\d{3}$/);
    expect(hit.json).toEqual({ ...miss.json, timing: expect.any(Number) });
    expect(Object.keys(hit.json)).toEqual(["result", "session", "timing"]);
    expect(bench.calls.length).toBe(1);
  });

  test("of another's identical read is the same as well", async () => {
    const first = await bench.execute(READ);
    const joined = bench.ask({ body: JSON.stringify({ query: READ }) });
    await until(() => bench.engine.exchangeCount === 2);
    begin(first.call);
    row(first.call, "ä");
    end(first.call);
    finish(first.call);
    const { json, headers } = await joined;
    expect(headers["rockpool-cache"]).toBe("miss; reason=joined; age=0");
    expect(json["result"]).toEqual((await first.answer).json["result"]);
  });

  test("without rows, and without columns", async () => {
    const read = await bench.execute(READ);
    begin(read.call);
    end(read.call);
    finish(read.call);
    expect((await read.answer).json["result"]).toMatchObject({ fields: [{ name: "a" }] });
    const write = await bench.execute("UPDATE t SET a = 1");
    end(write.call, { affectedRows: 3n, insertId: 18_446_744_073_709_551_615n });
    finish(write.call, { mayFill: false });
    expect((await write.answer).json["result"]).toEqual({
      rowsAffected: "3",
      insertId: "18446744073709551615",
    });
  });

  test("of several results is the first one with columns", async () => {
    const { answer, call } = await bench.execute("CALL p()");
    call.handlers.onMessage({
      kind: "end",
      end: { status: 10, warnings: 0, affectedRows: 1n, insertId: 0n, info: "" },
      more: true,
    });
    begin(call);
    row(call, "first");
    end(call, { status: 10 });
    begin(call);
    row(call, "second");
    end(call);
    end(call);
    finish(call, { mayFill: false });
    expect(rowsOf((await answer).json["result"])).toEqual(["first"]);
  });

  test("carries the session that the statement made", async () => {
    const { answer, call } = await bench.execute("BEGIN");
    end(call);
    finish(call, { pin: "p1", inTransaction: true });
    const { session } = (await answer).json;
    expect(session).toMatchObject({ vitessSession: { inTransaction: true } });
    const next = await bench.execute("COMMIT", session);
    expect(next.call.statement.pin).toBe("p1");
    end(next.call);
    finish(next.call);
    expect((await next.answer).json["session"]).not.toMatchObject({ vitessSession: { inTransaction: true } });
  });
});

describe("an error", () => {
  test("of the database comes as it is, with the session, and no result", async () => {
    const { answer, call } = await bench.execute("INSERT INTO t VALUES (1)");
    const error = { errno: 1062, sqlState: "23000", message: "Duplicate entry '1' for key 'PRIMARY'" };
    call.handlers.onMessage({ kind: "database-error", error });
    finish(call);
    const { status, json } = await answer;
    expect([status, Object.keys(json)]).toEqual([200, ["error", "session", "timing"]]);
    expect(json["error"]).toEqual({
      code: "ALREADY_EXISTS",
      message: "Duplicate entry '1' for key 'PRIMARY' (errno 1062) (sqlstate 23000)",
    });
  });

  test("of ours says what became of the statement", async () => {
    const { answer, call } = await bench.execute("INSERT INTO t VALUES (1)");
    call.handlers.onLost(false, new Error("the stream closed"));
    expect((await answer).json["error"]).toMatchObject({
      message: expect.stringContaining("outcome is unknown"),
    });
  });

  test.each([
    [
      "the database's",
      (call: EdgeBench["call"]) => {
        call.handlers.onMessage({
          kind: "database-error",
          error: { errno: 1317, sqlState: "70100", message: "Query execution was interrupted" },
        });
        finish(call);
      },
      "errno 1317",
    ],
    ["the link's", (call: EdgeBench["call"]) => call.handlers.onLost(false, new Error("cut")), "errno 2013"],
  ])(
    "that comes late, %s: what was sent is closed, and the error told, in valid JSON",
    async (_name, fail, errno) => {
      for (const text of ["small", LARGE]) {
        const { answer, call } = await bench.execute(READ);
        begin(call);
        for (let count = 0; count < 3; count++) row(call, text);
        fail(call);
        const { status, json } = await answer;
        expect([status, Object.keys(json)]).toEqual([200, ["result", "error", "session", "timing"]]);
        expect(rowsOf(json["result"])).toEqual([text, text, text]);
        expect(json["error"]).toMatchObject({ message: expect.stringContaining(errno) });
      }
    },
  );

  test("of a row that is none: an answer without the result, or one that is cut; never wrong JSON", async () => {
    const spoil = (call: EdgeBench["call"]): void => {
      try {
        call.handlers.onMessage({ kind: "rows", piece: Uint8Array.of(0, 0, 0, 1, 200) });
      } catch (error) {
        call.handlers.onLost(false, error as Error); // as the backhaul's client does
      }
    };
    const small = await bench.execute(READ);
    begin(small.call);
    row(small.call, "x");
    spoil(small.call);
    expect(Object.keys((await small.answer).json)).toEqual(["error", "session", "timing"]);
    const large = await bench.execute(READ);
    const cut = large.answer.then(
      () => "whole",
      (error: Error) => error.message,
    );
    begin(large.call);
    row(large.call, LARGE);
    spoil(large.call);
    expect(await cut).toMatch(/^(?:aborted|socket hang up)$/);
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test("that the session's state fits no token is told, and the session stays as it was", async () => {
    const { answer, call } = await bench.execute(`SET sql_mode = '${"ANSI,".repeat(2_000)}ANSI'`);
    end(call);
    finish(call);
    const { status, json } = await answer;
    expect(status).toBe(200);
    expect(json["error"]).toMatchObject({ code: "UNIMPLEMENTED" });
    expect(json["session"]).toBeDefined();
    expect(bench.engine.exchangeCount).toBe(0);
  });
});

describe("a large answer", () => {
  test("is sent as it comes, and is whole", async () => {
    const { answer, call } = await bench.execute(READ);
    begin(call);
    for (let count = 0; count < 50; count++) row(call, `${count} ${LARGE}`);
    end(call);
    finish(call);
    const { headers, json } = await answer;
    expect([headers["content-length"], headers["transfer-encoding"]]).toEqual([undefined, "chunked"]);
    expect(rowsOf(json["result"])).toEqual(Array.from({ length: 50 }, (_, count) => `${count} ${LARGE}`));
    expect(Object.keys(json)).toEqual(["result", "session", "timing"]);
  });

  test("waits for a client that does not read, and goes on when it does", async () => {
    const { socket, received } = openSlowClient();
    await until(() => bench.calls.length === 1);
    const { call } = bench;
    begin(call);
    let sentCount = 0;
    while (!call.isPaused && sentCount < 1_000) {
      row(call, LARGE);
      sentCount += 1;
    }
    // The kernel takes some megabytes; the edge keeps no more than a piece beyond that.
    expect(sentCount).toBeLessThan(200);
    socket.resume();
    await until(() => call.resumeCount > 0);
    end(call);
    finish(call);
    await until(() => received().endsWith("0\r\n\r\n"));
    expect(received()).toContain('"session":');
    socket.destroy();
  });

  test.each([["before it began"], ["while it was coming"]])(
    "a client that goes away %s has it cancelled",
    async (when) => {
      const { socket } = openSlowClient();
      await until(() => bench.calls.length === 1);
      if (when === "while it was coming") {
        begin(bench.call);
        for (let count = 0; count < 5; count++) row(bench.call, LARGE);
      }
      socket.destroy();
      await until(() => bench.call.isCancelled);
      expect(bench.engine.exchangeCount).toBe(0);
    },
  );

  /** A client that asks and does not read until its socket is resumed. */
  function openSlowClient() {
    const socket = connect(bench.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.pause();
    const body = JSON.stringify({ query: READ });
    socket.write(
      `POST /psdb.v1alpha1.Database/Execute HTTP/1.1\r\nhost: x\r\nauthorization: ${basic("shop", "secret")}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    return { socket, received: () => Buffer.concat(chunks).toString() };
  }
});
