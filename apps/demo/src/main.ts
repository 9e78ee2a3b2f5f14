import { runDemo } from "./demo/demo.ts";
import { DEMO_USAGE, type DemoArguments, parseDemoArguments } from "./demo/demo-arguments.ts";
import { listenForShutdown } from "./stack/shutdown-signal.ts";

/** Exit codes: 0 all well, 1 something failed, 2 wrong arguments. */
async function main(): Promise<number> {
  const signal = listenForShutdown();
  const options = readArguments();
  if (options === null) return 2;
  try {
    const failures = await runDemo({ ...options, output: process.stdout, env: process.env, signal });
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 0;
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function readArguments(): DemoArguments | null {
  try {
    return parseDemoArguments(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.stderr.write(`${DEMO_USAGE}\n`);
    return null;
  }
}

function say(line: string): void {
  process.stderr.write(`rockpool: ${line}\n`);
}

process.exitCode = await main();
