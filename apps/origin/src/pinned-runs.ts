import { type Clock, NO_CHANGE, type SecureRandom, STATUS_IN_TRANSACTION, type Timers } from "@rockpool/base";
import type { ChangeSource } from "./change-source.ts";
import type { ConnectionPool } from "./database/connection-pool.ts";
import type { StatementKiller } from "./database/kill.ts";
import { type Exchange, sessionLost, unstarted, withLost } from "./exchange.ts";
import { hasRunNothing } from "./has-run-nothing.ts";
import { movesInsertId, takeInsertId } from "./insert-id.ts";
import type { OriginMetrics } from "./origin-metrics.ts";
import { PinnedSession, type SessionExpiry, type SessionTable } from "./session-table.ts";
import type { StatementRunner } from "./statement-runner.ts";

/** What pinned sessions work with. */
export interface PinnedRunsOptions {
  readonly sessionQueueMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly secureRandom: SecureRandom;
  readonly pool: ConnectionPool;
  readonly sessions: SessionTable;
  readonly killer: StatementKiller;
  readonly changes: ChangeSource;
  readonly metrics: OriginMetrics;
}

/** Runs the statements of sessions that hold a connection, from the one that pins it to the one that gives it back. */
export class PinnedRuns {
  readonly #options: PinnedRunsOptions;
  readonly #runner: StatementRunner;
  #isStopping = false;
  /** Called whenever a session may have come to rest. */
  #onRest: () => void = () => {};

  constructor(options: PinnedRunsOptions, runner: StatementRunner) {
    this.#options = options;
    this.#runner = runner;
    options.sessions.onExpired = (session, reason) => this.#expire(session, reason);
  }

  /** Runs a statement that pins its session. */
  async start(exchange: Exchange): Promise<void> {
    this.#refuseWhenStopping();
    const needs = { purpose: "pinned", clean: true, lastInsertId: null } as const;
    const connection = await this.#runner.acquire(exchange, needs);
    const { pool, secureRandom, sessions } = this.#options;
    try {
      this.#refuseWhenStopping();
    } catch (error) {
      pool.release(connection, { reset: true });
      throw error;
    }
    const id = Buffer.from(secureRandom.bytes(16)).toString("base64url");
    const session = new PinnedSession(id, exchange.login.name, connection);
    sessions.add(session);
    return this.run(session, exchange);
  }

  /** Runs a further statement of a pinned session. */
  async run(session: PinnedSession, exchange: Exchange): Promise<void> {
    const { sessions, sessionQueueMax } = this.#options;
    const run = session.enqueue(sessionQueueMax, async () => {
      if (session.over) throw sessionLost();
      try {
        await this.#runNext(session, exchange);
      } catch (error) {
        // The connection broke: the session's state is gone with it.
        if (!session.over && session.connection.isBroken) sessions.remove(session, false);
        throw session.over ? withLost(error) : error;
      }
    });
    sessions.touch(session);
    try {
      await run;
    } finally {
      if (session.over && session.queued === 0) this.#giveBack(session);
      else sessions.touch(session);
      this.#onRest();
    }
  }

  /** The sessions of these logins end now: rolled back, or killed when a statement is running. */
  endSessionsOf(logins: ReadonlySet<string>): void {
    const { sessions } = this.#options;
    for (const session of sessions.all()) {
      if (!logins.has(session.login)) continue;
      sessions.remove(session, false);
      this.#expire(session, "login-changed");
    }
  }

  /**
   * The origin stops: from now on nothing pins a session (`shutting-down`, without effect). Resolves when no session is
   * at work, or after `graceMs`; all that are left then are rolled back.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const { sessions, timers } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = timers.after(graceMs, resolve);
      this.#onRest = () => {
        if (sessions.all().some((session) => session.isAtWork)) return;
        timer.cancel();
        resolve();
      };
      this.#onRest();
    });
    this.#onRest = () => {};
    for (const session of sessions.all()) {
      sessions.remove(session, false);
      if (session.queued === 0) this.#giveBack(session);
    }
  }

  #refuseWhenStopping(): void {
    if (this.#isStopping) throw unstarted("shutting-down");
  }

  #expire(session: PinnedSession, reason: SessionExpiry): void {
    this.#options.metrics.sessionExpired(reason);
    if (session.queued > 0) this.#options.killer.kill(session.connection);
    else this.#giveBack(session);
    this.#onRest();
  }

  async #runNext(session: PinnedSession, exchange: Exchange): Promise<void> {
    const { facts } = exchange.statement;
    const outcome = await this.#runner.run(session.connection, exchange, true);
    const ranNothing = hasRunNothing(outcome, exchange.request.sql);
    if (facts.pin !== null && !ranNothing) session.reasons.add(facts.pin);
    if (facts.unreadableAfter === true) session.isUnreadable = true;
    if (outcome.kind === "done") this.#trackTransaction(session, exchange, outcome.end.status);
    else if (session.reasons.size === 0 && !ranNothing) session.reasons.add("transaction"); // unknown until the next status flags
    const isOpen = session.transactionSince !== null || session.reasons.has("xa");
    const carried = await this.#runner.publish(exchange, session.connection, outcome, isOpen);
    // Others of this session are waiting: they were sent as part of it, and its last one gives the connection back.
    if (movesInsertId(facts, outcome)) session.movedInsertId = true;
    // Asked to end, it is over for every token of it: they get errors until ROLLBACK (S3), and a reset undoes the rest.
    if (exchange.request.endsSession) this.#options.sessions.remove(session, false);
    else if (session.reasons.size === 0 && session.queued === 1) this.#options.sessions.remove(session, true);
    const pin = session.over ? null : session.id;
    const { lastInsertId: before } = exchange.request;
    const asks = pin === null && session.movedInsertId && !session.returned;
    const lastInsertId = asks ? await takeInsertId(session.connection, before) : before;
    const isTold = pin !== null || exchange.request.endsSession;
    const inTransaction = isTold && session.transactionSince !== null;
    this.#runner.finish(exchange, outcome, { carried, pin, inTransaction, lastInsertId });
  }

  #trackTransaction(session: PinnedSession, exchange: Exchange, status: number): void {
    const { facts } = exchange.statement;
    const wasOpen = session.transactionSince !== null;
    if ((status & STATUS_IN_TRANSACTION) !== 0) {
      if (!wasOpen) session.transactionSince = this.#options.clock.now();
      session.reasons.add("transaction");
      return;
    }
    session.transactionSince = null;
    session.reasons.delete("transaction");
    if (wasOpen) session.reasons.delete("set-transaction");
    if (facts.kind === "unlock") session.reasons.delete("lock-tables");
    if (facts.pin === null && !facts.usesDiagnostics) session.reasons.delete("found-rows");
  }

  /** The session is over: a reset rolls its connection back; a broken one is dropped. */
  #giveBack(session: PinnedSession): void {
    if (session.returned) return;
    session.returned = true;
    const { pool, changes } = this.#options;
    pool.release(session.connection, { reset: true });
    // Its transaction ends here: the union is published once more (R14), whatever the reset makes of it.
    void changes.answered(String(session.connection.threadId), NO_CHANGE, {
      open: false,
      mayHaveEnded: true,
    });
  }
}
