import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DirectSession, EdgeSession, openDirect } from "../src/edge-session.ts";
import { openRig, type Rig, waitUntil } from "../src/rig.ts";
import { runVersionRace, VERSION_TABLES } from "../src/version-race.ts";

const BOUND_MS = 1_000;
const MAX_AGE_MS = 1_500;

let rig: Rig;
let direct: DirectSession;

beforeAll(async () => {
  rig = await openRig({
    edges: 2,
    databaseOnly: true,
    edgeConfig: { freshness: { maxAgeMs: MAX_AGE_MS } },
    originConfig: { freshness: { maxAgeMs: MAX_AGE_MS } },
  });
  direct = await openDirect(rig.db, rig.db, rig.db.database);
  for (const sql of VERSION_TABLES) await direct.must(sql);
  await direct.must("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  await direct.must("INSERT INTO t VALUES (1, 0)");
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.startEdge(1);
  await rig.ready();
});
afterAll(async () => {
  await direct?.close();
  await rig?.close();
});

function sessionAt(index: number): EdgeSession {
  return new EdgeSession(rig.edges[index]?.line.http ?? "", rig.login);
}

async function warm(index: number, sql: string): Promise<void> {
  await waitUntil(async () => (await sessionAt(index).must(sql)).cache.startsWith("hit"));
}

test("writers and readers at two edges: each answer shows all that it must", async () => {
  const random = createSeededRandom(takeSeed("version race", 2_024));
  const race = { rig, random, durationMs: 4_000, writerCount: 4, readerCount: 8, boundMs: BOUND_MS };
  const result = await runVersionRace(race);
  expect(result.violations).toEqual([]);
  expect(result.writeCount).toBeGreaterThan(50);
  expect(result.hitCount).toBeGreaterThan(50);
});

describe("a write straight at the database", () => {
  test.each([0, 1])("shows at edge %i within max_age", async (edge) => {
    const read = "SELECT v FROM t WHERE id = 1";
    await warm(edge, read);
    await direct.must("UPDATE t SET v = v + 1 WHERE id = 1");
    const writtenAt = performance.now();
    const expected = (await direct.must(read)).rows;
    await waitUntil(async () => {
      const answer = await sessionAt(edge).must(read);
      if (JSON.stringify(answer.rows) === JSON.stringify(expected)) return true;
      expect(answer.cache).toMatch(/^hit/);
      expect(answer.sentAt - writtenAt).toBeLessThan(MAX_AGE_MS);
      return false;
    });
  });

  test("that redefines shows within max_age and a catalogue", async () => {
    const read = "SELECT * FROM t";
    await warm(0, read);
    await direct.must("ALTER TABLE t ADD COLUMN z INT DEFAULT 7");
    const writtenAt = performance.now();
    await waitUntil(async () => {
      const answer = await sessionAt(0).must(read);
      if (answer.rows[0]?.length === 3) return true;
      expect(answer.sentAt - writtenAt).toBeLessThan(MAX_AGE_MS);
      return false;
    });
  });
});

test("the link to one edge freezes: its hits stop within the bound, whatever is written elsewhere", async () => {
  const read = "SELECT v FROM t WHERE id = 1";
  await warm(1, read);
  rig.originLinks[1]?.freeze();
  const frozenAt = performance.now();
  const written = await sessionAt(0).must("UPDATE t SET v = v + 1 WHERE id = 1");
  const expected = (await direct.must(read)).rows;
  let lastHitAt = frozenAt;
  // Not one by one: a read that is not a hit hangs on the frozen link.
  const pending = new Set<Promise<void>>();
  await waitUntil(() => {
    const sentAt = performance.now();
    const asked = sessionAt(1)
      .run(read)
      .then((answer) => {
        if (!answer.cache.startsWith("hit")) return;
        lastHitAt = Math.max(lastHitAt, sentAt);
        if (sentAt > written.arrivedAt + BOUND_MS) expect(answer.rows).toEqual(expected);
      })
      .finally(() => pending.delete(asked));
    pending.add(asked);
    return performance.now() > frozenAt + BOUND_MS * 2;
  });
  expect(lastHitAt - frozenAt).toBeLessThan(BOUND_MS + 50);
  expect(lastHitAt - frozenAt).toBeGreaterThan(BOUND_MS / 4); // and not at the first late heartbeat
  rig.originLinks[1]?.thaw();
  await Promise.all(pending);
  await waitUntil(async () => {
    const answer = await sessionAt(1).run(read);
    if (answer.errno === 0) expect(answer.rows).toEqual(expected);
    return answer.cache.startsWith("hit");
  });
});

test("the feed breaks again and again: what was missed is made up for, or everything is dropped", async () => {
  const read = "SELECT v FROM t WHERE id = 1";
  for (let round = 0; round < 5; round++) {
    await warm(1, read);
    rig.originLinks[1]?.cut();
    const written = await sessionAt(0).must("UPDATE t SET v = v + 1 WHERE id = 1");
    const expected = (await direct.must(read)).rows;
    await waitUntil(async () => {
      const answer = await sessionAt(1).run(read);
      if (answer.errno !== 0) return false;
      if (JSON.stringify(answer.rows) === JSON.stringify(expected)) return true;
      expect(answer.sentAt).toBeLessThan(written.arrivedAt + BOUND_MS);
      return false;
    });
  }
});
