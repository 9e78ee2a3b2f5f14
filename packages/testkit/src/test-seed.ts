/** The seed of this run: `SEED` of the environment, or `fallback`. Prints it, so that a failure can be repeated. */
export function takeSeed(name: string, fallback: number): number {
  const given = process.env["SEED"];
  const seed = given === undefined ? fallback : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`SEED must be an integer, not ${given}`);
  console.log(`${name}: SEED=${seed}`);
  return seed;
}
