import {
  type Clock,
  type ErrorCode,
  NO_CHANGE,
  RockpoolError,
  type SecureRandom,
  type Timers,
  toRockpoolError,
} from "@rockpool/base";
import { STATUS_IN_TRANSACTION } from "@rockpool/base";
import type { StatementResponder } from "@rockpool/backhaul";
import type { CarriedChange } from "@rockpool/freshness";
import { encodeStatementMessage, type StatementRequest } from "@rockpool/protocol/backhaul";
import { decideRefusal, isLimited } from "@rockpool/sql";
import type { Logger } from "@rockpool/telemetry";
import type { CatalogueKeeper } from "./catalogue-keeper.ts";
import type { ChangeSource } from "./change-source.ts";
import type { ConnectionPool } from "./database/connection-pool.ts";
import type { DatabaseConnection } from "./database/database-connection.ts";
import type { StatementKiller } from "./database/kill.ts";
import { DatabaseRefusal } from "./database/query-rows.ts";
import { movesInsertId, takeInsertId } from "./insert-id.ts";
import type { LoginDirectory, OriginLogin } from "./login-directory.ts";
import type { OriginMetrics } from "./origin-metrics.ts";
import { hasRunNothing } from "./has-run-nothing.ts";
import { outdatesConnections } from "./outdates-connections.ts";
import { prepareConnection } from "./prepare-connection.ts";
import type { ServerStatement, StatementReader } from "./server-statement.ts";
import { PinnedSession, type SessionExpiry, type SessionTable } from "./session-table.ts";
import { runStatement, type StatementOutcome } from "./statement-run.ts";

/** Half the default bound: a statement that takes longer may be done while its answer is stuck on the way. */
const OVERDUE_AFTER_MS = 500;

/** What the service works with. */
export interface StatementServiceOptions {
  /** Names this origin process: deadlines are in its clock. */
  readonly instance: string;
  readonly statementTimeoutMs: number;
  readonly sessionQueueMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly secureRandom: SecureRandom;
  readonly pool: ConnectionPool;
  readonly sessions: SessionTable;
  readonly killer: StatementKiller;
  readonly logins: LoginDirectory;
  readonly reader: StatementReader;
  readonly catalogue: CatalogueKeeper;
  readonly changes: ChangeSource;
  /** Whether `onConnection` has told of a connection of this account. */
  readonly knowsProfile: (account: string) => boolean;
  /** A connection is about to be used: its profile may be news to the edges (R16). */
  readonly onConnection: (connection: DatabaseConnection) => void;
  readonly metrics: OriginMetrics;
  readonly log: Logger;
}

/** One statement's life at the origin, from its request to its explicit end. */
interface Exchange {
  readonly request: StatementRequest;
  readonly login: OriginLogin;
  readonly statement: ServerStatement;
  readonly responder: StatementResponder;
  /** Origin-monotonic ms: it must have ended by then. */
  readonly deadline: number;
}

/** What an answer tells the edge of the session, and of what was altered. */
interface SessionAfter {
  readonly carried: CarriedChange | null;
  readonly pin: string | null;
  readonly inTransaction: boolean;
  readonly lastInsertId: bigint;
}

/** Runs statements: on a shared connection, on the session's pinned one, or on one that it pins. */
export class StatementService {
  readonly #options: StatementServiceOptions;
  #running = 0;

