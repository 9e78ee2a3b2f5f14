import { Buffer } from "node:buffer";
import { openFaultProxy, openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import { COM_QUERY, openRawConnection, type RawConnection } from "../../src/database/raw-relay.ts";
import { DISCARD, type ResultSink } from "../../src/database/result-sink.ts";
import { adminAccount, openAdminConnection, realTimers, selectText } from "./fixtures.ts";
import { OK, openScriptedServer, type ScriptedServer } from "./scripted-server.ts";

let database: PrivateDatabase;
let admin: DatabaseConnection;
let connection: DatabaseConnection;

beforeAll(async () => {
  database = await openPrivateDatabase({ extraArgs: ["--max-allowed-packet=128M"] });
  admin = await openAdminConnection(database);
});

beforeEach(async () => {
  connection = await openAdminConnection(database);
});

afterEach(() => connection.destroy());

afterAll(async () => {
  admin?.destroy();
  await database?.stop();
});

const sql = (text: string) => Buffer.from(text);

test("destroy settles the running statement at once", async () => {
  const running = connection.execute(sql("SELECT SLEEP(30)"), DISCARD);
  await expect.poll(() => stateOf(connection)).toBe("User sleep");
  const started = performance.now();
  connection.destroy();

  await expect(running).rejects.toMatchObject({ code: "database-lost" });
  expect(performance.now() - started).toBeLessThan(50);
});

test.each(["cut", "reset"] as const)(
  "a connection that is %s in the middle of a result never ends it (S4)",
  async (fault) => {
    const proxy = await openFaultProxy({ target: { host: database.host, port: database.port } });
    const target = { host: proxy.host, port: proxy.port, tls: { mode: "off" } } as const;
    const far = await openAdminConnection(database, { target });
    let [rowCount, endCount] = [0, 0];
    const reading = far.execute(sql("SELECT REPEAT('x', 1000) FROM seq_1_to_100000"), {
      columns: () => {},
      row: () => {
        rowCount += 1;
        if (rowCount === 10) proxy[fault]();
      },
      end: () => {
        endCount += 1;
      },
    });

    await expect(reading).rejects.toMatchObject({ code: "database-lost" });
    expect(endCount).toBe(0);
    expect(rowCount).toBeGreaterThanOrEqual(10);
    expect(far.isBroken).toBe(true);
    await proxy.close();
  },
);

test("a sink that throws loses its connection and nothing else", async () => {
  const sink: ResultSink = {
    ...DISCARD,
    row: () => {
      throw new Error("sink");
    },
  };

  await expect(connection.execute(sql("SELECT 1"), sink)).rejects.toMatchObject({
    code: "database-lost",
    cause: { message: "sink" },
  });
  expect(connection.isBroken).toBe(true);
});

test("rows stop while paused, the server is held back, and memory stays bounded", async () => {
  const rowBytes = 10_000;
  const wanted = 30_000;
  const pauseEvery = 500;
  let rowCount = 0;
  let pauseCount = 0;
  let peakBytes = 0;
  const before = process.memoryUsage().rss;
  const reading = connection.execute(sql(`SELECT REPEAT('x', ${rowBytes}) FROM seq_1_to_${wanted}`), {
    ...DISCARD,
    row: () => {
      rowCount += 1;
      if (rowCount !== 1 && rowCount % pauseEvery !== 0) return;
      pauseCount += 1;
      connection.pause();
    },
  });
  await expect.poll(() => rowCount).toBe(1);
  await expect.poll(() => stateOf(connection)).toMatch(/Writing to net|Sending data/);
  expect(rowCount).toBe(1);
  const next = async () => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before);
    const seen = pauseCount;
    connection.resume();
    await expect.poll(() => pauseCount, { interval: 1 }).toBe(seen + 1);
  };
  for (let piece = 0; piece < wanted / pauseEvery; piece += 1) await next();
  connection.resume();

  expect(await reading).toEqual({ kind: "done" });
  expect(rowCount).toBe(wanted);
  expect(peakBytes).toBeLessThan(64 * 1024 * 1024);
});

test("a sink may pause and resume within one row", async () => {
  let rowCount = 0;
  await connection.execute(sql("SELECT * FROM seq_1_to_5000"), {
    ...DISCARD,
    row: () => {
      rowCount += 1;
      connection.pause();
      connection.resume();
    },
  });

  expect(rowCount).toBe(5000);
});

