/** What every benchmark writes: one shape, so that runs and benchmarks can be compared by one reader. Plain JSON. */
export interface Report {
  /** Changes when a field changes its meaning. */
  readonly format: "rockpool-benchmark/1";
  readonly benchmark: "bench" | "k6" | "scale";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** Why nothing was measured; null when something was. */
  readonly skipped: string | null;
  readonly machine: Machine;
  /** Program → version; null when it could not be found out. */
  readonly versions: Readonly<Record<string, string | null>>;
  /** How it was measured: rounds, connections, cores. */
  readonly settings: Readonly<Record<string, number | string | boolean | null>>;
  readonly measurements: readonly Measurement[];
  readonly goals: readonly Goal[];
}

/** Where the figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryBytes: number;
  /** For example `linux 6.1.0 x64`. */
  readonly system: string;
  /** One-minute load average when the run began: above 0.5 someone else was at work too. */
  readonly loadAverage: number;
}

/** One figure, with all of its rounds. */
export interface Measurement {
  /** Unique within a report; dots separate what, how and which. */
  readonly name: string;
  readonly unit: Unit;
  /** In the order in which they were taken. */
  readonly rounds: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** (max − min) / median; 0 for a single round. */
  readonly spread: number;
}

/** What a figure counts. `us` = microseconds, `x` = a ratio, `share` = 0 to 1. */
export type Unit = "us" | "ms" | "per-second" | "x" | "share" | "count";

/** A bound that a measurement is held to. */
export interface Goal {
  /** The measurement's name. */
  readonly measurement: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: Unit;
  /** Whether `value` ≤ `limit`. */
  readonly isMet: boolean;
}

/** A figure from its rounds. Throws a `RangeError` when there are none. */
export function createMeasurement(name: string, unit: Unit, rounds: readonly number[]): Measurement {
  const sorted = rounds.toSorted((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError(`${name}: no rounds`);
  const median = quantile(sorted, 0.5);
  return { name, unit, rounds, median, min, max, spread: median === 0 ? 0 : (max - min) / median };
}

/** Holds a measurement's median to an upper bound. Throws when the report has no such measurement. */
export function createGoal(measurements: readonly Measurement[], name: string, limit: number): Goal {
  const found = measurements.find((measurement) => measurement.name === name);
  if (found === undefined) throw new Error(`no measurement ${name}`);
  const { median, unit } = found;
  return { measurement: name, value: median, limit, unit, isMet: median <= limit };
}

/** The value below which the share `p` of an ascending list lies, interpolated; NaN for an empty list. */
export function quantile(ascending: ArrayLike<number>, p: number): number {
  const position = (ascending.length - 1) * p;
  const low = ascending[Math.floor(position)] ?? Number.NaN;
  const high = ascending[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}
