import { readCpuSeconds } from "./cpu-time.ts";
import { createMeasurement, type Measurement, quantile } from "../report/report.ts";

/** One way to run a statement. */
export interface LatencyVariant {
  readonly name: string;
  /** The processes whose CPU time its statements cost, by their names in `watchedPids`. */
  readonly costs: readonly WatchedProcess[];
  /** Brings it into the state that is measured; before each round. */
  prepare(): Promise<void>;
  /** Runs one statement on the connection of that number. */
  run(lane: number): Promise<void>;
}

/** A process of Rockpool. */
export type WatchedProcess = "edge" | "origin";

/** How latencies are taken. */
export interface LatencyOptions {
  readonly rounds: number;
  /** Of each variant in each round, over all lanes. */
  readonly statementCount: number;
  /** Statements under way at any time. */
  readonly laneCount: number;
  readonly watchedPids: Readonly<Record<WatchedProcess, number>>;
}

/** One variant in one round. */
interface VariantRound {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of each process that the variant costs, per statement; NaN where it cannot be read. */
  readonly cpuMicros: Readonly<Record<string, number>>;
}

/** The rounds of each variant by name. */
export type LatencyRounds = ReadonlyMap<string, readonly VariantRound[]>;

/** Runs all variants in each round, every round beginning with another one, so that drift meets all of them. */
export async function takeLatencies(
  variants: readonly LatencyVariant[],
  options: LatencyOptions,
): Promise<LatencyRounds> {
  const rounds = new Map<string, VariantRound[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (let turn = 0; turn < variants.length; turn += 1) {
      const variant = variants[(turn + round) % variants.length];
      if (variant === undefined) continue;
      await variant.prepare();
      rounds.get(variant.name)?.push(await takeRound(variant, options));
    }
  }
  return rounds;
}

/** The figures of all variants: `NAME.p50` and `NAME.p99`, and `NAME.PROCESS-cpu` for each process that it costs. */
export function describeLatencies(prefix: string, rounds: LatencyRounds): Measurement[] {
  return [...rounds].flatMap(([name, taken]) => [
    createMeasurement(
      `${prefix}.${name}.p50`,
      "ms",
      taken.map(({ p50Ms }) => p50Ms),
    ),
    createMeasurement(
      `${prefix}.${name}.p99`,
      "ms",
      taken.map(({ p99Ms }) => p99Ms),
    ),
    ...describeCpu(`${prefix}.${name}`, taken),
  ]);
}

function describeCpu(prefix: string, taken: readonly VariantRound[]): Measurement[] {
  return Object.keys(taken[0]?.cpuMicros ?? {})
    .map((process) => ({ process, rounds: taken.map(({ cpuMicros }) => cpuMicros[process] ?? Number.NaN) }))
    .filter(({ rounds }) => rounds.every(Number.isFinite))
    .map(({ process, rounds }) => createMeasurement(`${prefix}.${process}-cpu`, "us", rounds));
}

/** By how much the p50 of `name` lies above that of `base`, round by round. */
export function describeAddedLatency(
  prefix: string,
  rounds: LatencyRounds,
  name: string,
  base: string,
): Measurement {
  const bases = rounds.get(base) ?? [];
  const added = (rounds.get(name) ?? []).map(
    ({ p50Ms }, round) => p50Ms - (bases[round]?.p50Ms ?? Number.NaN),
  );
  return createMeasurement(`${prefix}.${name}.added-p50`, "ms", added);
}

async function takeRound(variant: LatencyVariant, options: LatencyOptions): Promise<VariantRound> {
  const samples: number[] = [];
  let started = 0;
  const runLane = async (lane: number): Promise<void> => {
    while (started < options.statementCount) {
      started += 1;
      const startedAt = performance.now();
      await variant.run(lane);
      samples.push(performance.now() - startedAt);
    }
  };
  const before = readCpu(variant, options);
  await Promise.all(Array.from({ length: options.laneCount }, (_, lane) => runLane(lane)));
  const cpuMicros = Object.fromEntries(
    Object.entries(readCpu(variant, options)).map(([name, seconds]) => [
      name,
      ((seconds - (before[name] ?? Number.NaN)) / samples.length) * 1e6,
    ]),
  );
  samples.sort((a, b) => a - b);
  return { p50Ms: quantile(samples, 0.5), p99Ms: quantile(samples, 0.99), cpuMicros };
}

function readCpu({ costs }: LatencyVariant, { watchedPids }: LatencyOptions): Record<string, number> {
  return Object.fromEntries(costs.map((name) => [name, readCpuSeconds(watchedPids[name]) ?? Number.NaN]));
}
