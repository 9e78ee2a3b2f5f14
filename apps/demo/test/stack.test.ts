import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { Client } from "@planetscale/database";
import { createConnection } from "mysql2/promise";
import { afterEach, expect, test } from "vitest";
import type { StackInfo, StackLogin } from "../src/index.ts";
import { parseStackArguments } from "../src/stack/stack-arguments.ts";

const MAIN = fileURLToPath(new URL("../src/stack-main.ts", import.meta.url));
/** Inherited by everything a stack starts, so that what it leaves behind can be found. */
const MARK = `rockpool-stack-test-${process.pid}-${process.hrtime.bigint()}`;

/** Tests share the machine with others. */
const PATIENCE = { timeout: 10_000 };

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started.length = 0;
});

function startStack(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ROCKPOOL_TEST_MARK: MARK },
  });
  started.push(child);
  return child;
}

async function readInfo(child: ChildProcess): Promise<StackInfo> {
  if (child.stdout === null) throw new Error("no pipe");
  const [line] = await once(createInterface(child.stdout), "line");
  return JSON.parse(String(line)) as StackInfo;
}

/** Process ids that carry this test's mark in their environment; the guards' shells are on their way out too. */
function leftBehind(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readFileSync(`/proc/${pid}/environ`, "latin1").includes(MARK);
      } catch {
        return false;
      }
    });
}

async function endOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  const [code, signal] = await once(child, "exit");
  return [code as number | null, signal as NodeJS.Signals | null];
}

test("a stack of two edges answers the real driver on each, and leaves nothing behind", async () => {
  const child = startStack(["--json", "--edges", "2", "--login", "second:s3cret"]);
  const info = await readInfo(child);
  expect(info.edges).toHaveLength(2);
  expect(info.ca).toBeNull();

  const { host, port, user, password, database } = info.db;
  const direct = await createConnection({ host, port, user, password, database });
  await direct.query("CREATE TABLE pond (id INT PRIMARY KEY, name VARCHAR(20))");
  await direct.query("INSERT INTO pond VALUES (1, 'limpet')");
  for (const edge of info.edges) {
    expect(edge).toMatchObject({ https: null, mysql: null });
    const client = new Client({ url: urlOf(edge.http, info.login) });
    const { rows } = await client.execute("SELECT name FROM pond WHERE id = ?", [1]);
    expect(rows).toEqual([{ name: "limpet" }]);
    const { rows: who } = await client.execute("SELECT CURRENT_USER() AS account, DATABASE() AS db");
    expect(who).toEqual([{ account: `${user}@%`, db: database }]);
  }

  // The other login's account exists, and has no rights until it is given some.
  const asSecond = { host, port, user: "second", password: "s3cret" };
  const second = await createConnection(asSecond);
  await expect(second.query(`SELECT * FROM ${database}.pond`)).rejects.toMatchObject({ errno: 1142 });
  await direct.query(`GRANT SELECT ON ${database}.* TO second@'%', second@localhost`);
  const client = new Client({ url: urlOf(info.edges[0]?.http, { user: "second", password: "s3cret" }) });
  expect((await client.execute("SELECT COUNT(*) AS n FROM pond")).rows).toEqual([{ n: "1" }]);
  await second.end();
  await direct.end();

  const ended = endOf(child);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  await expect.poll(leftBehind, PATIENCE).toEqual([]);
});

test("a stack that is killed leaves nothing behind either", async () => {
  const child = startStack(["--json"]);
  const info = await readInfo(child);
  expect(leftBehind()).toContain(info.origin.pid);
  const folder = /--config\0(.*)\/origin\/config\.json/.exec(
    readFileSync(`/proc/${info.origin.pid}/cmdline`, "latin1"),
  )?.[1];
  expect(existsSync(`${folder}`)).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(leftBehind, PATIENCE).toEqual([]);
  await expect.poll(() => existsSync(`${folder}`), PATIENCE).toBe(false);
});

test("a stack that is stopped while it starts cleans up and exits 0", async () => {
  const child = startStack(["--json"]);
  const ended = endOf(child);
  await expect.poll(() => leftBehind().length, PATIENCE).toBeGreaterThan(1);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  await expect.poll(leftBehind, PATIENCE).toEqual([]);
});

test("a program that crashes ends the stack with a message; one that is killed does not", async () => {
  const child = startStack(["--json", "--edges", "2"]);
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaints += String(chunk);
  });
  const info = await readInfo(child);
  const [first, second] = info.edges.map(({ pid }) => pid);
  const ended = endOf(child);
  kill("KILL", second);
  await expect.poll(() => complaints, PATIENCE).toMatch(/edge-2 \(pid \d+\) ended of SIGKILL/);
  kill("ABRT", first);
  expect(await ended).toEqual([1, null]);
  await expect.poll(() => complaints, PATIENCE).toMatch(/edge-1 \(pid \d+\) ended of SIGABRT/);
  await expect.poll(leftBehind, PATIENCE).toEqual([]);
});

test.each([
  ["--edges", "0"],
  ["--edges", "x"],
  ["--login", "nobody"],
  ["--login", "app:x"],
  ["--bogus"],
  ["extra"],
])("wrong arguments: %s %s", async (...args) => {
  const child = startStack(args);
  const complaints = child.stderr === null ? Promise.reject(new Error("no pipe")) : text(child.stderr);
  expect(await endOf(child)).toEqual([2, null]);
  expect(await complaints).toMatch(/^rockpool: .+\nusage: npm run stack/);
});

test("a login's password may hold colons", () => {
  const { logins } = parseStackArguments(["--login", "a:b:c", "--login", "d:e"]);
  expect(logins).toEqual([
    { user: "a", password: "b:c" },
    { user: "d", password: "e" },
  ]);
});

function kill(signal: string, pid: number | undefined): void {
  execFileSync("kill", [`-${signal}`, String(pid)]);
}

function urlOf(http: string | undefined, { user, password }: StackLogin): string {
  return `${http}`.replace("://", `://${user}:${password}@`);
}
