/**
 * Sessions through the edge against the same sessions on direct connections: each psdb session has a mirror that does
 * the same, in the same order, on a second schema with the same data. Every answer must be the same (S1, S3).
 */
import { isDeepStrictEqual } from "node:util";
import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "../src/answer.ts";
import { type DirectSession, openDirectSession } from "../src/direct-session.ts";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import { createPsdbSession, type PsdbSession } from "../src/psdb-session.ts";
import { drawSteps, SESSION_SCHEMA, SESSION_TABLES } from "../src/session-steps.ts";

const MIRROR = "mirror";
const SESSION_COUNT = 6;
/** Sessions that are left behind hold their connection until they time out: no more than there are pin slots. */
const REBIRTHS_MAX = 6;
const ABORTS_MAX = 6;
const STEP_COUNT = 1_000;

let rig: Rig;
let admin: DirectSession;

beforeAll(async () => {
  rig = await openRig();
  admin = await openDirectSession(rig.db);
  for (const schema of [rig.db.database, MIRROR]) {
    await make(`CREATE DATABASE IF NOT EXISTS ${schema}`);
    await make(`USE ${schema}`);
    for (const sql of SESSION_SCHEMA) await make(sql);
  }
  // One definition through the edge makes all of the new tables known there.
  await createPsdbSession(target()).run("CREATE TABLE last_one (id INT PRIMARY KEY)");
  await make(`CREATE TABLE ${MIRROR}.last_one (id INT PRIMARY KEY)`);
});
afterAll(async () => {
  admin?.close();
  await rig?.close();
});

async function make(sql: string): Promise<Answer> {
  const answer = await admin.execute(sql);
  if (answer.kind === "error") throw new Error(`${answer.message}\n${sql}`);
  return answer;
}

function target() {
  return { url: rig.edges[0]?.line.http ?? "", ...rig.login };
}

interface Pair {
  readonly index: number;
  readonly edge: PsdbSession;
  readonly direct: DirectSession;
  readonly history: string[];
  /** Drawn, not sent yet. */
  readonly planned: string[];
  inTransaction: boolean;
}

async function openPair(index: number): Promise<Pair> {
  const direct = await openDirectSession({
    ...rig.db,
    host: rig.db.host,
    port: rig.db.port,
    database: MIRROR,
  });
  const edge = createPsdbSession(target());
  const pair = { index, edge, direct, history: [], planned: [], inTransaction: false };
  await step(pair, "SET innodb_lock_wait_timeout = 0, lock_wait_timeout = 0");
  return pair;
}

/** Runs a statement both ways and holds the answers equal; true for a hit. */
async function step(pair: Pair, sql: string): Promise<boolean> {
  const expected = await pair.direct.execute(sql);
  const { answer, cache } = await pair.edge.execute(sql);
  const wanted = inEdgeTerms(expected);
  if (!isDeepStrictEqual(answer, wanted)) {
    const lines = [
      `session ${pair.index}: ${sql}`,
      ...pair.history.slice(-40).map((line) => `  after ${line}`),
    ];
    expect({ cache, answer }, lines.join("\n")).toEqual({ cache, answer: wanted });
  }
  pair.history.push(`${sql}  [${answer.kind === "error" ? answer.errno : answer.kind}]`);
  const state = pair.edge.token?.vitessSession as { inTransaction?: boolean } | undefined; // the full shape is the edge's
  pair.inTransaction = state?.inTransaction === true;
  return cache.startsWith("hit");
}

/** The mirror's schema has another name, which errors repeat. */
function inEdgeTerms(answer: Answer): Answer {
  const { database } = rig.db;
  if (answer.kind === "error") return { ...answer, message: answer.message.replaceAll(MIRROR, database) };
  if (answer.kind === "ok") return answer;
  const hex = (text: string): string => Buffer.from(text).toString("hex");
  const rows = answer.rows.map((row) =>
    row.map((cell) => cell && cell.replaceAll(hex(MIRROR), hex(database))),
  );
  return { ...answer, rows };
}

