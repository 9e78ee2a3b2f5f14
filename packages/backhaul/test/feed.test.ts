import { connect, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { openFaultProxy } from "@rockpool/devdb";
import {
  encodeFeedMessage,
  encodeFeedRequest,
  type FeedMessage,
  type Hello,
} from "@rockpool/protocol/backhaul";
import { afterEach, describe, expect, test } from "vitest";
import { FeedClient, type FeedClientOptions } from "../src/index.ts";
import {
  answerWhole,
  Cleanup,
  linkOptions,
  noJitter,
  openClient,
  openServer,
  send,
  type TestServer,
  until,
} from "./peers.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const clock = { now: () => performance.now(), wallMs: () => 0 };
const WELCOME: FeedMessage = {
  kind: "welcome",
  version: 1,
  instance: "origin-1",
  epoch: "e1",
  seq: 0,
  resumed: false,
  consistency: "ttl",
  tokenKey: "00",
  doubts: [],
};

/** A feed client and all that it told its owner. */
function openFeed(target: { host: string; port: number }, changes: Partial<FeedClientOptions> = {}) {
  const told = {
    hellos: [] as Hello[],
    messages: [] as FeedMessage[],
    pongs: [] as { id: number; askedAt: number; arrivedAt: number }[],
    losses: [] as string[],
    failures: [] as string[],
  };
  const feed = new FeedClient(
    {
      ...linkOptions(target),
      heartbeatIntervalMs: 20,
      silenceMaxMs: 5_000,
      clock,
      random: noJitter,
      ...changes,
    },
    {
      hello() {
        const hello = {
          version: 1,
          epoch: told.hellos.length === 0 ? null : "e1",
          applied: told.hellos.length,
        };
        told.hellos.push(hello);
        return hello;
      },
      onMessage: (message) => told.messages.push(message),
      onPong: ({ id }, askedAt, arrivedAt) => told.pongs.push({ id, askedAt, arrivedAt }),
      onLost: (cause) => told.losses.push(cause.message),
      onUnreachable: (reason) => told.failures.push(reason),
    },
  );
  cleanup.add(() => feed.close());
  return { ...told, client: feed };
}

/** The server answers as an origin does. */
function answerFeeds(server: TestServer): void {
  server.onFeedRequest = (feed, request) => {
    if (request.kind === "hello") feed.send(encodeFeedMessage(WELCOME));
    else feed.send(encodeFeedMessage(pong(request.id)));
  };
}

function pong(id: number): FeedMessage {
  return { kind: "pong", id, originNow: 5, epoch: "e1", seq: 0, sampleAgeMs: 0, databaseUp: true };
}

describe("a feed", () => {
  test("says hello, is welcomed, hears everything in order and gets a pong for each heartbeat", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const feed = openFeed(server);
    await until(() => feed.pongs.length >= 3);
    const change = { everything: false, schemas: [], tables: ["app.t"], keys: [] };
    for (let seq = 1; seq <= 500; seq++)
      server.feeds[0]?.feed.send(encodeFeedMessage({ kind: "change", seq, change }));
    await until(() => feed.messages.length === 501);
    expect(feed.messages[0]).toEqual(WELCOME);
    expect(feed.messages.slice(1).map((item) => ("seq" in item ? item.seq : -1))).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    expect(feed.hellos).toEqual([{ version: 1, epoch: null, applied: 0 }]);
    expect(server.feeds[0]?.requests[0]).toEqual({
      kind: "hello",
      hello: { version: 1, epoch: null, applied: 0 },
    });
    expect(feed.pongs.every(({ askedAt, arrivedAt }) => askedAt <= arrivedAt)).toBe(true);
    expect(feed.pongs.map(({ id }) => id)).toEqual(
      [...new Set(feed.pongs.map(({ id }) => id))].toSorted((a, b) => a - b),
    );
    expect([feed.client.isOpen, feed.losses]).toEqual([true, []]);
  });

  test("a pong counts from when its heartbeat was asked, however late it comes; one nobody asked for is ignored", async () => {
    const server = await openServer(cleanup);
    const feed = openFeed(server, { heartbeatIntervalMs: 10 });
    await until(() => (server.feeds[0]?.requests.length ?? 0) >= 5);
    const askedBy = performance.now();
    const first = server.feeds[0]?.requests.find((request) => request.kind === "ping");
    const id = first?.kind === "ping" ? first.id : 0;
    for (const one of [9_999, id, id]) server.feeds[0]?.feed.send(encodeFeedMessage(pong(one)));
    await until(() => feed.pongs.length > 0);
    server.feeds[0]?.feed.send(encodeFeedMessage(WELCOME));
    await until(() => feed.messages.length === 1);
    expect(feed.pongs.map((one) => one.id)).toEqual([id]);
    expect(feed.pongs[0]?.askedAt).toBeLessThan(askedBy);
  });

  test("cut off, it tells the loss once, comes back, and says hello from where it stands", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const proxy = await openFaultProxy({ target: { host: server.host, port: server.port } });
    cleanup.add(() => proxy.close());
    const feed = openFeed(proxy);
    await until(() => feed.messages.length === 1);
    proxy.reset();
    await until(() => feed.messages.length === 2);
    proxy.cut();
    await until(() => feed.messages.length === 3);
    expect(feed.losses.length).toBe(2);
    expect(feed.hellos.map(({ applied }) => applied)).toEqual([0, 1, 2]);
    await until(() => server.feeds.filter(({ isClosed }) => !isClosed).length === 1);
  });

  test("closed by the server, it comes back", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const feed = openFeed(server);
    await until(() => feed.messages.length === 1);
    server.feeds[0]?.feed.close();
    await until(() => feed.messages.length === 2);
    expect([feed.losses.length, server.feeds[0]?.isClosed]).toEqual([1, true]);
  });

  test("silence means reconnect, though the connection answers HTTP/2 pings", async () => {
    const server = await openServer(cleanup);
    server.onFeedRequest = (feed, request) => {
      if (request.kind === "hello") feed.send(encodeFeedMessage(WELCOME));
    };
    const feed = openFeed(server, { silenceMaxMs: 100 });
    await until(() => feed.hellos.length >= 2);
    expect(feed.losses[0]).toBe("the feed is silent");
  });

  test.each([
    ["no frame", Buffer.from([0, 0, 0, 0, 0])],
    ["no message", encodeFeedRequest({ kind: "ping", id: 1 })],
  ])("%s ends the connection, not the process", async (_what, bytes) => {
    const server = await openServer(cleanup);
    server.onFeedRequest = (responder, request) => {
      if (request.kind !== "hello") return;
      responder.send(server.feeds.length === 1 ? bytes : encodeFeedMessage(WELCOME));
    };
    const feed = openFeed(server);
    await until(() => feed.messages.length === 1);
    expect([feed.losses.length, feed.hellos.length]).toEqual([1, 2]);
  });

  test("what its owner cannot take ends the connection too", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    let count = 0;
    const client = new FeedClient(
      { ...linkOptions(server), heartbeatIntervalMs: 20, silenceMaxMs: 5_000, clock, random: noJitter },
      {
        hello: () => ({ version: 1, epoch: null, applied: 0 }),
        onMessage() {
          count += 1;
          if (count === 1) throw new Error("a message I cannot apply");
        },
        onPong() {},
        onLost() {},
        onUnreachable() {},
      },
    );
    cleanup.add(() => client.close());
    await until(() => count === 2);
    expect(server.feeds.length).toBe(2);
  });

  test("frames may be split anywhere", async () => {
    const whole = Buffer.concat([encodeFeedMessage(WELCOME), encodeFeedMessage({ ...WELCOME, seq: 9 })]);
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on("session", (session) => sessions.add(session));
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.resume();
      stream.respond({ ":status": 200 });
      for (const byte of whole) stream.write(Uint8Array.of(byte));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo; // a TCP listener's address
    const feed = openFeed({ host: "127.0.0.1", port });
    await until(() => feed.messages.length === 2);
    expect(feed.messages).toEqual([WELCOME, { ...WELCOME, seq: 9 }]);
  });
});

