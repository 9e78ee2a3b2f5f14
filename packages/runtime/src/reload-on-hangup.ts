import { ConfigError } from "@rockpool/config";
import type { RootLogger } from "@rockpool/telemetry";
import { readSources } from "./read-sources.ts";
import type { Program, ProgramConfig, RunningProgram } from "./run-program.ts";

/** What a reload needs to know. */
export interface ReloadOptions<C extends ProgramConfig> {
  readonly program: Pick<Program<C>, "loadConfig" | "planReload" | "warnOf">;
  readonly running: Pick<RunningProgram<C>, "reload" | "reloads">;
  /** The configuration that the program started with. */
  readonly config: C;
  readonly fileName: string | undefined;
  readonly log: RootLogger;
}

/** The configuration in use. */
export interface Reloading<C> {
  readonly config: C;
}

/**
 * SIGHUP: reads file and variables again. Anything wrong → one error line, and nothing changes. Otherwise what may change
 * does, and the log names what waits for a restart. One reload at a time; signals during one make one more.
 */
export function reloadOnHangup<C extends ProgramConfig>(options: ReloadOptions<C>): Reloading<C> {
  const reloader = new Reloader(options);
  process.on("SIGHUP", () => reloader.signalled());
  return reloader;
}

class Reloader<C extends ProgramConfig> implements Reloading<C> {
  readonly #options: ReloadOptions<C>;
  #config: C;
  #isRunning = false;
  #isWanted = false;

  constructor(options: ReloadOptions<C>) {
    this.#options = options;
    this.#config = options.config;
  }

  get config(): C {
    return this.#config;
  }

  signalled(): void {
    this.#isWanted = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#reload();
    }
    this.#isRunning = false;
  }

  async #reload(): Promise<void> {
    const { program, running, fileName, log } = this.#options;
    try {
      const { sources, surroundings } = readSources(fileName);
      const next = program.loadConfig(sources);
      const plan = program.planReload(this.#config, next);
      await running.reload(plan.config);
      this.#config = plan.config;
      log.setLevel(plan.config.log.level);
      running.reloads.add(true);
      for (const warning of program.warnOf(next, surroundings)) log.warn("configuration", { warning });
      log.info("configuration reloaded", { changed: plan.applied, needRestart: plan.needRestart });
    } catch (error) {
      running.reloads.add(false);
      if (error instanceof ConfigError) {
        log.error("configuration not reloaded: it cannot be used", {
          problems: error.message.split("\n").slice(1),
        });
      } else {
        log.error("configuration not reloaded", {
          error: error instanceof Error ? error : new Error(String(error)),
        });
      }
    }
  }
}
