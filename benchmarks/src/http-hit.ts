import { createMeasurement, type Measurement } from "../report/report.ts";
import type { BenchTable } from "./bench-table.ts";
import { type BareServer, type LoadGenerator, openBareServer, openLoadGenerator } from "./child-process.ts";
import {
  type BenchCertificate,
  ID_PLACE,
  type LoadOrder,
  type LoadResult,
  type Transport,
} from "./child-messages.ts";
import { readCpuSeconds } from "./cpu-time.ts";
import { encodeExecuteRequest, encodeH2Request, formatAuthorization } from "./execute-request.ts";
import { type EdgeAnswer, createHttpClient, warmStatement } from "./http-client.ts";
import { type CorePlan, pinProcess } from "./pin-process.ts";
import type { StackProcess } from "./stack-process.ts";

/** How the comparison of hits is made. */
export interface HttpHitOptions {
  readonly transport: Transport;
  /** Of the edge; the bare server gets it too. */
  readonly certificate: BenchCertificate;
  readonly rounds: number;
  /** Of each server in each round. */
  readonly measureMs: number;
  /** Before the first round. */
  readonly warmupMs: number;
  readonly connectionCount: number;
  /** Ids from 1 on that are asked for at random, all of which must be in the cache; null = always the first. */
  readonly idCount?: number;
  /** What the measurements' names begin with; default the transport and `-hit`. */
  readonly name?: string;
}