describe("an origin's end of a feed", () => {
  test("a wrong secret opens no feed, is counted, and is not tried again without pause", async () => {
    const server = await openServer(cleanup);
    const startedAt = performance.now();
    openFeed(server, { sharedSecret: "another" });
    await until(() => server.refused.length === 5);
    // Pauses of 25, 50, 100, 200 ms lie between.
    expect(performance.now() - startedAt).toBeGreaterThan(300);
    expect([server.feeds.length, new Set(server.refused)]).toEqual([0, new Set(["unauthorized"])]);
  });

  test("an edge that does not read is dropped at the bound, and its memory with it", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const proxy = await openFaultProxy({ target: { host: server.host, port: server.port } });
    cleanup.add(() => proxy.close());
    const feed = openFeed(proxy, { pingTimeoutMs: 60_000, silenceMaxMs: 60_000 });
    await until(() => feed.messages.length === 1);
    proxy.slowReader("client", 1_000);
    const slow = server.feeds[0];
    const tables = Array.from({ length: 5_000 }, (_, index) => `app.some_rather_long_table_name_${index}`);
    const frame = encodeFeedMessage({
      kind: "change",
      seq: 1,
      change: { everything: false, schemas: [], tables, keys: [] },
    });
    let sentBytes = 0;
    while (slow?.feed.send(frame) === true && sentBytes < 100_000_000) sentBytes += frame.length;
    expect(sentBytes).toBeLessThan(20 * 1_024 * 1_024);
    expect(slow?.feed.send(frame)).toBe(false);
    // It is gone although the edge has not read a byte of it.
    await until(() => slow?.isClosed === true);
    proxy.slowReader("client", null);
    await until(() => feed.hellos.length === 2);
  });

  test("one message larger than the bound passes, and what follows it", async () => {
    const server = await openServer(cleanup);
    const data = "x".repeat(20 * 1_024 * 1_024);
    server.onFeedRequest = (feed, request) => {
      if (request.kind !== "hello") return;
      const sent = [
        feed.send(encodeFeedMessage(WELCOME)),
        feed.send(encodeFeedMessage({ kind: "catalogue", seq: 0, data })),
        feed.send(encodeFeedMessage({ kind: "logins", logins: [] })),
      ];
      if (!sent.every(Boolean)) feed.close();
    };
    const feed = openFeed(server);
    await until(() => feed.messages.length === 3 || feed.hellos.length > 1);
    expect([feed.messages.map(({ kind }) => kind), feed.hellos.length]).toEqual([
      ["welcome", "catalogue", "logins"],
      1,
    ]);
  });

  test("nonsense from an edge is counted and ends its feed", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const feed = openFeed(server);
    await until(() => feed.messages.length === 1);
    const session = connect(linkOptions(server).url);
    cleanup.add(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": "/v1/feed",
      authorization: `Bearer ${linkOptions(server).sharedSecret}`,
    });
    stream.on("error", () => {});
    stream.resume();
    stream.write(Buffer.alloc(1_000, 255));
    await until(() => server.feeds[1]?.isClosed === true);
    expect(server.refused).toEqual(["protocol"]);
    expect(server.feeds[0]?.isClosed).toBe(false);
  });

  test("a closing origin ends its feeds once the statements under way have ended", async () => {
    const server = await openServer(cleanup);
    answerFeeds(server);
    const feed = openFeed(server);
    const client = openClient(cleanup, server);
    const told = send(client, "UPDATE t SET a = 1");
    await until(() => feed.messages.length === 1 && server.statements.length === 1);
    const startedAt = performance.now();
    const closed = server.server.close(10_000);
    await until(() => client.openLinkCount === 0);
    // A write that ends now must still reach every edge.
    const change = { everything: false, schemas: [], tables: ["app.t"], keys: [] };
    expect(server.feeds[0]?.feed.send(encodeFeedMessage({ kind: "change", seq: 1, change }))).toBe(true);
    const [received] = server.statements;
    if (received !== undefined) answerWhole(received.responder);
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(told.isComplete).toBe(true);
    expect(feed.messages.map(({ kind }) => kind)).toEqual(["welcome", "change"]);
  });
});
