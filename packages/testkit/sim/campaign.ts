import type { Oracle, Violation } from "./oracle.ts";
import { runSchedule } from "./run.ts";
import type { Variant } from "./world.ts";

/** What many runs of one variant came to. */
export interface Campaign {
  readonly variant: Variant;
  readonly runCount: number;
  /** Runs in which a promise was broken, and the seed of the first. */
  readonly violatedCount: number;
  readonly firstSeed: number | null;
  /** Runs per violation. */
  readonly byKind: ReadonlyMap<Violation, number>;
  readonly totals: Oracle["counts"];
}

/** How long a campaign lasts. */
export interface CampaignOptions {
  readonly seed: number;
  readonly runMax: number;
  /** Ends early once this many runs were violated. */
  readonly enough?: number;
  /** Whether being closed for good counts: a broken system must be caught at something worse. */
  readonly countsStuckClosed: boolean;
}

/** Runs `variant` under the seeds from `seed` on. */
export function runCampaign(variant: Variant, options: CampaignOptions): Campaign {
  const byKind = new Map<Violation, number>();
  const totals = { hits: 0, joins: 0, fills: 0, refusals: 0, writes: 0, misses: 0 };
  let runCount = 0;
  let violatedCount = 0;
  let firstSeed: number | null = null;
  while (runCount < options.runMax && violatedCount < (options.enough ?? Number.POSITIVE_INFINITY)) {
    const seed = options.seed + runCount;
    const { violations, counts } = runSchedule(seed, variant);
    runCount += 1;
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += counts[name];
    const kinds = [...violations.keys()].filter(
      (kind) => options.countsStuckClosed || kind !== "stuck-closed",
    );
    for (const kind of kinds) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
    if (kinds.length === 0) continue;
    violatedCount += 1;
    firstSeed ??= seed;
  }
  return { variant, runCount, violatedCount, firstSeed, byKind, totals };
}

/** One line a variant: rule, what is broken, runs violated, how. */
export function formatCampaigns(campaigns: readonly Campaign[]): string {
  const lines = campaigns.map(({ variant, runCount, violatedCount, byKind }) => {
    const kinds = [...byKind]
      .toSorted(([, left], [, right]) => right - left)
      .map(([kind, count]) => `${kind} ${count}`);
    const share = `${violatedCount}/${runCount}`.padStart(9);
    return `${variant.rule.padEnd(6)}${variant.name.padEnd(58)}${share}  ${kinds.join(", ")}`;
  });
  return lines.join("\n");
}
