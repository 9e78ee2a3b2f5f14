import { createConnection } from "mysql2/promise";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FaultProxy, openFaultProxy, openPrivateDatabase } from "../src/index.ts";
import { openEchoServer, openTestClient, openTestServer, type TestClient, type TestServer } from "./peers.ts";
import { until } from "./until.ts";

let echo: TestServer;
let proxy: FaultProxy;

beforeEach(async () => {
  echo = await openEchoServer();
  proxy = await openFaultProxy({ target: { host: echo.host, port: echo.port } });
});

afterEach(async () => {
  await proxy.close();
  await echo.close();
});

async function openEchoClient(): Promise<TestClient> {
  const client = openTestClient(proxy);
  client.socket.write("ping");
  await until(() => client.received.toString() === "ping");
  return client;
}

test("without faults bytes pass and are counted, FIN included", async () => {
  const client = await openEchoClient();
  expect(proxy.connectionCount).toBe(1);
  client.socket.end("pong");
  await until(() => client.isEnded);
  expect(client.received.toString()).toBe("pingpong");
  expect([proxy.bytesUp, proxy.bytesDown]).toEqual([8, 8]);
  await until(() => proxy.connectionCount === 0 && echo.sockets.size === 0);
});

test("latency holds each direction and ends again", async () => {
  const client = await openEchoClient();
  proxy.latency(50);
  const slowMs = performance.now();
  client.socket.write("slow");
  await until(() => client.received.length === 8);
  expect(performance.now() - slowMs).toBeGreaterThanOrEqual(98);
  proxy.latency(0);
  client.socket.end("fast");
  await until(() => client.isEnded);
  expect(client.received.toString()).toBe("pingslowfast");
});

test("freeze holds bytes, FIN and new connections; thaw delivers them", async () => {
  const client = await openEchoClient();
  const { bytesUp } = proxy;
  proxy.freeze();
  client.socket.end("late");
  const newcomer = openTestClient(proxy);
  newcomer.socket.write("new");
  await until(() => proxy.connectionCount === 2);
  // Another proxy's whole exchange on the same event loop: what would have passed has had its turn.
  const other = await openFaultProxy({ target: { host: echo.host, port: echo.port } });
  const witness = openTestClient(other);
  witness.socket.end("witness");
  await until(() => witness.isEnded);
  await other.close();
  expect(proxy.bytesUp).toBe(bytesUp);
  expect([client.isClosed, newcomer.isClosed, newcomer.received.length]).toEqual([false, false, 0]);
  proxy.thaw();
  await until(() => client.isEnded && newcomer.received.toString() === "new");
  expect(client.received.toString()).toBe("pinglate");
  newcomer.socket.destroy();
});

test("cut closes both sides in order, also with bytes on the way", async () => {
  const client = await openEchoClient();
  proxy.latency(10_000);
  client.socket.write(Buffer.alloc(200_000));
  proxy.cut();
  await until(() => client.isEnded && echo.sockets.size === 0);
  expect(client.errorCode).toBeNull();
  client.socket.end();
  await until(() => proxy.connectionCount === 0);
});

test("reset is seen as ECONNRESET, also while frozen", async () => {
  const client = await openEchoClient();
  proxy.freeze();
  proxy.reset();
  await until(() => client.isClosed);
  expect(client.errorCode).toBe("ECONNRESET");
  await until(() => proxy.connectionCount === 0 && echo.sockets.size === 0);
  proxy.thaw();
  (await openEchoClient()).socket.destroy();
});

test("refuse turns newcomers away on the same port and leaves the rest alone", async () => {
  const client = await openEchoClient();
  const { port } = proxy;
  await proxy.refuse(true);
  const refused = openTestClient(proxy);
  await until(() => refused.isClosed);
  expect(refused.errorCode).toBe("ECONNREFUSED");
  client.socket.write("!");
  await until(() => client.received.length === 5);
  await proxy.refuse(false);
  expect(proxy.port).toBe(port);
  const welcome = await openEchoClient();
  for (const each of [client, welcome]) each.socket.destroy();
});

test.each(["client", "server"] as const)(
  "a slow reader at the %s's side makes the sender wait",
  async (side) => {
    const client = await openEchoClient();
    proxy.slowReader(side, 400_000);
    const startMs = performance.now();
    client.socket.write(Buffer.alloc(200_000));
    await until(() => client.received.length === 200_004);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(400);
    proxy.slowReader(side, null);
    client.socket.write(Buffer.alloc(2_000_000));
    await until(() => client.received.length === 2_200_004);
    client.socket.destroy();
  },
);

test("a slow reader holds little of a large answer", async () => {
  let sentBytes = 0;
  const block = Buffer.alloc(1024 * 1024);
  const source = await openTestServer((socket) => {
    const fill = (): void => {
      do sentBytes += block.length;
      while (socket.write(block) && sentBytes < 500 * block.length);
    };
    socket.on("drain", fill);
    fill();
  });
  const slow = await openFaultProxy({ target: { host: source.host, port: source.port } });
  slow.slowReader("client", 100_000);
  const client = openTestClient(slow);
  await until(() => client.received.length > 50_000);
  expect(sentBytes).toBeLessThan(20 * block.length);
  client.socket.destroy();
  await slow.close();
  await source.close();
});

test("a client or a target that resets takes the other side along", async () => {
  const client = await openEchoClient();
  client.socket.resetAndDestroy();
  await until(() => echo.sockets.size === 0 && proxy.connectionCount === 0);
  const other = await openEchoClient();
  for (const socket of echo.sockets) socket.resetAndDestroy();
  await until(() => other.isClosed);
  expect(other.errorCode).toBe("ECONNRESET");
});

test("a MariaDB statement survives a freeze and not a reset", async () => {
  const database = await openPrivateDatabase();
  const own = await openFaultProxy({ target: { host: database.host, port: database.port } });
  const { user, password } = database;
  const connection = await createConnection({ host: own.host, port: own.port, user, password });
  connection.on("error", () => undefined);
  own.freeze();
  const answer = connection.query("SELECT 1 AS one");
  own.thaw();
  expect((await answer)[0]).toEqual([{ one: 1 }]);
  own.freeze();
  const lost = connection.query("SELECT 2");
  own.reset();
  await expect(lost).rejects.toMatchObject({ code: "ECONNRESET" });
  await own.close();
  await database.stop();
});
