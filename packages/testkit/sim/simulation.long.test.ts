import { expect, test } from "vitest";

import { takeSeed } from "../src/test-seed.ts";
import { formatCampaigns, runCampaign } from "./campaign.ts";
import { PRODUCT } from "./run.ts";
import { BROKEN_VARIANTS } from "./variants.ts";

// The fast lane's campaigns at length: other seeds, and how often each broken rule shows.
const PRODUCT_RUNS = 20_000;
const VARIANT_RUNS = 1500;
const seed = takeSeed("long simulation", 1_000_000);

test(`the product keeps every promise in ${PRODUCT_RUNS} random schedules`, () => {
  const campaign = runCampaign(PRODUCT, { seed, runMax: PRODUCT_RUNS, countsStuckClosed: true });
  console.log(`${formatCampaigns([campaign])}${JSON.stringify(campaign.totals)}`);
  expect({ firstSeed: campaign.firstSeed, violations: [...campaign.byKind] }).toEqual({
    firstSeed: null,
    violations: [],
  });
});

test("every broken rule shows", () => {
  const options = { seed, runMax: VARIANT_RUNS, countsStuckClosed: false };
  const campaigns = BROKEN_VARIANTS.map((variant) => runCampaign(variant, options));
  console.log(`runs violated\n${formatCampaigns(campaigns)}`);
  const missed = campaigns
    .filter(({ violatedCount }) => violatedCount === 0)
    .map(({ variant }) => variant.name);
  expect(missed).toEqual([]);
});
