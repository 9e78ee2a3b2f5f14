import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../src/index.ts";
import { findNode24, type NodeBinary, ownNode } from "./clients/node-binaries.ts";

// The files that are shipped: each alone in an empty folder, told everything by variables, on each Node that is supported.
const ROOT = join(import.meta.dirname, "../../..");
const MIB = 1024 * 1024;
const RSS_MAX_BYTES = 90 * MIB;
/** The command's file holds both programs and what checks configurations. */
const COMMAND_RSS_MAX_BYTES = 100 * MIB;
const SECRET = "8c5d3c2a41f04f9fb77a1c0e5a6d2b9e";
const READ = "SELECT id, v FROM t WHERE id = 1";

let db: PrivateDatabase;
const cleanup: (() => void)[] = [];

beforeAll(async () => {
  const built = spawnSync(process.execPath, [join(ROOT, "tools/build.ts")], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  db = await openPrivateDatabase();
});
afterAll(async () => {
  for (const step of cleanup) step();
  await db?.stop();
});

interface Program {
  readonly child: ChildProcess;
  readonly line: Readonly<Record<string, string>>;
  log(): string;
}

/** Runs one bundle alone in an empty folder, with nothing in its environment but `env`. */
async function start(node: NodeBinary, bundle: string, args: string[], env: object): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-bundle-"));
  copyFileSync(join(ROOT, "dist", bundle), join(folder, bundle));
  const child = spawn(node.path, [bundle, ...args], { cwd: folder, env: { ...env } });
  cleanup.push(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let log = "";
  let out = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await waitUntil(() => out.includes("\n") || child.exitCode !== null);
  expect(child.exitCode, log).toBeNull();
  return { child, line: JSON.parse(out) as Program["line"], log: () => log };
}

function originEnv(): Record<string, string> {
  return {
    ROCKPOOL_LISTEN_BACKHAUL_PORT: "0",
    ROCKPOOL_LISTEN_ADMIN_PORT: "0",
    ROCKPOOL_SHARED_SECRET: SECRET,
    ROCKPOOL_DATABASE_HOST: db.host,
    ROCKPOOL_DATABASE_PORT: String(db.port),
    ROCKPOOL_DATABASE_USER: db.user,
    ROCKPOOL_DATABASE_PASSWORD: db.password,
    ROCKPOOL_DATABASE_DATABASE: db.database,
    ROCKPOOL_LOGINS: JSON.stringify([{ name: "app", password: "app-password", database: db.database }]),
  };
}

function edgeEnv(origin: Program): Record<string, string> {
  return {
    ROCKPOOL_LISTEN_HTTP_PORT: "0",
    ROCKPOOL_LISTEN_ADMIN_PORT: "0",
    ROCKPOOL_ORIGIN_URL: origin.line["backhaul"] ?? "",
    ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET,
  };
}

/** One statement; answers what the cache says of it. */
async function execute(edge: Program, query: string): Promise<string> {
  const answer = await fetch(`${edge.line["http"]}/psdb.v1alpha1.Database/Execute`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa("app:app-password")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query }),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  expect(JSON.parse(text), text).not.toHaveProperty("error");
  return (answer.headers.get("rockpool-cache") ?? "").split(";")[0] ?? "";
}

/** Read from outside: asking the program itself would keep it from resting. */
function rssBytes(program: Program): number {
  const status = readFileSync(`/proc/${program.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** The resident memory when looks over five seconds found no more than 1 % of difference. */
async function restingRss(program: Program): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let since = performance.now();
  await waitUntil(() => {
    const bytes = rssBytes(program);
    least = Math.min(least, bytes);
    most = Math.max(most, bytes);
    if (most > least * 1.01) [least, most, since] = [bytes, bytes, performance.now()];
    return performance.now() - since > 5_000;
  }, 60_000);
  return most;
}

/** Asked seldom, because each question is a statement to the database. */
async function ready(edge: Program): Promise<void> {
  let askedAt = Number.NEGATIVE_INFINITY;
  await waitUntil(async () => {
    if (performance.now() - askedAt < 200) return false;
    askedAt = performance.now();
    return (await fetch(`${edge.line["admin"]}/readyz`)).status === 200;
  });
}

async function stop(program: Program): Promise<number | null> {
  program.child.kill("SIGTERM");
  await waitUntil(() => program.child.exitCode !== null || program.child.signalCode !== null);
  return program.child.exitCode;
}

async function checkProgram(origin: Program, edge: Program, rssMaxBytes: number): Promise<void> {
  await ready(edge);
  await execute(edge, "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, v VARCHAR(20))");
  await execute(edge, "REPLACE INTO t VALUES (1, 'one')");
  expect(await execute(edge, READ)).toBe("miss");
  await waitUntil(async () => (await execute(edge, READ)) === "hit");
  expect(await execute(edge, "UPDATE t SET v = 'two' WHERE id = 1")).toBe("bypass");
  if (process.platform === "linux") await checkMemory(edge, origin, rssMaxBytes);
  expect(await stop(edge), edge.log()).toBe(0);
  expect(await stop(origin), origin.log()).toBe(0);
}

async function checkMemory(edge: Program, origin: Program, rssMaxBytes: number): Promise<void> {
  const [edgeBytes, originBytes] = await Promise.all([restingRss(edge), restingRss(origin)]);
  const resting = { edge: edgeBytes, origin: originBytes };
  console.log(
    `resident memory at rest: ${Object.entries(resting)
      .map(([name, bytes]) => `${name} ${(bytes / MIB).toFixed(1)} MiB`)
      .join(", ")}`,
  );
  expect(Math.max(resting.edge, resting.origin)).toBeLessThanOrEqual(rssMaxBytes);
}

const nodes = [ownNode(), findNode24()].filter((node) => node !== null);

describe.each(nodes)("on $name", (node) => {
  test("the programs' own files: a miss, a hit, a write, little memory, a clean end", async () => {
    const origin = await start(node, "rockpool-origin.mjs", [], originEnv());
    const edge = await start(node, "rockpool-edge.mjs", [], edgeEnv(origin));
    await checkProgram(origin, edge, RSS_MAX_BYTES);
  });

  test("the command's file runs both", async () => {
    const origin = await start(node, "rockpool.mjs", ["origin"], originEnv());
    const edge = await start(node, "rockpool.mjs", ["edge"], edgeEnv(origin));
    await checkProgram(origin, edge, COMMAND_RSS_MAX_BYTES);
  });
});
