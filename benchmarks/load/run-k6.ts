import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, readCommit } from "../report/machine.ts";
import { publishReport } from "../report/publish-report.ts";
import { createGoal, type Measurement, type Report } from "../report/report.ts";
import { parseNumber, parseWhole } from "../src/arguments.ts";
import { type BenchTable, openBenchTable, readServerVersion } from "../src/bench-table.ts";
import { formatAuthorization } from "../src/execute-request.ts";
import { createHttpClient, warmStatement } from "../src/http-client.ts";
import { findK6, type K6 } from "../src/k6/find-k6.ts";
import { runRate } from "../src/k6/run-rate.ts";
import { type CorePlan, pinProcess, planCores } from "../src/pin-process.ts";
import { runCommand, tell, UsageError } from "../src/run-command.ts";
import { openStackProcess, type StackProcess } from "../src/stack-process.ts";

const USAGE = `usage: pnpm bench:k6 [--quick] [--rates 1000,2000,5000] [--seconds N] [--out FILE] [--assert]
                [--no-build] [--k6-folder FOLDER]

  --quick             200 requests a second for 2 s, to see that it works
  --rates A,B,…       arrivals a second, one run each; default 1000,2000,5000
  --seconds N         of each run; default 10
  --out FILE          the JSON goes there instead of to the last line of standard output
  --assert            a missed goal is exit code 1
  --no-build          without k6, say so instead of building one
  --k6-folder FOLDER  where a built k6 is, or goes; default benchmarks/bin`;

/** Hits below this, seen from k6, at rates up to the second. */
const HIT_P99_MAX_MS = 1;
const HIT_GOAL_RATE_MAX = 2_000;
const SCRIPTS = ["hit", "mixed"] as const;
/** Requests before the first run: the edge's code gets compiled, the hot statement cached. */
const WARMUP_COUNT = 20_000;
const QUICK_WARMUP_COUNT = 200;

interface LoadArguments {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly warmupCount: number;
  readonly outFile: string | null;
  readonly isAsserted: boolean;
  readonly isBuildAllowed: boolean;
  readonly k6Folder: string;
}

await runCommand(async (resources) => {
  const options = readArguments();
  const startedAt = new Date();
  const empty: Report = {
    format: "rockpool-benchmark/1",
    benchmark: "k6",
    startedAt: startedAt.toISOString(),
    durationSeconds: 0,
    skipped: null,
    machine: describeMachine(),
    versions: { node: process.version, rockpool: await readCommit() },
    settings: { seconds: options.seconds, rates: options.rates.join(" ") },
    measurements: [],
    goals: [],
  };
  const k6 = await findK6({ folder: options.k6Folder, isBuildAllowed: options.isBuildAllowed });
  if (typeof k6 === "string") return publishReport({ ...empty, skipped: k6 }, options);

  const cores = planCores();
  const stack = resources.adopt(await openStackProcess(), (process) => process.close());
  if (cores !== null) pinProcess(stack.edge.pid, cores.server);
  const table = resources.adopt(await openBenchTable(stack.line.db, 0), (it) => it.close());
  await warmUp(stack, table, options.warmupCount);
  const measurements = await runAll(k6, stack, table, options);
  const report: Report = {
    ...empty,
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    versions: { ...empty.versions, database: await readServerVersion(stack.line.db), k6: k6.version },
    settings: { ...empty.settings, ...describeCores(cores) },
    measurements,
    goals: listGoals(measurements, options),
  };
  return publishReport(report, options);
});

function readArguments(): LoadArguments {
  try {
    return parseLoadArguments(process.argv.slice(2));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function parseLoadArguments(args: readonly string[]): LoadArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rates: { type: "string" },
      seconds: { type: "string" },
      out: { type: "string" },
      assert: { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      "k6-folder": { type: "string", default: join(import.meta.dirname, "../bin") },
    },
  });
  const rates = values.rates ?? (values.quick ? "200" : "1000,2000,5000");
  return {
    rates: rates.split(",").map((rate) => parseWhole("--rates", rate, 1, 100_000)),
    seconds: parseNumber("--seconds", values.seconds ?? (values.quick ? "2" : "10"), 1, 600),
    warmupCount: values.quick ? QUICK_WARMUP_COUNT : WARMUP_COUNT,
    outFile: values.out ?? null,
    isAsserted: values.assert,
    isBuildAllowed: !values["no-build"],
    k6Folder: values["k6-folder"],
  };
}

async function warmUp(stack: StackProcess, table: BenchTable, count: number): Promise<void> {
  const client = createHttpClient(stack.edge.http, formatAuthorization(stack.line));
  const sql = table.read(1);
  await warmStatement(client, sql);
  for (let done = 0; done < count; done += 1) await client.execute(sql);
  client.close();
}

async function runAll(
  k6: K6,
  stack: StackProcess,
  table: BenchTable,
  { rates, seconds }: LoadArguments,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const name of SCRIPTS) {
    for (const ratePerSecond of rates) {
      tell(`k6 ${name}: ${ratePerSecond} a second for ${seconds} s`);
      const run = {
        k6,
        script: join(import.meta.dirname, `${name}.ts`),
        name,
        ratePerSecond,
        seconds,
        edge: stack.edge,
        authorization: formatAuthorization(stack.line),
        table: table.name,
      };
      measurements.push(...(await runRate(run)));
    }
  }
  return measurements;
}

function listGoals(measurements: readonly Measurement[], { rates }: LoadArguments): Report["goals"] {
  return SCRIPTS.flatMap((script) =>
    rates.flatMap((rate) => [
      createGoal(measurements, `${script}-${rate}.dropped-iterations`, 0),
      createGoal(measurements, `${script}-${rate}.failed-checks`, 0),
      ...(script === "hit" && rate <= HIT_GOAL_RATE_MAX
        ? [createGoal(measurements, `${script}-${rate}.k6.p99`, HIT_P99_MAX_MS)]
        : []),
    ]),
  );
}

function describeCores(cores: CorePlan | null): Report["settings"] {
  return { serverCores: cores?.server ?? null, otherCores: cores?.others ?? null };
}
