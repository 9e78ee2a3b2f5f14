import { afterAll, expect, test } from "vitest";

import { takeSeed } from "../src/test-seed.ts";
import { type Campaign, formatCampaigns, runCampaign } from "./campaign.ts";
import { BROKEN_VARIANTS } from "./variants.ts";

// A simulation that finds nothing proves nothing unless it finds what is there: every rule, broken, must be caught.
const RUN_MAX = 4000;
/** A fraction of a second each, on an idle machine. */
const TIMEOUT_MS = 60_000;
const seed = takeSeed("simulation of broken variants", 1);
const campaigns: Campaign[] = [];

test.each(BROKEN_VARIANTS.map((variant) => ({ ...variant })))(
  "$rule: $name: is caught",
  (variant) => {
    const campaign = runCampaign(variant, { seed, runMax: RUN_MAX, enough: 1, countsStuckClosed: false });
    campaigns.push(campaign);
    expect(campaign.violatedCount).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

afterAll(() => console.log(`runs violated (each variant stops at its first)\n${formatCampaigns(campaigns)}`));
