import { parseArgs } from "node:util";
import { describeMachine, readCommit } from "../report/machine.ts";
import { publishReport } from "../report/publish-report.ts";
import { createGoal, createMeasurement, type Measurement, type Report } from "../report/report.ts";
import { parseWhole } from "../src/arguments.ts";
import { openCertificateFolder } from "../src/bench-certificate.ts";
import { type BenchTable, openBenchTable, readServerVersion } from "../src/bench-table.ts";
import { formatAuthorization } from "../src/execute-request.ts";
import { createHttpClient } from "../src/http-client.ts";
import { measureHttpHit, padId } from "../src/http-hit.ts";
import { type CorePlan, pinProcess, planCores } from "../src/pin-process.ts";
import { runCommand, tell, UsageError } from "../src/run-command.ts";
import { openStackProcess, type StackProcess } from "../src/stack-process.ts";

// CPU per hit as the cache fills: each step holds ten times the entries of the one before, all of them asked for at
// random. A bare server that answers the same bytes is measured in between, so that the machine's moods cancel out.

const USAGE = `usage: node benchmarks/scale/run-scale.ts [--entries N] [--rounds N] [--seconds N] [--out FILE] [--assert]

  --entries N   of the last step; default 1000000 (fills at some thousand a second)
  --rounds N    default 7
  --seconds N   load on each server in each round; default 2
  --out FILE    the JSON goes there instead of to the last line of standard output
  --assert      a missed goal is exit code 1`;

const FIRST_ENTRY_COUNT = 1_000;
/** What the last step may cost beyond the first. */
const GROWTH_MAX = 1.1;
const FILL_LANES = 64;
const PASSES_MAX = 10;
const GIB = 1024 ** 3;
/** Nothing may grow too old or be evicted while the cache fills. */
const ENV = {
  ROCKPOOL_CACHE_SIZE_MAX_BYTES: String(4 * GIB),
  ROCKPOOL_CACHE_ENTRY_MAX: "2000000",
  // A machine that is busy filling may be late with its heartbeats.
  ROCKPOOL_FRESHNESS_BOUND_MS: "10000",
  ROCKPOOL_FRESHNESS_MAX_AGE_MS: String(6 * 3_600_000),
};

interface ScaleOptions {
  readonly entryMax: number;
  readonly rounds: number;
  readonly measureMs: number;
  readonly outFile: string | null;
  readonly isAsserted: boolean;
}

await runCommand(async (resources) => {
  const options = readArguments();
  const startedAt = new Date();
  const machine = describeMachine();
  const cores = planCores();
  const certificate = resources.use(openCertificateFolder());
  const stack = resources.adopt(await openStackProcess({ ...certificate.env, ...ENV }), (it) => it.close());
  if (cores !== null) pinProcess(stack.edge.pid, cores.server);
  const table = resources.adopt(await openBenchTable(stack.line.db, options.entryMax), (it) => it.close());

  const measurements: Measurement[] = [];
  const steps = listSteps(options.entryMax);
  let filled = 0;
  for (const entryCount of steps) {
    tell(`filling the cache up to ${entryCount} entries`);
    await fill(stack, table, filled + 1, entryCount);
    filled = entryCount;
    tell(`hits among ${entryCount} entries`);
    measurements.push(...(await measureStep(stack, table, cores, entryCount, { ...options, certificate })));
  }
  const growth = growthOf(measurements, steps);
  const all = growth === null ? measurements : [growth, ...measurements];
  const report: Report = {
    format: "rockpool-benchmark/1",
    benchmark: "scale",
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
      entries: options.entryMax,
      serverCores: cores?.server ?? null,
      otherCores: cores?.others ?? null,
    },
    measurements: all,
    goals: growth === null ? [] : [createGoal(all, growth.name, GROWTH_MAX)],
  };
  return publishReport(report, options);
});

function readArguments(): ScaleOptions {
  try {
    const { values } = parseArgs({
      options: {
        entries: { type: "string", default: "1000000" },
        rounds: { type: "string", default: "7" },
        seconds: { type: "string", default: "2" },
        out: { type: "string" },
        assert: { type: "boolean", default: false },
      },
    });
    return {
      entryMax: parseWhole("--entries", values.entries, FIRST_ENTRY_COUNT, 2_000_000),
      rounds: parseWhole("--rounds", values.rounds, 1, 100),
      measureMs: parseWhole("--seconds", values.seconds, 1, 600) * 1000,
      outFile: values.out ?? null,
      isAsserted: values.assert,
    };
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function listSteps(entryMax: number): number[] {
  const steps: number[] = [];
  for (let count = FIRST_ENTRY_COUNT; count < entryMax; count *= 10) steps.push(count);
  return [...steps, entryMax];
}

/** Asks for each id until all are answered out of the cache. Throws when that does not happen. */
async function fill(stack: StackProcess, table: BenchTable, from: number, to: number): Promise<void> {
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    if ((await askForAll(stack, table, from, to)) === 0) return;
  }
  throw new Error(`not all of ${to} entries stay in the cache`);
}

/** Returns how many answers did not come out of the cache. */
async function askForAll(stack: StackProcess, table: BenchTable, from: number, to: number): Promise<number> {
  const authorization = formatAuthorization(stack.line);
  let next = from;
  let missCount = 0;
  const lanes = Array.from({ length: FILL_LANES }, async () => {
    const client = createHttpClient(stack.edge.http, authorization);
    while (next <= to) {
      const id = next;
      next += 1;
      const { cacheStatus } = await client.execute(table.read(padId(id)));
      if (!cacheStatus.startsWith("hit")) missCount += 1;
    }
    client.close();
  });
  await Promise.all(lanes);
  return missCount;
}

function measureStep(
  stack: StackProcess,
  table: BenchTable,
  cores: CorePlan | null,
  entryCount: number,
  options: ScaleOptions & { readonly certificate: { readonly cert: string; readonly key: string } },
): Promise<readonly Measurement[]> {
  return measureHttpHit(stack, table, cores, {
    transport: "http",
    certificate: options.certificate,
    rounds: options.rounds,
    measureMs: options.measureMs,
    warmupMs: 3_000,
    connectionCount: 64,
    idCount: entryCount,
    name: `hit-${entryCount}`,
  });
}

/** The last step's CPU ratio over the first's, from their medians; null without CPU times. */
function growthOf(measurements: readonly Measurement[], steps: readonly number[]): Measurement | null {
  const ratioOf = (step: number | undefined): number | null =>
    measurements.find(({ name }) => name === `hit-${step}.cpu-ratio`)?.median ?? null;
  const [first, last] = [ratioOf(steps.at(0)), ratioOf(steps.at(-1))];
  return first === null || last === null ? null : createMeasurement("hit.growth", "x", [last / first]);
}
