import { createHash, randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";
import { expect, onTestFinished, test } from "vitest";
import { openDelayRelay, openPrivateDatabase } from "../src/index.ts";
import { openEchoServer, openTestClient, openTestServer } from "./peers.ts";
import { until } from "./until.ts";

async function relayTo(target: { host: string; port: number; close(): Promise<void> }, roundTripMs: number) {
  const relay = await openDelayRelay({ target: { host: target.host, port: target.port }, roundTripMs });
  onTestFinished(async () => {
    await relay.close();
    await target.close();
  });
  return relay;
}

test("a byte takes one round trip there and back, and a new connection one more", async () => {
  const relay = await relayTo(await openEchoServer(), 80);
  const startMs = performance.now();
  const client = openTestClient(relay);
  client.socket.write("a");
  await until(() => client.received.length === 1);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(158);
  const warmMs = performance.now();
  client.socket.write("b");
  await until(() => client.received.length === 2);
  const tookMs = performance.now() - warmMs;
  expect(tookMs).toBeGreaterThanOrEqual(78);
  expect(tookMs).toBeLessThan(300);
  client.socket.destroy();
});

test("a server that speaks first is heard after two round trips", async () => {
  const relay = await relayTo(await openTestServer((socket) => void socket.write("hello")), 60);
  const startMs = performance.now();
  const client = openTestClient(relay);
  await until(() => client.received.toString() === "hello");
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(118);
  client.socket.destroy();
});

test("order and throughput: 48 MiB each way are unharmed and overlap the delay", async () => {
  const relay = await relayTo(await openEchoServer(), 40);
  const client = openTestClient(relay);
  const block = randomBytes(1024 * 1024);
  const sent = createHash("sha256");
  const got = createHash("sha256");
  let gotBytes = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (bytes: Buffer) => {
    gotBytes += bytes.length;
    got.update(bytes);
  });
  const startMs = performance.now();
  for (let index = 0; index < 48; index += 1) {
    const bytes = Buffer.from(block);
    bytes.writeUInt32LE(index);
    sent.update(bytes);
    client.socket.write(bytes);
  }
  client.socket.end();
  await until(() => client.isEnded, 20_000);
  expect(gotBytes).toBe(48 * 1024 * 1024);
  expect(got.digest("hex")).toBe(sent.digest("hex"));
  // 64 KiB chunks one after the other, each paying 40 ms, would take half a minute.
  expect(performance.now() - startMs).toBeLessThan(10_000);
});

test("a reader that does not read stops the sender at the queue's bound", async () => {
  let sentBytes = 0;
  const block = Buffer.alloc(1024 * 1024);
  const server = await openTestServer((socket) => {
    const fill = (): void => {
      while (sentBytes < 200 * block.length) {
        sentBytes += block.length;
        if (!socket.write(block)) return;
      }
    };
    socket.on("drain", fill);
    fill();
  });
  const relay = await relayTo(server, 20);
  const client = openTestClient(relay);
  client.socket.pause();
  let lastBytes = -1;
  let steadyRounds = 0;
  await until(() => {
    steadyRounds = sentBytes > 0 && sentBytes === lastBytes ? steadyRounds + 1 : 0;
    lastBytes = sentBytes;
    return steadyRounds > 60;
  });
  // 16 MiB in the relay, the rest in socket buffers of both connections.
  expect(sentBytes).toBeLessThan(64 * block.length);
  client.socket.resume();
  client.socket.destroy();
});

test("FIN and RST of the target reach the client; close cuts the rest", async () => {
  const server = await openTestServer((socket) => {
    socket.on("data", (bytes: Buffer) => {
      if (bytes.toString() === "reset") socket.resetAndDestroy();
      else socket.end("bye");
    });
  });
  const relay = await relayTo(server, 10);
  const ended = openTestClient(relay);
  ended.socket.write("end");
  await until(() => ended.isEnded);
  expect(ended.received.toString()).toBe("bye");
  const broken = openTestClient(relay);
  broken.socket.write("reset");
  await until(() => broken.isClosed);
  expect(broken.errorCode).toBe("ECONNRESET");
  const idle = openTestClient(relay);
  await until(() => relay.connectionCount === 2);
  await relay.close();
  await until(() => idle.isEnded || idle.isClosed);
  expect(relay.connectionCount).toBe(0);
  for (const client of [ended, idle]) client.socket.destroy();
});

test("a target that is down is a reset, not a hang", async () => {
  const server = await openEchoServer();
  const relay = await relayTo(server, 10);
  await server.close();
  const client = openTestClient(relay);
  await until(() => client.isClosed);
  expect(client.errorCode).toBe("ECONNRESET");
});

test("a real MariaDB is 40 ms away", async () => {
  const database = await openPrivateDatabase();
  const relay = await relayTo(
    { ...database, host: database.host, port: database.port, close: () => database.stop() },
    40,
  );
  const { user, password } = database;
  const connectMs = performance.now();
  const connection = await createConnection({ host: relay.host, port: relay.port, user, password });
  // TCP, greeting, and one exchange of authentication.
  expect(performance.now() - connectMs).toBeGreaterThanOrEqual(118);
  const queryMs = performance.now();
  await connection.query("SELECT 1");
  const tookMs = performance.now() - queryMs;
  expect(tookMs).toBeGreaterThanOrEqual(39);
  await connection.end();
});