/** The client goes away in the middle of a statement. Its mirror has nothing to do: the statement leaves no trace. */
async function abort(pair: Pair): Promise<void> {
  const marker = `/* aborted ${pair.index} */`;
  const sql = pair.inTransaction
    ? `SELECT SLEEP(30) ${marker}`
    : `UPDATE slow SET v = v + SLEEP(30) WHERE id = 0 ${marker}`;
  const controller = new AbortController();
  const sent = pair.edge.execute(sql, controller.signal).then(
    () => "answered",
    () => "aborted",
  );
  await waitUntil(async () => (await countRunning(marker)) === 1);
  controller.abort();
  expect(await sent).toBe("aborted");
  await waitUntil(async () => (await countRunning(marker)) === 0);
  pair.history.push(`${sql}  [aborted]`);
  // A statement that clears what the interrupted one left for SHOW WARNINGS.
  await step(pair, "SELECT balance FROM accounts WHERE id = 3");
}

async function countRunning(marker: string): Promise<number> {
  const found = await make(
    `SELECT id FROM information_schema.processlist WHERE info LIKE '%${marker}' AND id <> CONNECTION_ID()`,
  );
  return found.kind === "rows" ? found.rows.length : 0;
}

/** A new session in its place; the old one's client never comes back. Its locks are let go first, here and there. */
async function rebirth(pair: Pair): Promise<Pair> {
  for (const sql of ["ROLLBACK", "UNLOCK TABLES", "DO RELEASE_ALL_LOCKS()"]) await step(pair, sql);
  pair.direct.close();
  return openPair(pair.index);
}

test("every answer of every session is the direct one, whatever the others do", async () => {
  const random = createSeededRandom(takeSeed("sessions", 20_240_702));
  const pairs: Pair[] = [];
  for (let index = 0; index < SESSION_COUNT; index += 1) pairs.push(await openPair(index));
  let counter = 0;
  let [hits, errors, rebirths, aborts] = [0, 0, 0, 0];
  for (let count = 0; count < STEP_COUNT; count += 1) {
    const at = random.below(pairs.length);
    const pair = pairs[at] ?? expect.fail();
    if (rebirths < REBIRTHS_MAX && random.chance(0.006)) {
      rebirths += 1;
      pairs[at] = await rebirth(pair);
    } else if (aborts < ABORTS_MAX && pair.planned.length === 0 && random.chance(0.01)) {
      aborts += 1;
      await abort(pair);
    } else {
      if (pair.planned.length === 0) {
        const nextNumber = (): number => (counter += 1);
        // Every second session holds a connection only in its transactions: it shares connections, and gets hits.
        const { inTransaction } = pair;
        pair.planned.push(
          ...drawSteps({ random, index: at, isLight: at % 2 === 0, inTransaction, nextNumber }),
        );
      }
      const sql = pair.planned.shift();
      if (sql !== undefined && (await step(pair, sql))) hits += 1;
      if (pair.history.at(-1)?.match(/\[\d+\]$/)) errors += 1;
    }
  }
  for (const pair of pairs) {
    await step(pair, "ROLLBACK");
    pair.direct.close();
  }
  for (const table of SESSION_TABLES) {
    const [ours, theirs] = [rig.db.database, MIRROR].map((schema) =>
      make(`SELECT * FROM ${schema}.${table} ORDER BY 1`),
    );
    expect(await ours).toEqual(await theirs);
  }
  console.log(
    `sessions: ${STEP_COUNT} steps, ${hits} hits, ${errors} errors, ${rebirths} rebirths, ${aborts} aborts`,
  );
  expect(hits).toBeGreaterThan(5);
  expect(errors).toBeGreaterThan(50);
  expect(aborts).toBeGreaterThan(0);
});
