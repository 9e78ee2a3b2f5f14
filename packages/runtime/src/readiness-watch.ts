import type { Clock, TimerHandle, Timers } from "@rockpool/base";
import type { Logger } from "@rockpool/telemetry";
import type { ReadyCheck } from "./admin-door.ts";

/** Options of a `ReadinessWatch`. */
export interface ReadinessWatchOptions {
  /** All conditions of readiness, probed now; settles by itself within seconds. */
  readonly checks: () => Promise<readonly ReadyCheck[]>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Between two looks: while it starts, and later. */
const START_INTERVAL_MS = 250;
const INTERVAL_MS = 5_000;
/** Between two looks while it is not ready after all. */
const FAILING_INTERVAL_MS = 1_000;
/** A start takes a moment; only what fails for longer is worth a line. */
const START_MS = 5_000;

/** Asks a program's readiness now and then, and logs each change of it once. Looks of others count too, and share one probe. */
export class ReadinessWatch {
  readonly #options: ReadinessWatchOptions;
  readonly #startedAt: number;
  #running: Promise<readonly ReadyCheck[]> | null = null;
  #timer: TimerHandle | null = null;
  #wasReady = false;
  #isReady = false;
  #isStopped = false;
  /** Names of the checks that failed when that was last logged; "" = it was ready. */
  #said = "";

  constructor(options: ReadinessWatchOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /** Looks at intervals until stopped. */
  start(): void {
    if (this.#isStopped) return;
    const again = (): void => {
      if (this.#isStopped) return;
      this.#timer = this.#options.timers.after(this.#intervalMs(), () => this.start());
    };
    this.check().then(again, again);
  }

  /** From now on nothing is logged: not being ready is intended. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** All checks; rejects when one of them breaks. */
  check(): Promise<readonly ReadyCheck[]> {
    this.#running ??= this.#look().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  #intervalMs(): number {
    if (this.#isReady) return INTERVAL_MS;
    const isStarting = !this.#wasReady && this.#options.clock.now() - this.#startedAt < START_MS;
    return isStarting ? START_INTERVAL_MS : FAILING_INTERVAL_MS;
  }

  async #look(): Promise<readonly ReadyCheck[]> {
    this.#isReady = false;
    const checks = await this.#options.checks();
    this.#isReady = checks.every(({ ok }) => ok);
    if (!this.#isStopped) this.#tell(checks.filter(({ ok }) => !ok).map(({ name }) => name));
    return checks;
  }

  #tell(failed: readonly string[]): void {
    const { log, clock } = this.#options;
    const afterMs = Math.round(clock.now() - this.#startedAt);
    const said = failed.join(" ");
    if (failed.length === 0) {
      if (!this.#wasReady) log.info("ready", { afterMs });
      else if (this.#said !== "") log.info("ready again");
      this.#wasReady = true;
    } else if (said === this.#said || (!this.#wasReady && afterMs < START_MS)) {
      return;
    } else {
      log.warn(this.#wasReady ? "not ready" : "not ready yet", { failed });
    }
    this.#said = said;
  }
}
