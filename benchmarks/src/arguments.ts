import { parseArgs } from "node:util";
import { TRANSPORTS, type Transport } from "./child-messages.ts";

/** What the command line of `bench` asks for. */
export interface BenchArguments {
  readonly rounds: number;
  /** Of each server in each round of the hit comparison. */
  readonly measureMs: number;
  /** Of each server before the first round. */
  readonly warmupMs: number;
  readonly connectionCount: number;
  /** Of the hit comparison. */
  readonly transports: readonly Transport[];
  /** Whether the latency comparisons are left out. */
  readonly isHitsOnly: boolean;
  /** Statements of each variant in each round of the latency comparisons. */
  readonly statementCount: number;
  /** Lanes of the second latency comparison; the first has one. */
  readonly laneCount: number;
  readonly outFile: string | null;
  readonly isAsserted: boolean;
  /** Where the stack's processes leave CPU profiles; null = none. */
  readonly profileFolder: string | null;
}

/** How to call `bench`. */
export const BENCH_USAGE = `usage: pnpm bench [--quick] [--rounds N] [--seconds N] [--connections N] [--statements N] [--lanes N]
             [--transport NAME] [--hits]
             [--out FILE] [--assert] [--profile FOLDER]

  --quick            one short round, to see that it works
  --rounds N         default 7
  --seconds N        load on each server in each round; default 2
  --connections N    of the load generator; default 64
  --transport NAME   http, https, h2c or h2; default all four
  --hits             only the comparison of hits
  --statements N     of each kind in each latency round; default 400
  --lanes N          statements under way in the concurrent latency rounds; default 4
  --out FILE         the JSON goes there instead of to the last line of standard output
  --assert           a missed goal is exit code 1
  --profile FOLDER   CPU profiles of origin and edge, which slow both down: not for figures`;

/** Throws an `Error` whose message says what is wrong with the arguments. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      connections: { type: "string", default: "64" },
      statements: { type: "string" },
      lanes: { type: "string", default: "4" },
      transport: { type: "string" },
      hits: { type: "boolean", default: false },
      out: { type: "string" },
      assert: { type: "boolean", default: false },
      profile: { type: "string" },
    },
  });
  const { quick } = values;
  const seconds = parseNumber("--seconds", values.seconds ?? (quick ? "0.5" : "2"), 0.1, 600);
  return {
    rounds: parseWhole("--rounds", values.rounds ?? (quick ? "1" : "7"), 1, 100),
    measureMs: seconds * 1000,
    warmupMs: quick ? 500 : 3_000,
    connectionCount: parseWhole("--connections", values.connections, 1, 1_000),
    transports: parseTransports(values.transport),
    isHitsOnly: values.hits,
    statementCount: parseWhole("--statements", values.statements ?? (quick ? "50" : "400"), 10, 100_000),
    laneCount: parseWhole("--lanes", values.lanes, 1, 64),
    outFile: values.out ?? null,
    isAsserted: values.assert,
    profileFolder: values.profile ?? null,
  };
}

function parseTransports(name: string | undefined): readonly Transport[] {
  if (name === undefined) return TRANSPORTS;
  const chosen = TRANSPORTS.filter((transport) => transport === name);
  if (chosen.length === 0) throw new Error(`--transport: one of ${TRANSPORTS.join(", ")}`);
  return chosen;
}

/** A whole number between two bounds. Throws an `Error` that names the option. */
export function parseWhole(option: string, text: string, min: number, max: number): number {
  const value = parseNumber(option, text, min, max);
  if (!Number.isInteger(value)) throw new Error(`${option}: a whole number`);
  return value;
}

/** A decimal number between two bounds. Throws an `Error` that names the option. */
export function parseNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Error(`${option}: a number from ${min} to ${max}`);
  return value;
}
