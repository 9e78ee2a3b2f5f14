import { Buffer } from "node:buffer";
import type { Timers } from "@rockpool/base";
import { decodeTextRow } from "@rockpool/protocol/mysql";
import type { Logger } from "@rockpool/telemetry";
import { ControlLine } from "./control-line.ts";
import type { DatabaseConnection } from "./database-connection.ts";
import { DatabaseRefusal } from "./query-rows.ts";

/** Options of `watchLeftoverThreads`. */
export interface LeftoverOptions {
  /** Names of all accounts this origin uses; the first one must be able to log in. */
  readonly accounts: readonly string[];
  /** Opens a connection as that account: an account always sees its own threads. */
  readonly open: (account: string) => Promise<DatabaseConnection>;
  /** Whether a thread belongs to a connection of this process. */
  readonly isOwn: (threadId: number) => boolean;
  readonly timers: Timers;
  readonly log: Logger;
  /** After this the watch ends, whatever still runs. Default 600,000. */
  readonly waitMaxMs?: number;
}

/** What an earlier life of this origin may have left running in the database: it may still commit, and nobody would hear. */
export interface LeftoverThreads {
  /**
   * Resolves when it is known what runs: with the number of threads of these accounts that execute something and are
   * not ours. Does not resolve while the database cannot be asked.
   */
  readonly looked: Promise<number>;
  /**
   * Resolves, before `looked` when there was nothing, once each of those threads has been seen idle or gone, or the
   * time is up. Nobody is killed: other programs may use the same account.
   */
  readonly gone: Promise<void>;
  /** Ends the watch; its promises stay open. */
  close(): void;
}

/** Looks for them now. */
export function watchLeftoverThreads(options: LeftoverOptions): LeftoverThreads {
  const watch = new LeftoverWatch(options);
  void watch.run();
  return watch;
}

const WAIT_MAX_MS = 600_000;
const RETRY_INTERVAL_MS = 500;
/** Short: a thread that is busy most of the time must be caught idle. */
const POLL_INTERVAL_MS = 100;
/** MySQL's error numbers begin here; the system's are negative or small. */
const SERVER_ERRNO_MIN = 1_000;

/** Neither idle nor replication: it executes something. `Killed` still may: a commit is not undone. */
const RUNNING_SQL =
  "SELECT ID, USER FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() " +
  "AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Connect', 'Slave_IO', 'Slave_SQL', 'Slave_worker')";

class LeftoverWatch implements LeftoverThreads {
  readonly looked: Promise<number>;
  readonly gone: Promise<void>;
  readonly #options: LeftoverOptions;
  readonly #lines = new Map<string, ControlLine>();
  readonly #running = new Map<string, ReadonlySet<number>>();
  #resolveLooked: (count: number) => void = () => {};
  #resolveGone: () => void = () => {};
  #isLate = false;
  #isClosed = false;

  constructor(options: LeftoverOptions) {
    this.#options = options;
    this.looked = new Promise((resolve) => {
      this.#resolveLooked = resolve;
    });
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
  }

  async run(): Promise<void> {
    const { accounts, timers, log, waitMaxMs = WAIT_MAX_MS } = this.#options;
    for (const account of accounts) await this.#lookFirst(account, account === accounts[0]);
    if (this.#isClosed) return;
    const count = this.#count();
    if (count === 0) this.#resolveGone();
    this.#resolveLooked(count);
    if (count === 0) return;
    log.warn("statements of an earlier life may still run: nothing is cached until they are over", { count });
    const limit = timers.after(waitMaxMs, () => {
      this.#isLate = true;
    });
    while (this.#count() > 0 && !this.#isLate && !this.#isClosed) {
      await this.#pause(POLL_INTERVAL_MS);
      for (const account of this.#running.keys()) await this.#lookAgain(account);
    }
    limit.cancel();
    if (this.#isClosed) return;
    if (this.#count() > 0)
      log.warn("statements of an earlier life are still running", { count: this.#count() });
    else log.info("no statement of an earlier life is left");
    this.close();
    this.#resolveGone();
  }

  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines.values()) line.close();
  }

  #count(): number {
    let count = 0;
    for (const threads of this.#running.values()) count += threads.size;
    return count;
  }

  /** Tries until the server answers. An account that it refuses has nothing running that could be waited for. */
  async #lookFirst(account: string, isMain: boolean): Promise<void> {
    while (!this.#isClosed) {
      try {
        const threads = await this.#list(account);
        if (threads.size > 0) this.#running.set(account, threads);
        else this.#endLine(account);
        return;
      } catch (error) {
        if (!isMain && isRefusal(error)) {
          this.#options.log.warn("an account cannot be asked what it left running", { account });
          return this.#endLine(account);
        }
        await this.#pause(RETRY_INTERVAL_MS);
      }
    }
  }

  async #lookAgain(account: string): Promise<void> {
    const before = this.#running.get(account) ?? new Set();
    try {
      const now = await this.#list(account);
      const left = new Set([...before].filter((thread) => now.has(thread)));
      if (left.size > 0) this.#running.set(account, left);
      else this.#running.delete(account);
    } catch {
      // Nobody answered: nothing is proven, the next look may tell.
    }
  }

  #list(account: string): Promise<ReadonlySet<number>> {
    return this.#line(account).run(async (control) => {
      const threads = new Set<number>();
      const sink = {
        columns() {},
        end() {},
        row: (payload: Uint8Array) => {
          const [id, user] = decodeTextRow(payload, 2).map((cell) => Buffer.from(cell ?? []).toString());
          if (user === account && !this.#options.isOwn(Number(id))) threads.add(Number(id));
        },
      };
      const outcome = await control.execute(Buffer.from(RUNNING_SQL), sink);
      if (outcome.kind === "error") throw new DatabaseRefusal(outcome.error);
      return threads;
    });
  }

  #line(account: string): ControlLine {
    const known = this.#lines.get(account);
    if (known !== undefined) return known;
    const { open, timers } = this.#options;
    const line = new ControlLine({ open: () => open(account), timers });
    this.#lines.set(account, line);
    return line;
  }

  #endLine(account: string): void {
    this.#lines.get(account)?.close();
    this.#lines.delete(account);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(delayMs, resolve);
    });
  }
}

/** The server itself said no to the login, and not because it is full. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  const errno = cause instanceof Error && "errno" in cause ? Number(cause.errno) : 0;
  const isFull = error instanceof Error && "code" in error && error.code === "pool-exhausted";
  return errno >= SERVER_ERRNO_MIN && !isFull;
}
