import { Buffer } from "node:buffer";
import { RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import { ControlLine } from "./control-line.ts";
import type { DatabaseConnection } from "./database-connection.ts";
import { DatabaseRefusal } from "./query-rows.ts";
import { DISCARD } from "./result-sink.ts";
import { isSameServer, type ServerIdentity } from "./server-identity.ts";

/** Options of `createStatementKiller`. */
export interface StatementKillerOptions {
  /** Opens a connection as that account: an account may always kill and see its own threads. */
  readonly open: (account: string) => Promise<DatabaseConnection>;
  readonly timers: Timers;
  /** A statement still running so long after `kill` loses its connection. Default 2,000. */
  readonly graceMs?: number;
}

/** Ends statements from outside, over control connections of its own (one per account, opened when needed). */
export interface StatementKiller {
  /**
   * Interrupts the command that runs on `connection` (KILL QUERY); where that does not help within `graceMs`, the
   * connection is cut, so the command settles in any case. The connection starts no other command before the KILL
   * was answered, and is dirty. Never throws.
   */
  kill(connection: DatabaseConnection): void;
  /** KILL QUERY for a thread of that server run. False when it is not there any more. Rejects when nobody answers. */
  killStatement(thread: ServerThread): Promise<boolean>;
  /** Whether a thread can do nothing any more (R14): not listed, or its server run is over. Rejects when nobody answers. */
  isThreadGone(thread: ServerThread): Promise<boolean>;
  /**
   * Kills what the broken connection may have left running and resolves once its thread is proven gone; never
   * rejects. Does not resolve when the address now leads to another server: that is for the new epoch to settle.
   */
  untilGone(connection: DatabaseConnection): Promise<void>;
  /** Closes the control connections. Promises of `untilGone` stay open. */
  close(): void;
}

/** One thread of one run of a server; a `DatabaseConnection` is one. */
export interface ServerThread {
  readonly account: string;
  readonly threadId: number;
  readonly identity: ServerIdentity;
}

/** ER_NO_SUCH_THREAD. */
const NO_SUCH_THREAD = 1094;
const POLL_FIRST_MS = 50;
const POLL_MAX_MS = 2_000;
const POLL_GROWTH = 1.5;

/** Creates the killer; it does nothing until it is asked. */
export function createStatementKiller(options: StatementKillerOptions): StatementKiller {
  return new ControlledKiller(options);
}

class ControlledKiller implements StatementKiller {
  readonly #options: StatementKillerOptions;
  readonly #lines = new Map<string, ControlLine>();
  readonly #polls = new Set<TimerHandle>();
  #closed = false;

  constructor(options: StatementKillerOptions) {
    this.#options = options;
  }

  kill(connection: DatabaseConnection): void {
    if (!connection.busy) return;
    connection.markDirty();
    const { timers, graceMs = 2_000 } = this.#options;
    const command = connection.commandCount;
    let isAnswered = false;
    const answered = this.#line(connection.account)
      .run(async (control) => {
        if (connection.commandCount !== command || !connection.busy) return;
        if (!isSameServer(control.identity, connection.identity)) return;
        await this.#command(control, `KILL QUERY ${connection.threadId}`);
      })
      .catch(() => {}) // then the grace below decides
      .then(() => {
        isAnswered = true;
      });
    connection.hold(answered);
    timers.after(graceMs, () => {
      const isStuck = connection.busy && connection.commandCount === command;
      // Without an answer, KILL may still arrive at any time: nothing may run there any more.
      if (!isStuck && isAnswered) return;
      const cause = new Error("the statement did not end when killed");
      connection.destroy(new RockpoolError("database-lost", { cause }));
    });
  }

  killStatement(thread: ServerThread): Promise<boolean> {
    return this.#line(thread.account).run(async (control) => {
      if (!isSameServer(control.identity, thread.identity)) return false;
      return this.#command(control, `KILL QUERY ${thread.threadId}`);
    });
  }

  isThreadGone(thread: ServerThread): Promise<boolean> {
    return this.#line(thread.account).run(async (control) => {
      const here = control.identity;
      if (!isSameServer(here, thread.identity)) return here.server === thread.identity.server;
      return !(await isListed(control, thread.threadId));
    });
  }

  untilGone(connection: DatabaseConnection): Promise<void> {
    return new Promise((resolve) => {
      const check = async (delayMs: number): Promise<void> => {
        if (await this.#endAndCheck(connection)) return resolve();
        if (this.#closed) return;
        const timer = this.#options.timers.after(delayMs, () => {
          this.#polls.delete(timer);
          void check(Math.min(POLL_MAX_MS, delayMs * POLL_GROWTH));
        });
        this.#polls.add(timer);
      };
      void check(POLL_FIRST_MS);
    });
  }

  close(): void {
    this.#closed = true;
    for (const poll of this.#polls) poll.cancel();
    for (const line of this.#lines.values()) line.close();
  }

  async #endAndCheck(thread: ServerThread): Promise<boolean> {
    try {
      await this.#line(thread.account).run(async (control) => {
        if (!isSameServer(control.identity, thread.identity)) return;
        await this.#command(control, `KILL CONNECTION ${thread.threadId}`);
      });
      return await this.isThreadGone(thread);
    } catch {
      return false;
    }
  }

  /** False when the server knows no such thread. */
  async #command(control: DatabaseConnection, sql: string): Promise<boolean> {
    const outcome = await control.execute(Buffer.from(sql), DISCARD);
    if (outcome.kind === "done") return true;
    if (outcome.error.errno === NO_SUCH_THREAD) return false;
    throw new DatabaseRefusal(outcome.error);
  }

  #line(account: string): ControlLine {
    const known = this.#lines.get(account);
    if (known !== undefined) return known;
    const { open, timers } = this.#options;
    const line = new ControlLine({ open: () => open(account), timers });
    this.#lines.set(account, line);
    return line;
  }
}

async function isListed(control: DatabaseConnection, threadId: number): Promise<boolean> {
  let listed = false;
  const sql = `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${threadId}`;
  const sink = {
    ...DISCARD,
    row: () => {
      listed = true;
    },
  };
  const outcome = await control.execute(Buffer.from(sql), sink);
  if (outcome.kind === "error") throw new DatabaseRefusal(outcome.error);
  return listed;
}
