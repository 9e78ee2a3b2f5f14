import { type Clock, NO_CHANGE, RockpoolError, type Timers } from "@rockpool/base";
import type { CarriedChange } from "@rockpool/freshness";
import { encodeStatementMessage } from "@rockpool/protocol/backhaul";
import type { CatalogueKeeper } from "./catalogue-keeper.ts";
import type { ChangeSource } from "./change-source.ts";
import type { ConnectionPool } from "./database/connection-pool.ts";
import type { DatabaseConnection } from "./database/database-connection.ts";
import type { StatementKiller } from "./database/kill.ts";
import { type Exchange, type SessionAfter, unstarted } from "./exchange.ts";
import { hasAlteredNothing } from "./has-altered-nothing.ts";
import type { LoginDirectory } from "./login-directory.ts";
import type { OriginMetrics } from "./origin-metrics.ts";
import { outdatesConnections } from "./outdates-connections.ts";
import { prepareConnection } from "./prepare-connection.ts";
import { runStatement, type StatementOutcome } from "./statement-run.ts";

/** Half the default bound: a statement that takes longer may be done while its answer is stuck on the way. */
const OVERDUE_AFTER_MS = 500;
/** Connections that are tried for one statement; from the third on they are all new. */
const CONNECTIONS_MAX = 4;

/** What statements are run with, on shared and on pinned connections. */
export interface StatementRunnerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pool: ConnectionPool;
  readonly killer: StatementKiller;
  readonly logins: LoginDirectory;
  readonly catalogue: CatalogueKeeper;
  readonly changes: ChangeSource;
  /** A connection is about to be used: its profile may be news to the edges (R16). */
  readonly onConnection: (connection: DatabaseConnection) => void;
  readonly metrics: OriginMetrics;
}

/** What a statement needs of its connection besides what its request says. */
interface Needs {
  readonly purpose: "shared" | "pinned";
  readonly clean: boolean;
  readonly lastInsertId: bigint | null;
}

/** The steps of a statement that do not depend on whose its connection is. */
export class StatementRunner {
  readonly #options: StatementRunnerOptions;

  constructor(options: StatementRunnerOptions) {
    this.#options = options;
  }

  /**
   * A connection in the state that the session believes in. One that cannot be brought there is given up for another,
   * for the statement has not run yet: after a SET GLOBAL every connection made before it fails its reset.
   */
  async acquire(exchange: Exchange, { purpose, clean, lastInsertId }: Needs): Promise<DatabaseConnection> {
    const { pool } = this.#options;
    const { stateHash } = exchange.statement;
    const { readOnly } = exchange.login.rights;
    const forSession = purpose === "pinned";
    for (let triedCount = 1; ; triedCount++) {
      const connection = await this.#take(exchange, purpose);
      try {
        await prepareConnection(connection, exchange.request, {
          clean,
          forSession,
          lastInsertId,
          readOnly,
          stateHash,
        });
        return connection;
      } catch (error) {
        pool.release(connection, { reset: true });
        if (!connection.isBroken) throw error;
        if (triedCount === CONNECTIONS_MAX) throw unstarted("database-unreachable", error);
        // Twice is no accident: what is left in the pool is of the same age.
        if (triedCount === 2) pool.drain();
      }
    }
  }

  async #take(exchange: Exchange, purpose: "shared" | "pinned"): Promise<DatabaseConnection> {
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

  /** Runs it, with its deadline and the edge's giving up both turned into KILL. Throws when the connection was lost. */
  async run(
    connection: DatabaseConnection,
    exchange: Exchange,
    isPinned: boolean,
  ): Promise<StatementOutcome> {
    const { changes, killer, clock, timers, pool, logins } = this.#options;
    const { responder, request, statement, deadline, login } = exchange;
    if (responder.isAborted) throw unstarted("cancelled");
    // The list may have been replaced while it waited for its connection.
    if (logins.find(login.name) !== login) throw unstarted("access-denied");
    const mayFill = !isPinned && connection.mayFill && pool.isCurrent(connection);
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
    // A text that cannot be read is often one that the server refuses at once, and so is one about what is not there:
    // that must cost nobody a hit.
    if (facts.altersCatalogue && facts.kind !== "other") changes.starting(thread, facts.effect);
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
  async publish(
    exchange: Exchange,
    connection: DatabaseConnection,
    outcome: StatementOutcome,
    isOpen: boolean,
  ): Promise<CarriedChange | null> {
    const { changes, catalogue, pool } = this.#options;
    const { facts } = exchange.statement;
    const { sql } = exchange.request;
    const { user } = exchange.login.account;
    const alteredNothing = facts.pure || hasAlteredNothing(outcome, facts, sql, user);
    // Before it is published: what an old connection answers from then on must not be stored.
    if (!alteredNothing && outdatesConnections(facts, sql)) pool.drain();
    const carried = await changes.answered(
      String(connection.threadId),
      alteredNothing ? NO_CHANGE : facts.effect,
      { open: isOpen, mayHaveEnded: !KEEPS_TRANSACTION.has(facts.kind), alteredNothing },
    );
    if (facts.altersCatalogue && !alteredNothing) await catalogue.reload();
    else if (changes.publisher.isCatalogueStale()) void catalogue.reload();
    return carried;
  }

  /** Ends the answer. */
  finish(exchange: Exchange, outcome: StatementOutcome, after: SessionAfter): void {
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
