import {
  assertNever,
  type ChangeSet,
  type DatabaseError,
  EVERYTHING,
  type Instant,
  type Position,
  RockpoolError,
  STATUS_AUTOCOMMIT,
  type StatementEnd,
  toRockpoolError,
} from "@rockpool/base";
import type { Dispatched, Failure, Finish, StatementMessage } from "@rockpool/protocol/backhaul";
import type { StatementFacts } from "@rockpool/sql";
import type { AnswerSink } from "./answer-sink.ts";
import type { StatementContext } from "./observation.ts";
import type { ResultCollector } from "./result-collector.ts";
import { nextSession, sessionAfterLoss, sessionAfterUnknown } from "./session-change.ts";
import type { Session } from "./session.ts";
import type { StoredEntry, StoredResult } from "./stored-result.ts";
import type { Upstream, UpstreamCall, UpstreamHandlers } from "./upstream.ts";

/** What an exchange asks of the engine that started it. */
export interface ExchangeOwner {
  readonly upstream: Upstream;
  now(): Instant;
  /** A complete, storable result: the entry it became, or null. Called before the answer is released. */
  admit(exchange: Exchange, dispatched: Dispatched, result: StoredResult): StoredEntry | null;
  /** The answer carries a change (R8): applied before it is released. */
  applyCarried(session: Session, finish: Finish, change: ChangeSet): void;
  /** The statement may have altered `effect`, and nobody knows when (R8, R14). */
  noteUnknown(session: Session, effect: ChangeSet): void;
  /** It is over, with or without an entry; called exactly once, after the answer was released. */
  exchangeOver(exchange: Exchange, entry: StoredEntry | null): void;
}

/** What a statement needs to travel. */
export interface ExchangeOptions {
  readonly owner: ExchangeOwner;
  readonly session: Session;
  readonly context: StatementContext;
  readonly facts: StatementFacts;
  readonly sql: Uint8Array;
  readonly sink: AnswerSink;
  readonly endsSession: boolean;
  /** When it must have ended; null = the upstream's own limit. */
  readonly deadline: Instant | null;
  /** The key under which its answer may be stored; null = never. */
  readonly key: string | null;
  /** The base profile that the key names (R16). */
  readonly profile: string | null;
  /** Others may be waiting for its answer. */
  readonly leads: boolean;
  /** The position of the catalogue by which it was analysed (R11); null = there was none. */
  readonly catalogue: Position | null;
  /** Gathers its answer while it may be stored. */
  readonly createCollector: () => ResultCollector;
}

