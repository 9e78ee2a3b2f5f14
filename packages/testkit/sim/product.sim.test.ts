import { expect, test } from "vitest";

import { takeSeed } from "../src/test-seed.ts";
import { formatCampaigns, runCampaign } from "./campaign.ts";
import { PRODUCT } from "./run.ts";

// The proof of CORRECTNESS, executed: whatever the schedule, the product's own freshness and cache code keeps every
// promise, and comes back to work afterwards.
const RUN_COUNT = 5000;
/** Some seconds on an idle machine. */
const TIMEOUT_MS = 120_000;

test(
  `the product keeps every promise in ${RUN_COUNT} random schedules`,
  () => {
    const seed = takeSeed("simulation of the product", 1);
    const campaign = runCampaign(PRODUCT, { seed, runMax: RUN_COUNT, countsStuckClosed: true });
    const { hits, joins, fills, refusals } = campaign.totals;
    console.log(`${formatCampaigns([campaign])}${JSON.stringify(campaign.totals)}`);
    expect({ firstSeed: campaign.firstSeed, violations: [...campaign.byKind] }).toEqual({
      firstSeed: null,
      violations: [],
    });
    // A cache that never answers would keep every promise as well.
    expect(hits / RUN_COUNT).toBeGreaterThan(5);
    expect(joins / RUN_COUNT).toBeGreaterThan(1);
    expect(fills).toBeGreaterThan(refusals);
  },
  TIMEOUT_MS,
);