test("a row beyond the limit loses the connection before it is held whole", async () => {
  const narrow = await openAdminConnection(database, { rowMaxBytes: 16 * 1024 * 1024 });
  const reading = narrow.execute(sql("SELECT REPEAT('x', 100 * 1000 * 1000)"), DISCARD);

  await expect(reading).rejects.toMatchObject({ code: "row-too-large" });
});

test("a server that freezes during the login is given up in time", async () => {
  const proxy = await openFaultProxy({ target: { host: database.host, port: database.port } });
  proxy.freeze();
  const target = { host: proxy.host, port: proxy.port, tls: { mode: "off" } } as const;
  const opening = openAdminConnection(database, { target, connectTimeoutMs: 100 });

  await expect(opening).rejects.toMatchObject({ code: "database-unreachable" });
  proxy.thaw();
  await expect.poll(() => proxy.connectionCount).toBe(0);
  await proxy.close();
});

test("an idle connection that the server closes is known to be broken without being used", async () => {
  const broken = new Promise((resolve) => connection.onBroken(resolve));
  await admin.execute(sql(`KILL CONNECTION ${connection.threadId}`), DISCARD);
  await broken;

  expect(connection.brokenBy?.code).toBe("database-lost");
});

test("taking leave is not an aborted connection to the server", async () => {
  const aborted = async () => (await selectText(admin, "SHOW GLOBAL STATUS LIKE 'Aborted_clients'"))[0]?.[1];
  const before = await aborted();
  connection.close();
  await expect.poll(() => stateOf(connection)).toBeUndefined();

  expect(await aborted()).toBe(before);
  expect(connection.isBroken).toBe(true);
});

async function stateOf(watched: DatabaseConnection): Promise<string | null | undefined> {
  const [row] = await selectText(
    admin,
    `SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = ${watched.threadId}`,
  );
  return row?.[0];
}

/** A logged-in raw connection to a server that answers statements as told. */
async function openScripted(
  answers: readonly (readonly Buffer[])[],
): Promise<{ raw: RawConnection; server: ScriptedServer }> {
  const server = await openScriptedServer((_payload, index) =>
    index === 0 ? [OK] : (answers[index - 1] ?? [OK]),
  );
  const target = { host: "127.0.0.1", port: server.port, tls: { mode: "off" } } as const;
  const raw = await openRawConnection({ target, account: adminAccount(database), timers: realTimers });
  return { raw, server };
}

test("a server that asks for a local file gets an empty one, and the statement fails", async () => {
  const { raw, server } = await openScripted([[Buffer.from("\xfb/etc/passwd", "latin1")]]);
  const loading = raw.command(COM_QUERY, sql("SELECT 1"), DISCARD);

  await expect(loading).rejects.toMatchObject({ code: "unsupported-statement" });
  expect(server.received[2]?.length).toBe(0);
  expect(await raw.command(COM_QUERY, sql("SELECT 2"), DISCARD)).toEqual({ kind: "done" });
  raw.quit();
  await server.close();
});

test.each([
  ["an impossible column count", [[Buffer.of(0xfe, 1)]]],
  ["an empty packet", [[Buffer.alloc(0)]]],
  [
    "a definition where the end of definitions belongs",
    [[Buffer.of(1), Buffer.alloc(30, 3), Buffer.alloc(30, 3)]],
  ],
  ["a truncated OK", [[Buffer.of(0, 0xfc)]]],
])("%s breaks the connection, not the process", async (_name, answers) => {
  const { raw, server } = await openScripted(answers);

  await expect(raw.command(COM_QUERY, sql("SELECT 1"), DISCARD)).rejects.toMatchObject({
    code: "database-lost",
  });
  expect(raw.brokenBy?.code).toBe("database-lost");
  await server.close();
});

test("an answer that nobody asked for breaks the connection", async () => {
  const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
  const { raw, server } = await openScripted([[OK, OK]]);
  const broken = new Promise((resolve) => raw.onBroken(resolve));
  await raw.command(COM_QUERY, sql("SELECT 1"), DISCARD);
  await broken;

  expect(raw.brokenBy?.code).toBe("database-lost");
  await server.close();
  complaint.mockRestore();
});