/** One statement's trip to the origin and back: relays the answer, and ends in exactly one final call of its sink. */
export class Exchange implements UpstreamHandlers {
  readonly key: string | null;
  readonly leads: boolean;
  readonly profile: string | null;
  readonly catalogue: Position | null;
  readonly session: Session;
  readonly facts: StatementFacts;
  readonly #options: ExchangeOptions;
  #collector: ResultCollector | null;
  #call: UpstreamCall | null = null;
  #sentAt: Instant = 0;
  #dispatched: Dispatched | null = null;
  #databaseError: DatabaseError | null = null;
  #delivered = false;
  #retried = false;
  #over = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.key = options.key;
    this.leads = options.leads;
    this.profile = options.profile;
    this.catalogue = options.catalogue;
    this.session = options.session;
    this.facts = options.facts;
    this.#collector = options.key === null ? null : options.createCollector();
  }

  /** When it was (last) sent: an answer's age counts from here. */
  get sentAt(): Instant {
    return this.#sentAt;
  }

  start(): void {
    const { session, sql, owner, context, endsSession, deadline } = this.#options;
    this.#sentAt = owner.now();
    this.#dispatched = null;
    this.#call = owner.upstream.execute(
      {
        login: session.login.name,
        schema: session.schema,
        pin: session.pin,
        autocommit: session.autocommit,
        lastInsertId: session.lastInsertId,
        variables: session.variables.filter((variable) => variable.name !== "autocommit"),
        sql,
        endsSession,
        timeoutMs: deadline === null ? null : Math.max(0, deadline - this.#sentAt),
        context,
      },
      this,
    );
  }

  /** The sink takes more. */
  resume(): void {
    this.#call?.resume();
  }

  /** The client went away: the origin kills the statement. Those who wait for its answer ask on their own. */
  cancel(): void {
    if (this.#over) return;
    this.#call?.cancel();
    this.#noteUnknown();
    this.#finish(null);
  }

  onMessage(message: StatementMessage): void {
    const { sink } = this.#options;
    switch (message.kind) {
      case "dispatched":
        this.#dispatched = message.dispatched;
        if (!message.dispatched.mayFill) this.#collector?.spoil();
        return;
      case "columns":
        this.#delivered = true;
        this.#collector?.columns(message.columns);
        return sink.columns(message.columns);
      case "rows":
        this.#collector?.rows(message.piece);
        if (!sink.rows(message.piece)) this.#call?.pause();
        return;
      case "end":
        this.#delivered = true;
        this.#collector?.end(message.end, message.more);
        return sink.end(message.end, message.more);
      case "database-error":
        this.#databaseError = message.error;
        return;
      case "finish":
        return this.#complete(message.finish);
      case "failure":
        return this.#fail(message.failure);
      default:
        assertNever(message);
    }
  }

  onLost(harmless: boolean, cause: Error): void {
    const { session, sink } = this.#options;
    // One of our own errors: it has waited for a connection as long as it may, and would only wait again.
    const hasWaited = harmless && cause instanceof RockpoolError;
    if (!hasWaited && this.#mayRetry()) return this.#retry();
    if (!harmless) this.#noteUnknown();
    const after = harmless ? session : sessionAfterUnknown(session, this.facts);
    const code = harmless ? "origin-unreachable" : this.facts.pure ? "read-lost" : "outcome-unknown";
    const error = hasWaited ? cause : new RockpoolError(code, { cause });
    sink.failure(error, after);
    this.#finish(null);
  }

  #complete(finish: Finish): void {
    const { sink, owner } = this.#options;
    const failed = this.#databaseError;
    if (finish.change !== null) owner.applyCarried(this.session, finish, finish.change);
    const after = nextSession(this.session, this.facts, finish, this.#dispatched, failed === null);
    if (failed !== null) {
      sink.databaseError(failed, after);
      return this.#finish(null);
    }
    const result = finish.mayFill ? (this.#collector?.take() ?? null) : null;
    const dispatched = this.#dispatched;
    const entry = result === null || dispatched === null ? null : owner.admit(this, dispatched, result);
    try {
      sink.finish(after, entry);
    } catch (error) {
      // The door cannot tell this end (a session whose state no token holds): it may still tell the session as it was.
      sink.failure(toRockpoolError(error), this.session);
    } finally {
      this.#finish(entry);
    }
  }

  #fail(failure: Failure): void {
    const { sink } = this.#options;
    if (failure.code === "read-lost" && this.#mayRetry()) return this.#retry();
    if (!failure.harmless) this.#noteUnknown();
    if (failure.lost && this.facts.kind === "rollback") {
      // What ROLLBACK asks for has already happened: the transaction is gone, nothing of it was committed.
      const clean = { ...sessionAfterLoss(this.session), lost: false };
      sink.end(ROLLED_BACK, false);
      sink.finish(clean, null);
    } else {
      const after = failure.harmless ? this.session : sessionAfterUnknown(this.session, this.facts);
      sink.failure(new RockpoolError(failure.code), failure.lost ? sessionAfterLoss(after) : after);
    }
    this.#finish(null);
  }

  /** Nobody knows whether, and when, it takes effect; in a transaction all that came before is at stake too. */
  #noteUnknown(): void {
    if (this.facts.pure) return;
    const isTransaction = this.session.pin !== null || !this.session.autocommit;
    this.#options.owner.noteUnknown(this.session, isTransaction ? EVERYTHING : this.facts.effect);
  }

  /** Only a proven-pure read outside any pinned state, of which nothing was passed on, once (R17). */
  #mayRetry(): boolean {
    return this.facts.pure && this.session.pin === null && !this.#delivered && !this.#retried;
  }

  #retry(): void {
    this.#retried = true;
    this.#databaseError = null;
    if (this.key !== null) this.#collector = this.#options.createCollector();
    this.start();
  }

  #finish(entry: StoredEntry | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#collector = null;
    this.#options.owner.exchangeOver(this, entry);
  }
}

/** The end that a ROLLBACK of a lost transaction gets. */
const ROLLED_BACK: StatementEnd = {
  status: STATUS_AUTOCOMMIT,
  warnings: 0,
  affectedRows: 0n,
  insertId: 0n,
  info: "",
};