/** One server in one round. */
interface ServerRound {
  readonly requestCount: number;
  readonly cpuMicros: number;
  readonly perSecond: number;
  /** Of one core. */
  readonly cpuShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One server for a part of a round. */
type Slice = LoadResult & { readonly cpuSeconds: number };

interface Target {
  readonly port: number;
  readonly pid: number;
}

/** What writing headers costs node:http is part of the yardstick, so it writes these by itself. */
const AUTOMATIC_HEADERS = new Set(["date", "connection", "keep-alive"]);
/** The servers alternate this often, so that what else happens on the machine meets both. */
const SLICE_MS = 250;
/** Load before each slice: connections and caches. */
const SLICE_WARMUP_MS = 100;
/**
 * Of what the edge can do at most: both servers get this rate. In a closed loop the faster one keeps the generator
 * busier, so that fewer of its writes have to wake it, and waking a process is a third of what a write costs here.
 */
const RATE_SHARE = 0.6;

/** Streams of each HTTP/2 connection; of connections there are as many fewer. */
const STREAM_COUNT = 8;

/**
 * CPU per request of a cache hit over one transport against a bare node:http or node:http2 server that reads the body
 * and writes the same bytes: same core, same Node, same generator, same rate, alternating. Throws when an answer is not a hit.
 */
export async function measureHttpHit(
  stack: StackProcess,
  table: BenchTable,
  cores: CorePlan | null,
  options: HttpHitOptions,
): Promise<readonly Measurement[]> {
  const authorization = formatAuthorization(stack.line);
  const { transport, certificate, idCount } = options;
  const place = idCount === undefined ? "1" : ID_PLACE;
  const sql = table.read(place);
  const sample = await takeSample(stack, authorization, idCount === undefined ? sql : table.read(padId(1)));
  await using resources = new AsyncDisposableStack();
  const bareOrder = { ...orderOf(sample), transport, certificate };
  const server = resources.adopt(await openBareServer(bareOrder), (it) => it.close());
  if (cores !== null) pinProcess(server.pid, cores.server);
  const generator = resources.adopt(openLoadGenerator(), (process) => process.close());
  const isH1 = transport === "http" || transport === "https";
  const request = isH1
    ? encodeExecuteRequest(authorization, sql).toString("latin1")
    : encodeH2Request(authorization, sql);
  const streamCount = isH1 ? 1 : STREAM_COUNT;
  const targets = {
    edge: { port: portOf(stack, transport), pid: stack.edge.pid },
    bare: server,
  } satisfies Record<string, BareServer | Target>;
  let ratePerSecond: number | null = null;
  const measure = (target: Target, warmupMs: number, durationMs: number): Promise<Slice> =>
    measureSlice(generator, target, {
      host: "127.0.0.1",
      port: target.port,
      request,
      expectedHead: "\r\nrockpool-cache: hit; reason=current;",
      transport,
      connectionCount: Math.ceil(options.connectionCount / streamCount),
      streamCount,
      idCount: idCount ?? null,
      ratePerSecond,
      warmupMs,
      durationMs,
    });

  const hitsBefore = await countHits(stack);
  await measure(targets.bare, options.warmupMs, SLICE_MS);
  const { requestCount, seconds } = await measure(targets.edge, options.warmupMs, 4 * SLICE_MS);
  ratePerSecond = Math.round((requestCount / seconds) * RATE_SHARE);
  const rounds: { edge: ServerRound; bare: ServerRound }[] = [];
  const sliceCount = Math.max(1, Math.round(options.measureMs / SLICE_MS));
  for (let round = 0; round < options.rounds; round += 1) {
    const slices: { edge: Slice[]; bare: Slice[] } = { edge: [], bare: [] };
    for (let slice = 0; slice < sliceCount; slice += 1) {
      const order = (round + slice) % 2 === 0 ? (["edge", "bare"] as const) : (["bare", "edge"] as const);
      for (const name of order) slices[name].push(await measure(targets[name], SLICE_WARMUP_MS, SLICE_MS));
    }
    rounds.push({ edge: sumSlices(slices.edge), bare: sumSlices(slices.bare) });
  }
  const answers = rounds.reduce((sum, { edge }) => sum + edge.requestCount, 0);
  if ((await countHits(stack)) - hitsBefore < answers) throw new Error("not every answer was a hit");
  return summarise(
    options.name ?? `${transport}-hit`,
    rounds.map(({ edge }) => edge),
    rounds.map(({ bare }) => bare),
  );
}

function sumSlices(slices: readonly Slice[]): ServerRound {
  const sum = (read: (slice: Slice) => number): number =>
    slices.reduce((total, slice) => total + read(slice), 0);
  const [cpuSeconds, requestCount] = [sum((slice) => slice.cpuSeconds), sum((slice) => slice.requestCount)];
  const seconds = sum((slice) => slice.seconds);
  return {
    requestCount,
    cpuMicros: (cpuSeconds / requestCount) * 1e6,
    perSecond: requestCount / seconds,
    cpuShare: cpuSeconds / seconds,
    // The median slice: a quantile over all of them would be that of the worst.
    p50Ms: createMeasurement(
      "p50",
      "ms",
      slices.map(({ p50Ms }) => p50Ms),
    ).median,
    p99Ms: createMeasurement(
      "p99",
      "ms",
      slices.map(({ p99Ms }) => p99Ms),
    ).median,
  };
}

function summarise(what: string, edge: readonly ServerRound[], bare: readonly ServerRound[]): Measurement[] {
  const ratios = edge.map(({ cpuMicros }, round) => cpuMicros / (bare[round]?.cpuMicros ?? Number.NaN));
  const figures = (name: string, rounds: readonly ServerRound[]): Measurement[] => [
    createMeasurement(
      `${what}.${name}.cpu-per-request`,
      "us",
      rounds.map(({ cpuMicros }) => cpuMicros),
    ),
    createMeasurement(
      `${what}.${name}.rate`,
      "per-second",
      rounds.map(({ perSecond }) => perSecond),
    ),
    createMeasurement(
      `${what}.${name}.core-use`,
      "share",
      rounds.map(({ cpuShare }) => cpuShare),
    ),
    createMeasurement(
      `${what}.${name}.p50`,
      "ms",
      rounds.map(({ p50Ms }) => p50Ms),
    ),
    createMeasurement(
      `${what}.${name}.p99`,
      "ms",
      rounds.map(({ p99Ms }) => p99Ms),
    ),
  ];
  // Without /proc there is no CPU time, and then no ratio either.
  const isKnown = ratios.every(Number.isFinite);
  const all = [...figures("edge", edge), ...figures("bare", bare)];
  return isKnown
    ? [createMeasurement(`${what}.cpu-ratio`, "x", ratios), ...all]
    : all.filter(({ rounds }) => rounds.every(Number.isFinite));
}

async function measureSlice(generator: LoadGenerator, target: Target, order: LoadOrder): Promise<Slice> {
  let before: number | null = null;
  const result = await generator.run(order, () => {
    before = readCpuSeconds(target.pid);
  });
  const after = readCpuSeconds(target.pid);
  if (result.failureCount > 0 || result.requestCount === 0) {
    throw new Error(`${result.failureCount} failed answers under load, the first: ${result.firstFailure}`);
  }
  return { ...result, cpuSeconds: before === null || after === null ? Number.NaN : after - before };
}

/** An id as long as all others. */
export function padId(id: number): string {
  return String(id).padStart(ID_PLACE.length, "0");
}

/** Hits that the edge has counted so far. */
async function countHits({ edge }: StackProcess): Promise<number> {
  const text = await (await fetch(`${edge.admin}/metrics`)).text();
  return Number(
    /^rockpool_edge_statements_total\{status="hit",reason="current"\} (\d+)/m.exec(text)?.[1] ?? 0,
  );
}

function portOf({ edge }: StackProcess, transport: Transport): number {
  const url = transport === "http" || transport === "h2c" ? edge.http : edge.https;
  if (url === null) throw new Error("the edge has no TLS door");
  return Number(new URL(url).port);
}

async function takeSample(stack: StackProcess, authorization: string, sql: string): Promise<EdgeAnswer> {
  const client = createHttpClient(stack.edge.http, authorization);
  try {
    return await warmStatement(client, sql);
  } finally {
    client.close();
  }
}

function orderOf({ head, body }: EdgeAnswer): {
  headers: string[];
  body: string;
  keepAliveTimeoutMs: number;
} {
  const headers = head
    .split("\r\n")
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const);
  const keepAlive = headers.find(([name]) => name.toLowerCase() === "keep-alive")?.[1] ?? "";
  return {
    headers: headers.filter(([name]) => !AUTOMATIC_HEADERS.has(name.toLowerCase())).flat(),
    body,
    keepAliveTimeoutMs: Number(/timeout=(\d+)/.exec(keepAlive)?.[1] ?? 5) * 1000,
  };
}
