import { parseArgs } from "node:util";
import { parseWhole } from "../stack/stack-arguments.ts";

/** What the command line of `demo` asks for. */
export interface DemoArguments {
  /** Stop after the summary instead of staying up. */
  readonly exit: boolean;
  readonly seconds: number;
}

/** How to call `demo`. */
export const DEMO_USAGE = `usage: npm run demo [-- [--exit] [--seconds N]]

Shows Rockpool at work on a real database: a private MariaDB (or a new database on the server of DATABASE_URL), one origin
and two edges a 40 ms round trip away, and many short-lived clients.

  --exit        stop after the summary; the status is 0 only if nothing failed
  --seconds N   how long the clients run, 1 to 3600; default 30`;

const SECONDS_MAX = 3_600;

/** Throws an `Error` whose message says what is wrong with the arguments. */
export function parseDemoArguments(args: readonly string[]): DemoArguments {
  const { values } = parseArgs({
    args: [...args],
    options: { exit: { type: "boolean", default: false }, seconds: { type: "string", default: "30" } },
  });
  return { exit: values.exit, seconds: parseWhole("--seconds", values.seconds, 1, SECONDS_MAX) };
}
