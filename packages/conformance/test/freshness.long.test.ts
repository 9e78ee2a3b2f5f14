import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { disturbLinks } from "../src/disturb-links.ts";
import { openDirect } from "../src/edge-session.ts";
import { openRig, type Rig } from "../src/rig.ts";
import { runVersionRace, VERSION_TABLES } from "../src/version-race.ts";

const BOUND_MS = 1_000;
const DURATION_MS = 45_000;

let rig: Rig;

beforeAll(async () => {
  rig = await openRig({
    edges: 2,
    databaseOnly: true,
    edgeConfig: { limits: { requestTimeoutMs: 3_000, headersTimeoutMs: 3_000 } },
  });
  const direct = await openDirect(rig.db, rig.db, rig.db.database);
  for (const sql of VERSION_TABLES) await direct.must(sql);
  await direct.close();
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.startEdge(1);
  await rig.ready();
});
afterAll(async () => {
  await rig?.close();
});

test("faults on every link, and an origin that is killed: no answer lacks what it must show", async () => {
  const random = createSeededRandom(takeSeed("version race with faults", 77));
  const race = { rig, random, durationMs: DURATION_MS, writerCount: 4, readerCount: 8, boundMs: BOUND_MS };
  const disturbed = disturbLinks(rig, random, DURATION_MS - 3_000);
  const [result, faults] = await Promise.all([runVersionRace(race), disturbed]);
  const { writeCount, failedWriteCount, readCount, hitCount, withinBoundCount } = result;
  console.log("faults:", JSON.stringify(faults));
  console.log(
    "race:",
    JSON.stringify({ writeCount, failedWriteCount, readCount, hitCount, withinBoundCount }),
  );
  expect(result.violations).toEqual([]);
  expect(hitCount).toBeGreaterThan(100);
}, 120_000);
