import { formatClientHints } from "./stack/format-clients.ts";
import { aborted, listenForShutdown } from "./stack/shutdown-signal.ts";
import { openStack, type Stack } from "./stack/stack.ts";
import { parseStackArguments, STACK_USAGE, type StackArguments } from "./stack/stack-arguments.ts";

/** Exit codes: 0 stopped as asked, 1 something failed, 2 wrong arguments. */
async function main(): Promise<number> {
  const shutdown = listenForShutdown();
  const options = readArguments();
  if (options === null) return 2;
  const stack = await openStack({ ...options, signal: shutdown, onNotice: say }).catch((error: unknown) => {
    if (!shutdown.aborted) throw error;
    return null;
  });
  return stack === null ? 0 : serve(stack, options, shutdown);
}

async function serve(stack: Stack, options: StackArguments, shutdown: AbortSignal): Promise<number> {
  try {
    if (!options.verbose) say(`configuration and logs are in ${stack.folder} until the stack stops`);
    process.stdout.write(`${options.json ? JSON.stringify(stack.info) : formatSummary(stack)}\n`);
    const crash = await Promise.race([stack.crashed, aborted(shutdown)]);
    if (crash === undefined) return 0;
    say(`${crash.message}\nstopping the rest`);
    return 1;
  } finally {
    await stack.close();
  }
}

function readArguments(): StackArguments | null {
  try {
    return parseStackArguments(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.stderr.write(`${STACK_USAGE}\n`);
    return null;
  }
}

function formatSummary({ info, serverVersion }: Stack): string {
  return [
    `Rockpool is up: ${serverVersion}, one origin, ${info.edges.length === 1 ? "one edge" : `${info.edges.length} edges`}. Ctrl-C stops everything.`,
    "",
    ...formatClientHints(info, "SELECT 1 AS one"),
    ...info.edges.map(({ admin }, index) => `admin      ${admin}/metrics (edge ${index + 1})`),
    `admin      ${info.origin.admin}/metrics (origin)`,
  ].join("\n");
}

function say(line: string): void {
  process.stderr.write(`rockpool: ${line}\n`);
}

process.exitCode = await main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  return 1;
});
