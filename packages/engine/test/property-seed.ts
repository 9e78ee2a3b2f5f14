/** One seed for every property of a run, printed so that a failure can be repeated: `SEED=… vitest run …`. */
const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

/** fast-check parameters for a property of `numRuns` runs. */
export function propertyOptions(numRuns: number): { seed: number; numRuns: number } {
  return { seed: SEED, numRuns };
}

console.info(`SEED=${SEED}`);
