import type { RaceRandom } from "./version-race.ts";
import type { Rig } from "./rig.ts";

/** One kind of trouble: begins it, and ends it again. */
interface Fault {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/**
 * Makes trouble on every link of a two-edge rig, and kills the origin now and then, for `durationMs`; all is well
 * again at the end. Resolves with how often each fault was made.
 */
export async function disturbLinks(
  rig: Rig,
  random: RaceRandom & { between(low: number, high: number): number },
  durationMs: number,
): Promise<Readonly<Record<string, number>>> {
  const faults = listFaults(rig, (low, high) => pause(random.between(low, high)));
  const counts: Record<string, number> = {};
  const endAt = performance.now() + durationMs;
  while (performance.now() < endAt) {
    await pause(random.between(200, 2_000));
    const fault = faults[random.below(faults.length)];
    if (fault === undefined) continue;
    counts[fault.name] = (counts[fault.name] ?? 0) + 1;
    await fault.run();
  }
  return counts;
}

function listFaults(rig: Rig, last: (lowMs: number, highMs: number) => Promise<void>): readonly Fault[] {
  const edgeFaults = rig.originLinks.flatMap((link, index): Fault[] => [
    { name: `cut edge ${index}`, run: async () => link.cut() },
    {
      name: `freeze edge ${index}`,
      run: async () => {
        link.freeze();
        await last(50, 2_500);
        link.thaw();
      },
    },
  ]);
  const database = rig.databaseLink;
  return [
    ...edgeFaults,
    { name: "cut database", run: async () => database.cut() },
    {
      name: "freeze database",
      run: async () => {
        database.freeze();
        await last(50, 1_500);
        database.thaw();
      },
    },
    {
      name: "late database",
      run: async () => {
        database.latency(40);
        await last(200, 800);
        database.latency(0);
      },
    },
    {
      name: "kill origin",
      run: async () => {
        await rig.origin.kill();
        await rig.startOrigin();
      },
    },
  ];
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
