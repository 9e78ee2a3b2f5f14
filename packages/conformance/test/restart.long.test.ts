/** Rolling restarts under load: outside of pinned transactions no statement fails, none is lost, none is done twice. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestCertificates } from "@rockpool/testkit";
import type { RowDataPacket } from "mysql2";
import { type Connection, createConnection } from "mysql2/promise";
import * as undici from "undici";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import {
  STEADY_LOAD_TABLES,
  startSteadyLoad,
  type SteadyLoad,
  type SteadyLoadResult,
} from "../src/steady-load.ts";

const STATEMENTS_PER_SECOND = 200;
const RESTARTS = 5;

/** The first edge's ports; every process of that edge listens on them. */
const edgeHttp = { port: 0 };
const edgeHttps = { port: 0, certFile: "", keyFile: "" };
let caFile = "";
let folder = "";
let rig: Rig;
let direct: Connection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rockpool-restart-"));
  const certificates = makeTestCertificates(folder);
  Object.assign(edgeHttps, { certFile: certificates.certFile, keyFile: certificates.keyFile });
  caFile = certificates.caFile;
  const listen = { http: edgeHttp, https: edgeHttps, reusePort: true };
  rig = await openRig({ edges: 2, edgeConfig: { listen } });
  edgeHttp.port = Number(new URL(rig.edges[0]?.line.http ?? "").port);
  edgeHttps.port = Number(new URL(rig.edges[0]?.line.https ?? "").port);
  const { host, port, user, password, database } = rig.db;
  direct = await createConnection({ host, port, user, password, database });
  for (const sql of STEADY_LOAD_TABLES) await direct.query(sql);
});
afterEach(async () => {
  await direct.query("DELETE FROM entered");
});
afterAll(async () => {
  direct?.destroy();
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

function urlOf(index: number, door: "http" | "https" = "http"): string {
  const url = new URL(rig.edges[index]?.line[door] ?? "");
  url.username = rig.login.user;
  url.password = rig.login.password;
  return url.href;
}

/** Lets the load run until what was held has been answered, and then for so many statements more. */
async function pass(load: SteadyLoad, count: number): Promise<void> {
  await waitUntil(() => load.openCount < 20, 60_000);
  const goal = load.sentCount + count;
  await waitUntil(() => load.sentCount >= goal, 60_000);
}

/** Nothing acknowledged is missing or there twice, nothing else is there but what nobody knows. */
async function checkRows(result: SteadyLoadResult): Promise<void> {
  const [rows] = await direct.query<(RowDataPacket & { id: number; parts: string })[]>(
    "SELECT id, GROUP_CONCAT(part ORDER BY part) AS parts FROM entered GROUP BY id",
  );
  const wrong = rows.filter(({ id, parts }) => {
    const isWhole = parts === "0" || parts === "1,2";
    return !isWhole || !(result.acknowledged.has(id) || result.uncertain.has(id));
  });
  const there = new Set(rows.map(({ id }) => id));
  const missing = [...result.acknowledged].filter((id) => !there.has(id));
  expect({ wrong, missing }).toEqual({ wrong: [], missing: [] });
}

function report(what: string, result: SteadyLoadResult): void {
  const sorted = result.latenciesMs.toSorted((left, right) => left - right);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  const { reads, writes, transactions, statements } = result.counts;
  console.log(
    `${what}: ${statements} statements (${reads} reads, ${writes} inserts, ${transactions} transactions), ` +
      `${result.failures.length} failed, ${result.lostTransactionCount} transactions lost; ` +
      `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`,
  );
}

test(`the origin, ${RESTARTS} times, under ${STATEMENTS_PER_SECOND} statements a second`, async () => {
  const load = startSteadyLoad({ urls: [urlOf(0), urlOf(1)], statementsPerSecond: STATEMENTS_PER_SECOND });
  const goneMs: number[] = [];
  await pass(load, 300);
  for (let round = 0; round < RESTARTS; round++) {
    const startedAt = performance.now();
    expect(await rig.origin.stop()).toBe(0);
    await rig.startOrigin();
    goneMs.push(Math.round(performance.now() - startedAt));
    await pass(load, 300);
  }
  const result = await load.stop();
  report(
    `origin restarted, each time ${goneMs.join(", ")} ms from SIGTERM to the next one's first word`,
    result,
  );
  expect(result.failures).toEqual([]);
  expect(result.acknowledged.size).toBeGreaterThan(300);
  await checkRows(result);
});

/** Starts each next process of the first edge beside the old one, on the same ports. */
async function restartEdge(load: SteadyLoad): Promise<SteadyLoadResult> {
  await pass(load, 300);
  for (let round = 0; round < RESTARTS; round++) {
    const old = rig.edges[0];
    await rig.startEdge(0);
    await rig.ready();
    expect(await old?.stop()).toBe(0);
    await pass(load, 300);
  }
  return load.stop();
}

test(`an edge, ${RESTARTS} times, under ${STATEMENTS_PER_SECOND} statements a second over HTTP/1.1`, async () => {
  const result = await restartEdge(
    startSteadyLoad({ urls: [urlOf(0)], statementsPerSecond: STATEMENTS_PER_SECOND }),
  );
  report("edge restarted, clients on HTTP/1.1", result);
  expect(result.failures).toEqual([]);
  await checkRows(result);
});

test(`an edge, ${RESTARTS} times, under ${STATEMENTS_PER_SECOND} statements a second over HTTP/2 and TLS`, async () => {
  const dispatcher = new undici.Agent({ allowH2: true, connect: { ca: readFileSync(caFile, "utf8") } });
  const send = undici.fetch as unknown as (input: string, init: object) => Promise<Response>; // its types are its own
  const result = await restartEdge(
    startSteadyLoad({
      urls: [urlOf(0, "https")],
      statementsPerSecond: STATEMENTS_PER_SECOND,
      fetch: (input, init) => send(input, { ...init, dispatcher }),
    }),
  );
  await dispatcher.close();
  report("edge restarted, clients on HTTP/2", result);
  // Node's fetch gives up what it was just writing when GOAWAY arrived, and sends what was refused again only once. Such
  // a statement never ran, and the client knows it.
  const unsent = result.failures.filter((failure) => /frameError|REFUSED_STREAM/.test(failure));
  console.log(`of these failures, ${unsent.length} are statements that fetch did not send`);
  expect(unsent.length).toBeLessThan(STATEMENTS_PER_SECOND / 4);
  expect(result.failures.filter((failure) => !unsent.includes(failure))).toEqual([]);
  await checkRows(result);
});
