import { RockpoolError } from "@rockpool/base";
import { openFaultProxy, openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ConnectionPool,
  type ConnectionPoolOptions,
  createConnectionPool,
} from "../../src/database/connection-pool.ts";
import type { DatabaseConnection } from "../../src/database/database-connection.ts";
import type { DatabaseTarget } from "../../src/database/database-target.ts";
import { testConnectionPool } from "./contract-connection-pool.ts";
import { FakeServer } from "./fake-connections.ts";
import {
  adminAccount,
  capture,
  openAdminConnection,
  plainTarget,
  realClock,
  realTimers,
  selectText,
} from "./fixtures.ts";

let database: PrivateDatabase;
let admin: DatabaseConnection;

beforeAll(async () => {
  database = await openPrivateDatabase();
  admin = await openAdminConnection(database);
});

afterAll(async () => {
  admin?.destroy();
  await database?.stop();
});

const common = { mainAccount: "main", clock: realClock, timers: realTimers, random: { next: () => 0.5 } };

testConnectionPool("fake", () => {
  const server = new FakeServer();
  return {
    open: (limits) => createConnectionPool({ ...common, limits, connect: server.connect }),
    leaveState: async (connection) => {
      connection.appliedState = "left";
    },
    hasState: async (connection) => connection.appliedState !== null,
    cut: async (connection) => connection.break(new RockpoolError("database-lost")),
  };
});

testConnectionPool("MariaDB", () => ({
  open: (limits) => openPool({ limits }),
  leaveState: async (connection) => {
    await capture(connection, "SET @left = 1");
  },
  hasState: async (connection) => (await selectText(connection, "SELECT @left"))[0]?.[0] !== null,
  cut: async (connection) => {
    const broken = new Promise((resolve) => connection.onBroken(resolve));
    await capture(admin, `KILL CONNECTION ${connection.threadId}`);
    await broken;
  },
}));

function openPool(
  changes: Partial<ConnectionPoolOptions<DatabaseConnection>> = {},
  target: DatabaseTarget = plainTarget(database),
): ConnectionPool {
  return createConnectionPool<DatabaseConnection>({
    ...common,
    connect: (name) => openAdminConnection(database, { target, account: adminAccount(database, { name }) }),
    ...changes,
  });
}

test("2,000 at once over 20 connections: everybody is answered and the server sees no more", async () => {
  const pool = openPool();
  const before = Number((await selectText(admin, "SHOW GLOBAL STATUS LIKE 'Max_used_connections'"))[0]?.[1]);
  const answers = await Promise.all(
    Array.from({ length: 2_000 }, async (_, index) => {
      const login = `login${index % 50}`;
      const connection = await pool.acquire({ account: "main", purpose: "shared", login });
      try {
        return (await selectText(connection, `SELECT ${index}`))[0]?.[0];
      } finally {
        pool.release(connection, { reset: false });
      }
    }),
  );
  const most = Number((await selectText(admin, "SHOW GLOBAL STATUS LIKE 'Max_used_connections'"))[0]?.[1]);
  await pool.close(0);

  expect(answers).toEqual(answers.map((_, index) => String(index)));
  expect(pool.stats()).toMatchObject({ openedCount: 20, waitTimeoutCount: 0 });
  expect(most).toBeLessThanOrEqual(Math.max(before, 21));
});

test("a transaction left open is rolled back, and its locks are free, when the pin is given back", async () => {
  const pool = openPool();
  await capture(admin, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, v INT)");
  await capture(admin, "INSERT INTO t VALUES (1, 0)");
  const pinned = await pool.acquire({ account: "main", purpose: "pinned", login: "app" });
  await capture(pinned, "BEGIN");
  await capture(pinned, "UPDATE t SET v = 1");
  pool.release(pinned, { reset: false }); // dirty by its status flags: reset anyway
  await capture(admin, "UPDATE t SET v = v + 10");
  await pool.close(0);

  expect(await selectText(admin, "SELECT v FROM t")).toEqual([["10"]]);
});

test("a statement still running at release loses its connection", async () => {
  const pool = openPool();
  const connection = await pool.acquire({ account: "main", purpose: "shared", login: "app" });
  const running = selectText(connection, "SELECT SLEEP(60)");
  pool.release(connection, { reset: false });

  await expect(running).rejects.toMatchObject({ code: "database-lost" });
  await pool.close(0);
});

test("down: told at once. Up again: served again, and known to be another run (R9)", async () => {
  const proxy = await openFaultProxy({ target: { host: database.host, port: database.port } });
  const events: string[] = [];
  const pool = openPool(
    { onIdentityChange: (now, before) => events.push(now.server === before.server ? "restarted" : "moved") },
    { host: proxy.host, port: proxy.port, tls: { mode: "off" } },
  );
  const acquire = () => pool.acquire({ account: "main", purpose: "shared", login: "app" });
  const first = await acquire();
  pool.release(first, { reset: false });
  const clock = async () => Number((await selectText(admin, "SELECT UNIX_TIMESTAMP()"))[0]?.[0]);
  await expect
    .poll(async () => (await clock()) - first.identity.startedAtSec, { timeout: 5_000 })
    .toBeGreaterThan(1);
  await proxy.refuse(true);
  proxy.cut();
  await expect.poll(() => pool.stats().total).toBe(0);
  const started = performance.now();
  await expect(Promise.any([acquire(), acquire()])).rejects.toMatchObject({
    errors: [{ code: "database-unreachable" }, { code: "database-unreachable" }],
  });
  expect(performance.now() - started).toBeLessThan(1_000);
  await database.restart();
  admin = await openAdminConnection(database);
  await proxy.refuse(false);
  await expect
    .poll(
      () =>
        acquire().then(
          () => "served",
          () => "refused",
        ),
      { timeout: 10_000 },
    )
    .toBe("served");

  expect(events).toEqual(["restarted"]);
  await pool.close(0);
  await proxy.close();
});