  constructor(options: StatementServiceOptions) {
    this.#options = options;
    options.sessions.onExpired = (session, reason) => this.#expire(session, reason);
    options.metrics.observeRunning(() => this.#running);
  }

  /** Handles one statement; never rejects, always ends the responder with `finish` or `failure`. */
  async handle(request: StatementRequest, responder: StatementResponder): Promise<void> {
    const { clock, instance, logins, reader, statementTimeoutMs, metrics } = this.#options;
    this.#running += 1;
    const startedAt = clock.now();
    try {
      // Meant for the process before this one: the edge sends it again when the feed has told it of this one.
      if (request.instance !== instance) throw new RockpoolError("origin-unreachable");
      if (startedAt >= request.deadlineMs) throw new RockpoolError("deadline-expired");
      const login = logins.find(request.login);
      if (login === null) throw new RockpoolError("access-denied");
      const deadline = Math.min(request.deadlineMs, startedAt + statementTimeoutMs);
      if (isLimited(login.rights)) await this.#learnProfile(login, deadline, responder);
      const statement = reader.read(request, login);
      const refusal = decideRefusal(login.rights, statement.facts);
      if (refusal !== null) throw unstarted(refusal);
      await this.#dispatch({ request, login, statement, responder, deadline });
    } catch (error) {
      this.#fail(request, responder, error);
    } finally {
      this.#running -= 1;
      metrics.statementSeconds.record((clock.now() - startedAt) * 1000);
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

  /** Rolls back every session that still holds a connection: the origin stops. */
  close(): void {
    for (const session of this.#options.sessions.all()) {
      this.#options.sessions.remove(session, false);
      if (session.queued === 0) this.#giveBack(session);
    }
  }

  #expire(session: PinnedSession, reason: SessionExpiry): void {
    this.#options.metrics.sessionExpired(reason);
    if (session.queued > 0) this.#options.killer.kill(session.connection);
    else this.#giveBack(session);
  }

  /** How texts read depends on the account's `sql_mode`: before it is known, no text of a limited login can be judged. */
  async #learnProfile(login: OriginLogin, deadline: number, responder: StatementResponder): Promise<void> {
    const { pool, knowsProfile, onConnection } = this.#options;
    const account = login.account.name;
    if (knowsProfile(account)) return;
    const isAbandoned = (): boolean => responder.isAborted;
    const connection = await pool.acquire({
      account,
      purpose: "shared",
      login: login.name,
      deadline,
      isAbandoned,
      stateHash: "",
    });
    onConnection(connection);
    pool.release(connection, { reset: false });
  }

  async #dispatch(exchange: Exchange): Promise<void> {
    const { request, login, statement } = exchange;
    const { sessions, pool } = this.#options;
    if (request.pin !== null && !sessions.endedCleanly(request.pin)) {
      const session = sessions.find(request.pin, login.name);
      if (session === null) throw sessionLost();
      return this.#runInSession(session, exchange);
    }
    const { pin, pure } = statement.facts;
    if (pin === null && (request.autocommit || pure)) return this.#runShared(exchange);
    const connection = await this.#acquire(exchange, "pinned");
    try {
      const { stateHash } = statement;
      const readOnly = login.rights.readOnly;
      const options = { clean: true, forSession: true, lastInsertId: null, readOnly, stateHash };
      await prepareConnection(connection, request, options);
    } catch (error) {
      pool.release(connection, { reset: true });
      throw error;
    }
    const id = Buffer.from(this.#options.secureRandom.bytes(16)).toString("base64url");
    const session = new PinnedSession(id, login.name, connection);
    sessions.add(session);
    return this.#runInSession(session, exchange);
  }

  /** Autocommit, on a connection that anybody may have next. */
  async #runShared(exchange: Exchange): Promise<void> {
    const { facts } = exchange.statement;
    const connection = await this.#acquire(exchange, "shared");
    // A reset unless the statement is one that is known to leave nothing behind.
    let reset = true;
    try {
      const clean = facts.needsCleanConnection;
      // Code that a statement runs (triggers, routines) may read it without its text saying so.
      const reads = facts.usesLastInsertId || clean;
      const lastInsertId = reads ? exchange.request.lastInsertId : facts.pure ? null : 0n;
      const { stateHash } = exchange.statement;
      const readOnly = exchange.login.rights.readOnly;
      const options = { clean, forSession: false, lastInsertId, readOnly, stateHash };
      await prepareConnection(connection, exchange.request, options);
      const outcome = await this.#run(connection, exchange, null);
      const isOpen = outcome.kind === "done" && (outcome.end.status & STATUS_IN_TRANSACTION) !== 0;
      const leavesState = facts.resetAfter || facts.virtualSets !== null || facts.kind === "use" || isOpen;
      if (!facts.pure) connection.touched = true;
      const carried = await this.#publish(exchange, connection, outcome, isOpen);
      const insertId = await this.#sharedInsertId(exchange, connection, outcome, reads);
      this.#finish(exchange, outcome, { carried, pin: null, inTransaction: false, lastInsertId: insertId });
      reset = leavesState;
    } finally {
      this.#options.pool.release(connection, { reset });
    }
  }

