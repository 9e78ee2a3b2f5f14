import { RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import type { DatabaseConnection } from "./database-connection.ts";

/** Tasks waiting at once; the next one is refused with `pool-exhausted`. */
const TASK_MAX_COUNT = 1_000;
/** A task that takes longer loses the control connection. */
const TASK_TIMEOUT_MS = 3_000;
/** Without work the control connection is closed after this. */
const IDLE_TIMEOUT_MS = 10_000;

/** Options of `ControlLine`. */
export interface ControlLineOptions {
  /** Opens the control connection within its own time limit. */
  readonly open: () => Promise<DatabaseConnection>;
  readonly timers: Timers;
}

/** Runs short tasks one after the other on a connection of its own, opened when there is work and closed after it. */
export class ControlLine {
  readonly #options: ControlLineOptions;
  #connection: DatabaseConnection | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #taskCount = 0;
  #idle: TimerHandle | null = null;
  #closed = false;

  constructor(options: ControlLineOptions) {
    this.#options = options;
  }

  /** Rejects with what opening or the task throws, `database-lost` after 3 s, `pool-exhausted` at 1,000 waiting. */
  run<T>(task: (control: DatabaseConnection) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new RockpoolError("shutting-down"));
    if (this.#taskCount >= TASK_MAX_COUNT) return Promise.reject(new RockpoolError("pool-exhausted"));
    this.#taskCount += 1;
    this.#idle?.cancel();
    const result = this.#tail.then(() => this.#perform(task));
    this.#tail = result.then(
      () => this.#taskEnded(),
      () => this.#taskEnded(),
    );
    return result;
  }

  close(): void {
    this.#closed = true;
    this.#idle?.cancel();
    this.#connection?.close();
    this.#connection = null;
  }

  async #perform<T>(task: (control: DatabaseConnection) => Promise<T>): Promise<T> {
    if (this.#connection === null || this.#connection.isBroken) this.#connection = await this.#options.open();
    const connection = this.#connection;
    if (this.#closed) {
      connection.close();
      throw new RockpoolError("shutting-down");
    }
    const timer = this.#options.timers.after(TASK_TIMEOUT_MS, () => connection.destroy());
    try {
      return await task(connection);
    } finally {
      timer.cancel();
    }
  }

  #taskEnded(): void {
    this.#taskCount -= 1;
    if (this.#taskCount > 0) return;
    this.#idle = this.#options.timers.after(IDLE_TIMEOUT_MS, () => {
      this.#connection?.close();
      this.#connection = null;
    });
  }
}
