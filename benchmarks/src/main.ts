import { describeMachine, readCommit } from "../report/machine.ts";
import { publishReport } from "../report/publish-report.ts";
import { createGoal, type Measurement, type Report } from "../report/report.ts";
import { BENCH_USAGE, type BenchArguments, parseBenchArguments } from "./arguments.ts";
import { openCertificateFolder } from "./bench-certificate.ts";
import { type BenchTable, openBenchTable, readServerVersion } from "./bench-table.ts";
import type { BenchCertificate } from "./child-messages.ts";
import { measureHttpHit } from "./http-hit.ts";
import { describeAddedLatency, describeLatencies, takeLatencies } from "./latency.ts";
import { type CorePlan, pinProcess, planCores } from "./pin-process.ts";
import { runCommand, tell, UsageError } from "./run-command.ts";
import { openStackProcess, type StackProcess } from "./stack-process.ts";
import { openStatementVariants, WARMUP_STATEMENT_COUNT } from "./statement-variants.ts";

/** CPU of a hit against a bare server of the same transport. */
const HIT_CPU_RATIO_MAX = 1.4;
/** What a miss on loopback adds to the p50 of direct mysql2. */
const MISS_ADDED_MAX_MS = 1;
/** A run takes longer than an entry lives by default, and a busy machine may be late with its heartbeats. */
const PATIENCE = { ROCKPOOL_FRESHNESS_MAX_AGE_MS: "3600000", ROCKPOOL_FRESHNESS_BOUND_MS: "10000" };
/** `direct`, `miss` and `driver-miss` read a fresh id each time, with one lane and with several. */
const FRESH_READS = 3 * 2;

await runCommand(async (resources) => {
  const options = readArguments();
  const startedAt = new Date();
  const machine = describeMachine();
  const cores = planCores();
  const certificate = resources.use(openCertificateFolder());
  const env = { ...nodeOptionsOf(options), ...certificate.env, ...PATIENCE };
  const stack = resources.adopt(await openStackProcess(env), (process) => process.close());
  if (cores !== null) pinProcess(stack.edge.pid, cores.server);
  const freshIdCount = FRESH_READS * options.rounds * (options.statementCount + WARMUP_STATEMENT_COUNT);
  const table = resources.adopt(await openBenchTable(stack.line.db, freshIdCount), (it) => it.close());

  const measurements = await measureAll(stack, table, cores, { ...options, certificate });
  const report: Report = {
    format: "rockpool-benchmark/1",
    benchmark: "bench",
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    skipped: null,
    machine,
    versions: {
      node: process.version,
      database: await readServerVersion(stack.line.db),
      rockpool: await readCommit(),
    },
    settings: {
      rounds: options.rounds,
      measureMs: options.measureMs,
      connections: options.connectionCount,
      statements: options.statementCount,
      lanes: options.laneCount,
      serverCores: cores?.server ?? null,
      otherCores: cores?.others ?? null,
      profiled: options.profileFolder !== null,
    },
    measurements,
    goals: listGoals(measurements, options),
  };
  return publishReport(report, options);
});

function readArguments(): BenchArguments {
  try {
    return parseBenchArguments(process.argv.slice(2));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${BENCH_USAGE}`);
  }
}

function nodeOptionsOf({ profileFolder }: BenchArguments): Record<string, string> {
  return profileFolder === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}` };
}

async function measureAll(
  stack: StackProcess,
  table: BenchTable,
  cores: CorePlan | null,
  options: BenchArguments & { readonly certificate: BenchCertificate },
): Promise<Measurement[]> {
  const hits: Measurement[] = [];
  for (const transport of options.transports) {
    tell(`hits against a bare server: ${transport}`);
    hits.push(...(await measureHttpHit(stack, table, cores, { ...options, transport })));
  }
  if (options.isHitsOnly) return hits;
  const latencies: Measurement[] = [];
  for (const laneCount of listLaneCounts(options)) {
    tell(`latency of reads and writes, ${laneCount} at a time`);
    latencies.push(...(await measureLatencies(stack, table, { ...options, laneCount })));
  }
  return [...hits, ...latencies];
}

async function measureLatencies(
  stack: StackProcess,
  table: BenchTable,
  options: BenchArguments,
): Promise<Measurement[]> {
  const variants = await openStatementVariants(stack, table, options.laneCount);
  try {
    const watchedPids = { edge: stack.edge.pid, origin: stack.line.origin.pid };
    const reads = await takeLatencies(variants.reads, { ...options, watchedPids });
    const writes = await takeLatencies(variants.writes, { ...options, watchedPids });
    const [read, write] = [`read-${options.laneCount}`, `write-${options.laneCount}`];
    return [
      describeAddedLatency(read, reads, "miss", "direct"),
      describeAddedLatency(read, reads, "driver-miss", "direct"),
      ...describeLatencies(read, reads),
      describeAddedLatency(write, writes, "edge", "direct"),
      ...describeLatencies(write, writes),
    ];
  } finally {
    await variants.close();
  }
}

function listGoals(measurements: readonly Measurement[], options: BenchArguments): Report["goals"] {
  const ratios = measurements.flatMap(({ name }) => (name.endsWith("-hit.cpu-ratio") ? [name] : []));
  const laneCounts = options.isHitsOnly ? [] : listLaneCounts(options);
  return [
    ...ratios.map((ratio) => createGoal(measurements, ratio, HIT_CPU_RATIO_MAX)),
    ...laneCounts.map((laneCount) =>
      createGoal(measurements, `read-${laneCount}.miss.added-p50`, MISS_ADDED_MAX_MS),
    ),
  ];
}

function listLaneCounts({ laneCount }: BenchArguments): readonly number[] {
  return laneCount === 1 ? [1] : [1, laneCount];
}
