import { expect, test } from "vitest";

import { takeSeed } from "../src/test-seed.ts";
import { formatCampaigns, runCampaign } from "./campaign.ts";
import { PRODUCT } from "./run.ts";
import { BROKEN_VARIANTS } from "./variants.ts";

// The fast lane's campaigns at length: other seeds, and how often each broken rule shows.
const PRODUCT_RUNS = 20_000;
const VARIANT_RUNS = 1000;
/** About a minute each on an idle machine. */
const TIMEOUT_MS = 600_000;
/** The rarest shows in one run of some hundreds: under a new seed it may take longer. */
const VARIANT_RUNS_MAX = 12_000;
const seed = takeSeed("long simulation", 1_000_000);

test(
  `the product keeps every promise in ${PRODUCT_RUNS} random schedules`,
  () => {
    const campaign = runCampaign(PRODUCT, { seed, runMax: PRODUCT_RUNS, countsStuckClosed: true });
    console.log(`${formatCampaigns([campaign])}${JSON.stringify(campaign.totals)}`);
    expect({ firstSeed: campaign.firstSeed, violations: [...campaign.byKind] }).toEqual({
      firstSeed: null,
      violations: [],
    });
  },
  TIMEOUT_MS,
);

test(
  "every broken rule shows",
  () => {
    const campaigns = BROKEN_VARIANTS.map((variant) => {
      const campaign = runCampaign(variant, { seed, runMax: VARIANT_RUNS, countsStuckClosed: false });
      if (campaign.violatedCount > 0) return campaign;
      return runCampaign(variant, { seed, runMax: VARIANT_RUNS_MAX, enough: 1, countsStuckClosed: false });
    });
    console.log(`runs violated\n${formatCampaigns(campaigns)}`);
    const missed = campaigns
      .filter(({ violatedCount }) => violatedCount === 0)
      .map(({ variant }) => variant.name);
    expect(missed).toEqual([]);
  },
  TIMEOUT_MS,
);
