import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createMeasurement, type Measurement, type Unit } from "../../report/report.ts";
import { readCpuSeconds } from "../cpu-time.ts";
import type { StackEdge } from "../stack-process.ts";
import {
  countEvents,
  histogramQuantileMs,
  scrapeEdgeHistogram,
  subtractHistogram,
} from "./edge-histogram.ts";
import type { K6 } from "./find-k6.ts";

const run = promisify(execFile);

/** One k6 run at one rate. */
export interface RateOptions {
  readonly k6: K6;
  /** The script's path. */
  readonly script: string;
  /** First part of the measurements' names. */
  readonly name: string;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly edge: StackEdge;
  readonly authorization: string;
  readonly table: string;
}

/** k6's summary, as far as it is read here. A metric that never had an event is not in it. */
interface K6Summary {
  readonly metrics: Readonly<
    Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>
  >;
}

/** k6's exit code when a threshold was crossed: the report says so itself. */
const THRESHOLD_CROSSED = 99;
const STATUSES = ["hit", "miss"] as const;

/**
 * Runs a script at a rate, and reads the edge's own histogram before and after: both describe the same requests. `miss`
 * counts everything that was not a hit, writes included. Throws when k6 fails for another reason than a threshold.
 */
export async function runRate(options: RateOptions): Promise<Measurement[]> {
  const { edge, name, ratePerSecond } = options;
  const scrape = (): ReturnType<typeof scrapeBoth> => scrapeBoth(edge.admin);
  const [before, cpuBefore] = [await scrape(), readCpuSeconds(edge.pid)];
  const summary = await runK6(options);
  const [cpuAfter, after] = [readCpuSeconds(edge.pid), await scrape()];
  const prefix = `${name}-${ratePerSecond}`;
  const figure = (part: string, unit: Unit, value: number): Measurement[] =>
    Number.isFinite(value) ? [createMeasurement(`${prefix}.${part}`, unit, [value])] : [];
  const k6 = (metric: string, value: string): number => summary.metrics[metric]?.values[value] ?? Number.NaN;
  const requestCount = k6("http_reqs", "count");
  const cpuSeconds = cpuBefore === null || cpuAfter === null ? Number.NaN : cpuAfter - cpuBefore;
  return [
    ...figure("requests", "count", requestCount),
    ...figure("dropped-iterations", "count", summary.metrics["dropped_iterations"]?.values["count"] ?? 0),
    ...figure("failed-checks", "count", k6("checks", "fails")),
    ...figure("k6.p50", "ms", k6("http_req_duration", "med")),
    ...figure("k6.p99", "ms", k6("http_req_duration", "p(99)")),
    ...STATUSES.flatMap((status) => {
      const interval = subtractHistogram(after[status], before[status]);
      return [
        ...figure(`edge.${status}.count`, "count", countEvents(interval)),
        ...figure(`edge.${status}.p50`, "ms", histogramQuantileMs(interval, 0.5)),
        ...figure(`edge.${status}.p99`, "ms", histogramQuantileMs(interval, 0.99)),
      ];
    }),
    ...figure("edge.cpu-per-request", "us", (cpuSeconds / requestCount) * 1e6),
  ];
}

async function scrapeBoth(admin: string) {
  return { hit: await scrapeEdgeHistogram(admin, "hit"), miss: await scrapeEdgeHistogram(admin, "miss") };
}

async function runK6({
  k6,
  script,
  ratePerSecond,
  seconds,
  edge,
  authorization,
  table,
}: RateOptions): Promise<K6Summary> {
  const args = ["run", "--quiet", "--no-usage-report", script];
  const env = {
    ...process.env,
    // k6 shares its core with the origin and the database: fewer collections, fewer stalls of its own.
    GOGC: "400",
    K6_AUTO_EXTENSION_RESOLUTION: "false",
    ROCKPOOL_BENCH_RATE: String(ratePerSecond),
    ROCKPOOL_BENCH_SECONDS: String(seconds),
    ROCKPOOL_BENCH_URL: edge.http,
    ROCKPOOL_BENCH_AUTHORIZATION: authorization,
    ROCKPOOL_BENCH_TABLE: table,
  };
  const stdout = await run(k6.path, args, { env, maxBuffer: 64 * 1024 * 1024 }).then(
    (result) => result.stdout,
    (error: Error & { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string }) => {
      if (error.code === THRESHOLD_CROSSED && error.stdout !== undefined) return error.stdout;
      throw new Error(`k6 failed: ${error.stderr ?? error.message}`);
    },
  );
  // The scripts' handleSummary writes it there.
  return JSON.parse(stdout.slice(stdout.indexOf("{"))) as K6Summary;
}