  /** The session's LAST_INSERT_ID() after a statement on a connection where it was 0 before, or (`wasSet`) its own. */
  async #sharedInsertId(
    exchange: Exchange,
    connection: DatabaseConnection,
    outcome: StatementOutcome,
    wasSet: boolean,
  ): Promise<bigint> {
    const { request, statement } = exchange;
    if (!movesInsertId(statement.facts, outcome)) return request.lastInsertId;
    if (outcome.kind !== "done") {
      // After an error it is not defined, but not to be seen by others either.
      connection.forgetLastInsertId();
      return request.lastInsertId;
    }
    const known = outcome.end.insertId === 0n ? request.lastInsertId : outcome.end.insertId;
    const id = await takeInsertId(connection, known);
    return id === 0n && !wasSet ? request.lastInsertId : id;
  }

  async #runInSession(session: PinnedSession, exchange: Exchange): Promise<void> {
    const { sessions, sessionQueueMax } = this.#options;
    const run = session.enqueue(sessionQueueMax, async () => {
      if (session.over) throw sessionLost();
      try {
        await this.#runPinned(session, exchange);
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
    }
  }

  async #runPinned(session: PinnedSession, exchange: Exchange): Promise<void> {
    const { facts } = exchange.statement;
    const outcome = await this.#run(session.connection, exchange, session);
    const ranNothing = hasRunNothing(outcome, exchange.request.sql);
    if (facts.pin !== null && !ranNothing) session.reasons.add(facts.pin);
    if (facts.unreadableAfter === true) session.isUnreadable = true;
    if (outcome.kind === "done") this.#trackTransaction(session, exchange, outcome.end.status);
    else if (session.reasons.size === 0 && !ranNothing) session.reasons.add("transaction"); // unknown until the next status flags
    const isOpen = session.transactionSince !== null || session.reasons.has("xa");
    const carried = await this.#publish(exchange, session.connection, outcome, isOpen);
    // Others of this session are waiting: they were sent as part of it, and its last one gives the connection back.
    if (movesInsertId(facts, outcome)) session.movedInsertId = true;
    if (session.reasons.size === 0 && session.queued === 1) this.#options.sessions.remove(session, true);
    // Not ended by itself: another token of it gets errors until ROLLBACK, and a reset undoes what it left open (S3).
    if (exchange.request.endsSession && !session.over) this.#options.sessions.remove(session, false);
    const pin = session.over ? null : session.id;
    const { lastInsertId: before } = exchange.request;
    const asks = pin === null && session.movedInsertId && !session.returned;
    const lastInsertId = asks ? await takeInsertId(session.connection, before) : before;
    const isTold = pin !== null || exchange.request.endsSession;
    const inTransaction = isTold && session.transactionSince !== null;
    this.#finish(exchange, outcome, { carried, pin, inTransaction, lastInsertId });
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

  /** Runs it, with its deadline and the edge's giving up both turned into KILL. Throws when the connection was lost. */
  async #run(
    connection: DatabaseConnection,
    exchange: Exchange,
    session: PinnedSession | null,
  ): Promise<StatementOutcome> {
    const { changes, killer, clock, timers, pool, logins } = this.#options;
    const { responder, request, statement, deadline, login } = exchange;
    if (responder.isAborted) throw unstarted("cancelled");
    // The list may have been replaced while it waited for its connection.
    if (logins.find(login.name) !== login) throw unstarted("access-denied");
    const mayFill = session === null && connection.mayFill && pool.isCurrent(connection);
    // The stamp is read before the statement can take its snapshot: its answer contains every change up to it.
    const { epoch, seq } = changes.publisher.position();
    const dispatched = { epoch, seq, profile: connection.profile.hash, mayFill };
    responder.send(encodeStatementMessage({ kind: "dispatched", dispatched }));
    const { facts } = statement;
    const effect = facts.pure ? NO_CHANGE : facts.effect;
    const options = { responder, deadline, clock, timers, killer };
    const run = (): Promise<StatementOutcome> => runStatement(connection, request.sql, options);
    const outcome = await (facts.pure ? run() : this.#runWatched(connection, exchange, run));
    if (outcome.kind !== "lost") return outcome;
    this.#options.metrics.connectionsLost.add();
    // In a transaction also what came before is at stake: whether COMMIT was done is unknown, or will be undone.
    changes.lost(String(connection.threadId), effect, killer.untilGone(connection));
    throw new RockpoolError(facts.pure ? "read-lost" : "database-lost");
  }

  /** What the statement may alter is in doubt while it runs for long, or from the start if it alters definitions. */
  async #runWatched(
    connection: DatabaseConnection,
    { statement: { facts } }: Exchange,
    run: () => Promise<StatementOutcome>,
  ): Promise<StatementOutcome> {
    const { changes, timers } = this.#options;
    const thread = String(connection.threadId);
    // A text that cannot be read is often one that the server refuses at once: that must cost nobody a hit.
    const isUnreadable = facts.effect.everything && facts.kind === "other";
    if (!isUnreadable) changes.starting(thread, facts.effect);
    const overdue = timers.after(OVERDUE_AFTER_MS, () => changes.overdue(thread, facts.effect));
    try {
      return await run();
    } catch (error) {
      // Refused without being run (LOCAL INFILE): nobody else will say that it is over.
      await changes.answered(thread, facts.effect, { open: true, mayHaveEnded: false });
      throw error;
    } finally {
      overdue.cancel();
    }
  }

  /** Publishes what the statement may have altered, before its answer is released (R8, R14). */
  async #publish(
    exchange: Exchange,
    connection: DatabaseConnection,
    outcome: StatementOutcome,
    isOpen: boolean,
  ): Promise<CarriedChange | null> {
    const { changes, catalogue, pool } = this.#options;
    const { facts } = exchange.statement;
    const ranNothing = hasRunNothing(outcome, exchange.request.sql);
    // Before it is published: what an old connection answers from then on must not be stored.
    if (!ranNothing && outdatesConnections(facts, exchange.request.sql)) pool.drain();
    const effect = facts.pure || ranNothing ? NO_CHANGE : facts.effect;
    const mayHaveEnded = !KEEPS_TRANSACTION.has(facts.kind);
    const carried = await changes.answered(String(connection.threadId), effect, {
      open: isOpen,
      mayHaveEnded,
    });
    if (facts.altersCatalogue && !ranNothing) await catalogue.reload();
    else if (changes.publisher.isCatalogueStale()) void catalogue.reload();
    return carried;
  }

  #finish(exchange: Exchange, outcome: StatementOutcome, after: SessionAfter): void {
    const { responder } = exchange;
    if (outcome.kind === "error") {
      responder.send(encodeStatementMessage({ kind: "database-error", error: outcome.error }));
    }
    const { carried, pin, inTransaction, lastInsertId } = after;
    const finish = {
      pin,
      inTransaction,
      lastInsertId,
      epoch: carried?.epoch ?? "",
      seq: carried?.seq ?? 0,
      change: carried?.change ?? null,
      mayFill: outcome.kind === "done" && outcome.mayFill && pin === null,
    };
    responder.send(encodeStatementMessage({ kind: "finish", finish }));
    responder.end();
    this.#options.metrics.ended(outcome.kind === "error" ? "database-error" : "done");
  }

  #fail(request: StatementRequest, responder: StatementResponder, error: unknown): void {
    if (error instanceof DatabaseRefusal) {
      // The session's own state (schema, variables) was refused before the statement could run: the database's words.
      responder.send(encodeStatementMessage({ kind: "database-error", error: error.error }));
      const { pin, lastInsertId } = request;
      const nothing = { epoch: "", seq: 0, change: null, mayFill: false };
      responder.send(
        encodeStatementMessage({
          kind: "finish",
          finish: { pin, inTransaction: false, lastInsertId, ...nothing },
        }),
      );
      this.#options.metrics.ended("database-error");
      return responder.end();
    }
    const known = toRockpoolError(error);
    if (known.code === "internal") {
      this.#options.log.error("statement failed", { error: known, requestId: request.requestId });
    }
    this.#options.metrics.ended("failed");
    this.#options.metrics.failed(known.code);
    const failure = { code: known.code, lost: known.context["lost"] === true, harmless: isHarmless(known) };
    responder.send(encodeStatementMessage({ kind: "failure", failure }));
    responder.end();
  }

  async #acquire(exchange: Exchange, purpose: "shared" | "pinned"): Promise<DatabaseConnection> {
    const { login, deadline, responder, statement } = exchange;
    const { clock, metrics, pool } = this.#options;
    const askedAt = clock.now();
    try {
      const connection = await pool.acquire({
        account: login.account.name,
        purpose,
        login: login.name,
        deadline,
        isAbandoned: () => responder.isAborted,
        stateHash: statement.stateHash,
      });
      this.#options.onConnection(connection);
      return connection;
    } finally {
      metrics.poolWaitSeconds.record((clock.now() - askedAt) * 1000);
    }
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

/** Statements after which the transaction that was open before is surely still the same one. */
const KEEPS_TRANSACTION: ReadonlySet<string> = new Set([
  "select",
  "show",
  "dml",
  "savepoint",
  "use",
  "empty",
]);

/** It certainly did not run. */
function unstarted(code: ErrorCode): RockpoolError {
  return new RockpoolError(code, { context: { unstarted: true } });
}

function sessionLost(): RockpoolError {
  return new RockpoolError("session-lost", { context: { lost: true } });
}

function withLost(error: unknown): RockpoolError {
  const known = toRockpoolError(error);
  return new RockpoolError(known.code, { cause: error, context: { ...known.context, lost: true } });
}

/** Whether the statement certainly had no effect. */
function isHarmless(error: RockpoolError): boolean {
  return (
    error.row.retry === "safe" ||
    error.code === "session-lost" ||
    error.code === "access-denied" ||
    error.context["unstarted"] === true
  );
}
