import { parseArgs } from "node:util";
import type { StackLogin } from "./stack-config.ts";

/** What the command line of `stack` asks for. */
export interface StackArguments {
  readonly json: boolean;
  readonly edges: number;
  readonly logins: readonly StackLogin[];
  readonly roundTripMs: number;
  readonly verbose: boolean;
}

/** How to call `stack`. */
export const STACK_USAGE = `usage: npm run stack -- [--json] [--edges N] [--login USER:PASSWORD]... [--round-trip-ms N] [--verbose]

Starts a private database (or uses that of DATABASE_URL), one origin and N edges on free loopback ports, and runs until
SIGTERM or Ctrl-C.

  --json                  print one JSON line on standard output instead of a summary
  --edges N               1 to 16; default 1
  --login USER:PASSWORD   a further login with a database account of its own, which has no rights; repeatable
  --round-trip-ms N       put a link with this round trip between the edges and the origin
  --verbose               the programs' logs go to standard error instead of files`;

const EDGES_MAX = 16;
const ROUND_TRIP_MAX_MS = 10_000;

/** Throws an `Error` whose message says what is wrong with the arguments. */
export function parseStackArguments(args: readonly string[]): StackArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      edges: { type: "string", default: "1" },
      login: { type: "string", multiple: true, default: [] },
      "round-trip-ms": { type: "string", default: "0" },
      verbose: { type: "boolean", default: false },
    },
  });
  const logins = values.login.map(parseLogin);
  const names = new Set(["app", ...logins.map(({ user }) => user)]);
  if (names.size !== logins.length + 1) throw new Error("--login: each name once, and not app");
  return {
    json: values.json,
    edges: parseWhole("--edges", values.edges, 1, EDGES_MAX),
    logins,
    roundTripMs: parseWhole("--round-trip-ms", values["round-trip-ms"], 0, ROUND_TRIP_MAX_MS),
    verbose: values.verbose,
  };
}

/** A whole number between two bounds. Throws an `Error` that names the option. */
export function parseWhole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Error(`${option}: a whole number from ${min} to ${max}`);
  return value;
}

function parseLogin(text: string): StackLogin {
  const colon = text.indexOf(":");
  const login = { user: text.slice(0, colon), password: text.slice(colon + 1) };
  if (colon < 1 || login.password === "") throw new Error("--login: USER:PASSWORD, neither empty");
  return login;
}
