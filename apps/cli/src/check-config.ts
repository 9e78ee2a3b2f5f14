import {
  ConfigError,
  detectProgram,
  type EdgeConfig,
  loadEdgeConfig,
  loadOriginConfig,
  type ProgramName,
  warnOfEdgeConfig,
  warnOfOriginConfig,
} from "@rockpool/config";
import { EXIT, parseOptions, type ReadSources, readSources, UsageError } from "@rockpool/runtime";
import { measureRoundTrip } from "./measure-round-trip.ts";

/** Help of `rockpool check-config`. */
export const CHECK_CONFIG_HELP = `Usage: rockpool check-config [--config FILE] [--rtt-ms N | --connect] [edge|origin]

Checks a configuration (FILE and the ROCKPOOL_* variables) as a start would, and warns of what is allowed but probably not
meant. Which program it is for is found out by its content when not told. Nothing is started and nothing is changed.

  --config FILE   the configuration; without it the variables must say everything
  --rtt-ms N      the round trip between edge and origin in milliseconds, for the judgement of freshness.boundMs
  --connect       measure that round trip: a few TCP connections to the origin (for an origin: to its database)
  -h, --help      prints this

Exit codes: 0 usable, with or without warnings; 64 wrong command line; 78 not usable.`;

const OPTIONS = {
  config: { type: "string" },
  "rtt-ms": { type: "string" },
  connect: { type: "boolean" },
} as const;

/** `rockpool check-config`: problems and exit code 78, or warnings and "ok". */
export async function checkConfig(args: readonly string[]): Promise<number> {
  const { text, flags, positionals } = parseOptions(args, OPTIONS);
  const givenRttMs = readRtt(text["rtt-ms"]);
  if (givenRttMs !== null && flags.has("connect"))
    throw new UsageError("--rtt-ms and --connect exclude each other");
  if (positionals[1] !== undefined) throw new UsageError(`unexpected ${positionals[1]}`);
  const told = readProgramName(positionals[0]);
  try {
    const read = readSources(text["config"]);
    const name = told ?? detectProgram(read.sources.file, read.sources.env);
    if (name === null) {
      throw new UsageError(
        "cannot tell whether this is for an edge or an origin: put edge or origin at the end",
      );
    }
    const report =
      name === "edge"
        ? await checkEdge(read, givenRttMs, flags.has("connect"))
        : await checkOrigin(read, flags.has("connect"));
    process.stdout.write(`${[...report, `ok: usable by an ${name}`].join("\n")}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT.config;
  }
}

async function checkEdge(
  { sources, surroundings }: ReadSources,
  givenRttMs: number | null,
  connect: boolean,
): Promise<string[]> {
  const config = loadEdgeConfig(sources);
  const url = new URL(config.origin.url);
  const measured = connect
    ? await measureRoundTrip(url.hostname.replace(/^\[|\]$/g, ""), Number(url.port))
    : null;
  const notes = measured === null ? [] : [describeMeasured("origin", measured)];
  const rttMs = givenRttMs ?? (typeof measured === "number" ? measured : 0);
  const warnings = warnOfEdgeConfig(config, { ...surroundings, rttMs });
  const isAssumed = givenRttMs === null && typeof measured !== "number";
  return [...notes, formula(config, rttMs, isAssumed), ...warnings.map(asWarning)];
}

async function checkOrigin({ sources, surroundings }: ReadSources, connect: boolean): Promise<string[]> {
  const config = loadOriginConfig(sources);
  const { host, port } = config.database;
  const notes = connect ? [describeMeasured("database", await measureRoundTrip(host, port))] : [];
  return [...notes, ...warnOfOriginConfig(config, surroundings).map(asWarning)];
}

function asWarning(text: string): string {
  return `warning: ${text}`;
}

/** What the bound is judged by, so that the reader can put in figures of another place. */
function formula({ freshness }: EdgeConfig, rttMs: number, isAssumed: boolean): string {
  const { boundMs, heartbeatIntervalMs } = freshness;
  const wanted = 2 * heartbeatIntervalMs + 2 * rttMs;
  const source = isAssumed ? " (assumed; --rtt-ms or --connect)" : "";
  return `freshness.boundMs ${boundMs}; wanted: 2 x heartbeatIntervalMs ${heartbeatIntervalMs} + 2 x round trip ${rttMs}${source} = ${wanted}`;
}

function describeMeasured(what: string, measured: number | string): string {
  return typeof measured === "number"
    ? `round trip to the ${what}: ${measured} ms`
    : `warning: the ${what} cannot be reached from here: ${measured}`;
}

function readRtt(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,6}(\.\d+)?$/.test(text)) throw new UsageError("--rtt-ms needs a number of milliseconds");
  return Number(text);
}

function readProgramName(text: string | undefined): ProgramName | null {
  if (text === undefined || text === "edge" || text === "origin") return text ?? null;
  throw new UsageError(`unexpected ${text}: the file goes behind --config, and edge or origin at the end`);
}
