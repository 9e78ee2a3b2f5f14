import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ConfigError, type ConfigSources } from "@rockpool/config";
import { createLogger, type Logger, type LogLevel } from "@rockpool/telemetry";

/** A started program. */
export interface RunningProgram {
  /** Printed as one JSON line on standard output when everything listens. */
  readonly line: Readonly<Record<string, string>>;
  /** Not ready → finish what is in progress, for at most `drainMaxMs` → close. */
  close(drainMaxMs: number): Promise<void>;
}

/** What differs between programs. */
export interface Program<C extends { readonly log: { readonly level: LogLevel } }> {
  readonly name: string;
  loadConfig(sources: ConfigSources): C;
  warnOf(config: C): string[];
  open(config: C, log: Logger): Promise<RunningProgram>;
}

const DRAIN_MAX_MS = 20_000;
/** sysexits.h: EX_CONFIG and EX_SOFTWARE. */
const EXIT_CONFIG = 78;
const EXIT_SOFTWARE = 70;

/**
 * Runs a program until SIGTERM or SIGINT, then drains it and exits 0; a second signal exits at once. Exit codes: 78 =
 * configuration, 70 = a broken invariant, 1 = it could not start.
 */
export async function runProgram<C extends { readonly log: { readonly level: LogLevel } }>(
  program: Program<C>,
): Promise<void> {
  try {
    const { values } = parseArgs({ options: { config: { type: "string" } } });
    const file = values.config === undefined ? {} : { file: readFileSync(values.config, "utf8") };
    const config = program.loadConfig({ ...file, env: process.env });
    const log = createLogger({ level: config.log.level, name: program.name });
    for (const warning of program.warnOf(config)) log.warn(warning);
    const die = (message: string) => (error: unknown) => {
      log.error(message, { error: error instanceof Error ? error : new Error(String(error)) });
      process.exit(EXIT_SOFTWARE);
    };
    process.on("unhandledRejection", die("unhandled rejection"));
    process.on("uncaughtException", die("uncaught exception"));
    const running = await program.open(config, log);
    stopOnSignals(running, log);
    process.stdout.write(`${JSON.stringify(running.line)}\n`);
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : describe(error);
    process.stderr.write(`${text}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
}

function stopOnSignals(running: RunningProgram, log: Logger): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info("draining", { signal });
    running.close(DRAIN_MAX_MS).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
