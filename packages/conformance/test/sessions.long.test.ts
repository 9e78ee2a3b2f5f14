/** Pinned connections at their limit: transactions wait and are refused in time, everybody else is served. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import { createPsdbSession, type PsdbSession } from "../src/psdb-session.ts";

const POOL_MAX = 20;
const PINNED_MAX = 16;
const WAIT_MAX_MS = 10_000;
const FREED_WITHIN_MS = 12_000;
const READERS = 8;

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
  await open().execute("CREATE TABLE items (id INT PRIMARY KEY, v INT)");
  await open().execute("INSERT INTO items VALUES (1, 1), (2, 2)");
});
afterAll(async () => {
  await rig?.close();
});

function open(): PsdbSession {
  return createPsdbSession({ url: rig.edges[0]?.line.http ?? "", ...rig.login });
}

function pool(state: string): Promise<number> {
  return rig.metric(rig.origin.line.admin, "rockpool_origin_pool_connections", `state="${state}"`);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Reads that always go to the database, one after the other, until told to stop; how long each took. */
async function readUntil(isOver: () => boolean, number: number): Promise<number[]> {
  const took: number[] = [];
  while (!isOver()) {
    const startedAt = performance.now();
    const rows = await open().cells(`SELECT v, ${number} AS reader, NOW(6) AS t FROM items WHERE id = 1`);
    took.push(performance.now() - startedAt);
    expect(rows[0]?.slice(0, 2)).toEqual(["1", String(number)]);
  }
  return took;
}

test(`at most ${PINNED_MAX} of ${POOL_MAX} connections are pinned: BEGIN is refused in time, reads go on, all come back`, async () => {
  const held: PsdbSession[] = [];
  for (let count = 0; count < PINNED_MAX; count += 1) {
    const session = open();
    expect((await session.execute("BEGIN")).answer.kind).toBe("ok");
    expect((await session.execute(`INSERT INTO items VALUES (${100 + count}, 0)`)).answer.kind).toBe("ok");
    held.push(session);
  }
  expect(await pool("pinned")).toBe(PINNED_MAX);

  const refusedAfter: number[] = [];
  const phase = { isOver: false };
  // The held ones are kept busy, so that none of them is given back while the next ones wait.
  const busy = held.map(async (session) => {
    while (!phase.isOver) expect((await session.execute("SELECT SLEEP(0.5)")).answer.kind).toBe("rows");
  });
  const begins = Array.from({ length: 3 }, async () => {
    const startedAt = performance.now();
    const { answer } = await open().execute("BEGIN");
    refusedAfter.push(performance.now() - startedAt);
    expect(answer).toMatchObject({ kind: "error", errno: 1040, sqlState: "08004" });
  });
  const readers = Array.from({ length: READERS }, (_, number) => readUntil(() => phase.isOver, number));
  await Promise.all(begins);
  expect(await pool("pinned")).toBe(PINNED_MAX);
  phase.isOver = true;
  await Promise.all(busy);
  const took = (await Promise.all(readers)).flat();
  const lastWordAt = performance.now();

  const connections = (await Promise.all(["idle", "shared", "pinned", "resetting"].map(pool))).reduce(
    (a, b) => a + b,
  );
  expect(connections).toBeLessThanOrEqual(POOL_MAX);
  for (const ms of refusedAfter) {
    expect(ms).toBeGreaterThan(WAIT_MAX_MS - 1_000);
    expect(ms).toBeLessThan(WAIT_MAX_MS + 1_000);
  }
  await waitUntil(async () => (await pool("pinned")) === 0, FREED_WITHIN_MS + 5_000);
  const freedMs = performance.now() - lastWordAt;
  expect(freedMs).toBeLessThan(FREED_WITHIN_MS);
  console.log(
    `pins: 17th BEGIN refused after ${refusedAfter.map((ms) => ms.toFixed(0)).join(", ")} ms; meanwhile ` +
      `${took.length} reads by ${READERS} clients, p50 ${percentile(took, 0.5).toFixed(1)} ms, ` +
      `p99 ${percentile(took, 0.99).toFixed(1)} ms; all freed ${freedMs.toFixed(0)} ms after the last statement`,
  );

  for (const session of held.slice(0, 3)) {
    expect((await session.execute("COMMIT")).answer).toMatchObject({ kind: "error", errno: 1317 });
    expect((await session.execute("ROLLBACK")).answer.kind).toBe("ok");
  }
  expect(await open().cells("SELECT COUNT(*) FROM items")).toEqual([["2"]]);
  const again = await Promise.all(held.map(() => open().execute("BEGIN")));
  expect(again.map(({ answer }) => answer.kind)).toEqual(held.map(() => "ok"));
});
