import { ConfigError, type ConfigSources, type ReloadPlan, type Surroundings } from "@rockpool/config";
import { createLogger, type Logger, type LogLevel, type ReloadCounts } from "@rockpool/telemetry";
import manifest from "../package.json" with { type: "json" };
import { describeStartFailure } from "./describe-start-failure.ts";
import { EXIT } from "./exit-codes.ts";
import { parseOptions, UsageError } from "./program-options.ts";
import { readSources } from "./read-sources.ts";
import { reloadOnHangup } from "./reload-on-hangup.ts";
import { stopOnSignals } from "./stop-on-signals.ts";

/** The version of this program; all packages share one. */
export const VERSION: string = manifest.version;

/** The settings every program has. */
export interface ProgramConfig {
  readonly log: { readonly level: LogLevel };
  readonly shutdown: { readonly delayMs: number; readonly drainMaxMs: number };
}

/** A started program. */
export interface RunningProgram<C> {
  /** Printed as one JSON line on standard output when everything listens. */
  readonly line: Readonly<Record<string, string>>;
  /** What else the log says of the start. */
  readonly facts?: Readonly<Record<string, string | number>>;
  /** Counted by every reload. */
  readonly reloads: ReloadCounts;
  /** From now on `/readyz` says no; clients are still served. */
  announceStop(): void;
  /** Takes no new work → finishes what is in progress, for at most `drainMaxMs` → closes. */
  close(drainMaxMs: number): Promise<void>;
  /** Applies what may change while it runs; the rest of `config` is as before. */
  reload(config: C): void | Promise<void>;
}

/** What differs between programs. */
export interface Program<C extends ProgramConfig> {
  readonly name: string;
  loadConfig(sources: ConfigSources): C;
  warnOf(config: C, surroundings: Surroundings): string[];
  planReload(current: C, next: C): ReloadPlan<C>;
  open(config: C, log: Logger): Promise<RunningProgram<C>>;
}

const OPTIONS = {
  config: { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/**
 * Runs a program until SIGTERM or SIGINT, then drains it and exits 0; a second signal exits at once. SIGHUP reloads the
 * configuration. Exit codes: `EXIT`. `command` is what the user typed to get here, for the help.
 */
export async function runProgram<C extends ProgramConfig>(
  program: Program<C>,
  args: readonly string[] = process.argv.slice(2),
  command = `rockpool-${program.name}`,
): Promise<void> {
  let config: C | null = null;
  try {
    const { text, flags, positionals } = parseOptions(args, OPTIONS);
    if (flags.has("help")) return say(helpOf(program.name, command));
    if (flags.has("version")) return say(`rockpool ${VERSION}`);
    if (positionals[0] !== undefined)
      throw new UsageError(`unexpected ${positionals[0]}; the file goes behind --config`);
    const { sources, surroundings } = readSources(text["config"]);
    config = program.loadConfig(sources);
    await run(program, config, surroundings, text["config"]);
  } catch (error) {
    fail(error, config, command);
  }
}

async function run<C extends ProgramConfig>(
  program: Program<C>,
  config: C,
  surroundings: Surroundings,
  fileName: string | undefined,
): Promise<void> {
  const log = createLogger({ level: config.log.level, name: program.name });
  for (const warning of program.warnOf(config, surroundings)) log.warn("configuration", { warning });
  const die = (message: string) => (error: unknown) => {
    log.error(message, { error: error instanceof Error ? error : new Error(String(error)) });
    process.exit(EXIT.software);
  };
  process.on("unhandledRejection", die("unhandled rejection"));
  process.on("uncaughtException", die("uncaught exception"));
  const cancelStart = stopWhileStarting();
  const running = await program.open(config, log);
  cancelStart();
  const reloading = reloadOnHangup({ program, running, config, fileName, log });
  stopOnSignals(running, () => reloading.config.shutdown, log);
  log.info("started", { version: VERSION, node: process.version, ...running.facts, ...running.line });
  say(JSON.stringify(running.line));
}

/** A program that serves nobody yet has nothing to drain, and nothing to reload. Returns what ends this. */
function stopWhileStarting(): () => void {
  const stop = (): void => process.exit(0);
  const ignore = (): void => {};
  process.on("SIGTERM", stop).on("SIGINT", stop).on("SIGHUP", ignore);
  return () => process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", ignore);
}

/** Says why, without a stack for what an operator can mend, and exits. */
function fail(error: unknown, config: object | null, command: string): never {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nUsage: ${command} [--config FILE]   (--help tells more)\n`);
    process.exit(EXIT.usage);
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT.config);
  }
  const expected = config === null ? null : describeStartFailure(error, config);
  process.stderr.write(`${expected ?? describe(error)}\n`);
  process.exit(EXIT.failed);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function helpOf(name: string, command: string): string {
  return `Usage: ${command} [--config FILE]

Runs a Rockpool ${name} in the foreground. Settings come from FILE (YAML) and from ROCKPOOL_* variables, which win.

  --config FILE   the configuration; without it the variables must say everything
  --version       prints the version
  -h, --help      prints this

It prints one JSON line with its addresses when it listens, and logs JSON lines to standard error.
SIGTERM and SIGINT drain it (a second one ends it at once); SIGHUP reads the configuration again.
Exit codes: 0 stopped, 1 could not start or stop, 64 wrong command line, 70 a bug, 78 wrong configuration.`;
}
