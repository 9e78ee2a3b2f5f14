import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPrivateDatabase, type PrivateDatabase } from "../src/index.ts";
import { until } from "./until.ts";

let database: PrivateDatabase;

beforeAll(async () => {
  database = await openPrivateDatabase({ maxConnections: 123, extraArgs: ["--wait-timeout=4321"] });
});

afterAll(async () => {
  await database.stop();
});

function login(overrides: object = {}): Promise<Connection> {
  const { host, port, user, password, database: name } = database;
  return createConnection({ host, port, user, password, database: name, ...overrides });
}

async function queryOne(connection: Connection, sql: string): Promise<Record<string, unknown>> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  const row = rows[0];
  if (row === undefined) throw new Error(`no row: ${sql}`);
  return { ...row };
}

test("the server runs as asked", async () => {
  const connection = await login();
  const row = await queryOne(
    connection,
    `SELECT @@port AS port, @@max_connections AS maximum, @@global.wait_timeout AS wait, @@log_bin AS log,
     @@binlog_format AS format, @@binlog_row_image AS image, @@binlog_row_metadata AS metadata,
     @@log_bin_trust_function_creators AS trust, @@bind_address AS address, VERSION() AS version`,
  );
  await connection.end();
  expect(row).toEqual({
    port: database.port,
    maximum: 123,
    wait: 4321,
    log: 1,
    format: "ROW",
    image: "FULL",
    metadata: "FULL",
    trust: 1,
    address: "127.0.0.1",
    version: database.serverVersion,
  });
  expect(database.port).toBeLessThan(32_768);
});

test("the account may create users, databases, routines, and grant", async () => {
  const connection = await login();
  for (const sql of [
    "CREATE DATABASE made",
    "CREATE TABLE made.t (id INT PRIMARY KEY)",
    "CREATE FUNCTION made.f() RETURNS INT BEGIN INSERT INTO made.t VALUES (7); RETURN 7; END",
    "CREATE USER 'reader'@'%' IDENTIFIED BY 'secret'",
    "GRANT SELECT, EXECUTE ON made.* TO 'reader'@'%'",
  ]) {
    await connection.query(sql);
  }
  await connection.end();
  const reader = await login({ user: "reader", password: "secret", database: "made" });
  expect(await queryOne(reader, "SELECT f() AS seven")).toEqual({ seven: 7 });
  expect(await queryOne(reader, "SELECT id FROM t")).toEqual({ id: 7 });
  await reader.end();
});

test("nobody comes in without the password, by TCP or by socket", async () => {
  await expect(login({ password: "" })).rejects.toMatchObject({ code: "ER_ACCESS_DENIED_ERROR" });
  await expect(login({ user: "root", password: "" })).rejects.toMatchObject({ errno: expect.any(Number) });
  await expect(login({ user: "nobody", password: "" })).rejects.toMatchObject({
    code: "ER_ACCESS_DENIED_ERROR",
  });
  const bySocket = await login({ socketPath: database.socketPath });
  expect(await queryOne(bySocket, "SELECT 1 AS one")).toEqual({ one: 1 });
  await bySocket.end();
});

test("a kill loses no acknowledged commit, and a restart keeps the port", async () => {
  const connection = await login();
  connection.on("error", () => undefined);
  await connection.query("CREATE TABLE survivor (id INT PRIMARY KEY)");
  await connection.query("INSERT INTO survivor VALUES (1)");
  const { port, pid } = database;
  await database.kill();
  expect(database.pid).toBeNull();
  await expect(login()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await database.restart();
  expect(database.port).toBe(port);
  expect(database.pid).not.toBe(pid);
  const again = await login();
  expect(await queryOne(again, "SELECT COUNT(*) AS n FROM survivor")).toEqual({ n: 1 });
  await again.end();
});

test("a restart of a running server works too", async () => {
  const { pid } = database;
  await database.restart();
  expect(database.pid).not.toBe(pid);
  await (await login()).end();
});

test("a frozen server answers once it is resumed", async () => {
  const connection = await login();
  let isAnswered = false;
  database.freeze();
  const answer = connection.query("SELECT 1").then(() => {
    isAnswered = true;
  });
  // A second round trip that does end (to the kernel, which accepts for the frozen server) bounds the wait.
  await login({ connectTimeout: 150 }).catch(() => undefined);
  expect(isAnswered).toBe(false);
  database.resume();
  await answer;
  await connection.end();
});

test("stop removes everything, even a frozen server, and may be called twice", async () => {
  const own = await openPrivateDatabase();
  const folder = dirname(own.socketPath ?? "");
  expect(existsSync(folder)).toBe(true);
  own.freeze();
  await Promise.all([own.stop(), own.stop()]);
  expect(existsSync(folder)).toBe(false);
  expect(own.pid).toBeNull();
  await own.stop();
  await expect(own.restart()).rejects.toThrow("stopped for good");
});

test("the server dies with its parent, even when the parent gets SIGKILL", async () => {
  const index = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  const script = `
    const { openPrivateDatabase } = await import(${JSON.stringify(index)});
    const database = await openPrivateDatabase();
    process.stdout.write(JSON.stringify([database.pid, database.socketPath]) + "\\n");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [pid, socketPath] = await new Promise<[number, string]>((resolve) => {
    parent.stdout.once("data", (bytes: Buffer) => resolve(JSON.parse(bytes.toString()) as [number, string]));
  });
  process.kill(pid, 0);
  parent.kill("SIGKILL");
  await until(() => !existsSync(dirname(socketPath)));
  expect(existsSync(dirname(socketPath))).toBe(false);
});

test("a server that cannot start reports the end of its log", async () => {
  await expect(openPrivateDatabase({ extraArgs: ["--no-such-option"] })).rejects.toThrow("no-such-option");
});
