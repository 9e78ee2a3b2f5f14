import { RockpoolError, toRockpoolError } from "@rockpool/base";
import type { StatementResponder } from "@rockpool/backhaul";
import { encodeStatementMessage, type StatementRequest } from "@rockpool/protocol/backhaul";
import { decideRefusal, isLimited } from "@rockpool/sql";
import { createFailureLog, type LogFailure, type Logger, PROBE_REQUEST_ID } from "@rockpool/telemetry";
import { DatabaseRefusal } from "./database/query-rows.ts";
import { type Exchange, isHarmless, sessionLost, unstarted } from "./exchange.ts";
import type { OriginLogin } from "./login-directory.ts";
import { PinnedRuns, type PinnedRunsOptions } from "./pinned-runs.ts";
import type { StatementReader } from "./server-statement.ts";
import { runShared } from "./shared-runs.ts";
import { StatementRunner, type StatementRunnerOptions } from "./statement-runner.ts";

/** What the service works with. */
export interface StatementServiceOptions extends StatementRunnerOptions, PinnedRunsOptions {
  /** Names this origin process: deadlines are in its clock. */
  readonly instance: string;
  readonly statementTimeoutMs: number;
  readonly reader: StatementReader;
  /** Whether `onConnection` has told of a connection of this account. */
  readonly knowsProfile: (account: string) => boolean;
  readonly log: Logger;
}

/** Runs statements: on a shared connection, on the session's pinned one, or on one that it pins. */
export class StatementService {
  readonly #options: StatementServiceOptions;
  readonly #runner: StatementRunner;
  readonly #pinned: PinnedRuns;
  readonly #logFailure: LogFailure;
  #running = 0;

  constructor(options: StatementServiceOptions) {
    this.#options = options;
    this.#logFailure = createFailureLog(options.log, options.clock);
    this.#runner = new StatementRunner(options);
    this.#pinned = new PinnedRuns(options, this.#runner);
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
    this.#pinned.endSessionsOf(logins);
  }

  /** See `PinnedRuns.stop`; all other statements are served as before. */
  stopPinning(graceMs: number): Promise<void> {
    return this.#pinned.stop(graceMs);
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
      return this.#pinned.run(session, exchange);
    }
    const { pin, pure } = statement.facts;
    if (pin === null && (request.autocommit || pure)) return runShared(exchange, this.#runner, pool);
    return this.#pinned.start(exchange);
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
    const { requestId, login } = request;
    if (requestId !== PROBE_REQUEST_ID) this.#logFailure(known, { requestId, login });
    this.#options.metrics.ended("failed");
    this.#options.metrics.failed(known.code);
    const failure = { code: known.code, lost: known.context["lost"] === true, harmless: isHarmless(known) };
    responder.send(encodeStatementMessage({ kind: "failure", failure }));
    responder.end();
  }
}
