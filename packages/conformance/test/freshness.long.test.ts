import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const counts: Record<string, number> = {};
  const faults: readonly [string, () => Promise<void>][] = [
    ...rig.originLinks.map((link, index): [string, () => Promise<void>] => [
      `cut edge ${index}`,
      async () => link.cut(),
    ]),
    ...rig.originLinks.map((link, index): [string, () => Promise<void>] => [
      `freeze edge ${index}`,
      async () => {
        link.freeze();
        await pause(random.between(50, 2_500));
        link.thaw();
      },
    ]),
    ["cut database", async () => rig.databaseLink.cut()],
    [
      "freeze database",
      async () => {
        rig.databaseLink.freeze();
        await pause(random.between(50, 1_500));
        rig.databaseLink.thaw();
      },
    ],
    [
      "late database",
      async () => {
        rig.databaseLink.latency(random.between(5, 60));
        await pause(500);
        rig.databaseLink.latency(0);
      },
    ],
    [
      "kill origin",
      async () => {
        await rig.origin.kill();
        await rig.startOrigin();
      },
    ],
  ];
  const endAt = performance.now() + DURATION_MS;
  const disturb = async (): Promise<void> => {
    while (performance.now() < endAt - 3_000) {
      await pause(random.between(200, 2_000));
      const [name, run] = faults[random.below(faults.length)] ?? ["", async () => {}];
      counts[name] = (counts[name] ?? 0) + 1;
      await run();
    }
  };
  const race = { rig, random, durationMs: DURATION_MS, writerCount: 4, readerCount: 8, boundMs: BOUND_MS };
  const [result] = await Promise.all([runVersionRace(race), disturb()]);
  const { writeCount, failedWriteCount, readCount, hitCount, withinBoundCount } = result;
  console.log("faults:", JSON.stringify(counts));
  console.log(
    "race:",
    JSON.stringify({ writeCount, failedWriteCount, readCount, hitCount, withinBoundCount }),
  );
  expect(result.violations).toEqual([]);
  expect(hitCount).toBeGreaterThan(100);
}, 120_000);
