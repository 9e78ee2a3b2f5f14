import { type Clock, type Instant, RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import type { PinReason } from "@rockpool/sql";
import type { DatabaseConnection } from "./database/database-connection.ts";

/** Limits of pinned sessions. */
export interface SessionLimits {
  /** A session without a statement for so long loses its connection (rolled back). */
  readonly idleTimeoutMs: number;
  /** A transaction open for so long loses its connection. */
  readonly transactionMaxMs: number;
  /** Statements that may wait in one session. */
  readonly queueMax: number;
}

/** Cleanly ended pins that are remembered, so that a late token of them means "not pinned any more". */
const ENDED_MAX = 10_000;

/** A database connection that belongs to one session, with the reasons why. Its statements run one after the other. */
export class PinnedSession {
  readonly id: string;
  /** The name of its login. */
  readonly login: string;
  readonly connection: DatabaseConnection;
  readonly reasons = new Set<PinReason>();
  /** Its texts may be in a character set that cannot be read: nothing said of them is trusted. */
  isUnreadable = false;
  /** LAST_INSERT_ID() may be another one than the edge knows. */
  movedInsertId = false;
  /** When the open transaction began; null = none is open. */
  transactionSince: Instant | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #queued = 0;
  /** Out of the table: no further statement may run on its connection. */
  over = false;
  /** Its connection has been given back to the pool. */
  returned = false;

  constructor(id: string, login: string, connection: DatabaseConnection) {
    this.id = id;
    this.login = login;
    this.connection = connection;
  }

  /** Statements running or waiting. */
  get queued(): number {
    return this.#queued;
  }

  /** It is in the middle of something that can be brought to an end: a statement, a transaction, locks. */
  get isAtWork(): boolean {
    if (this.#queued > 0 || this.transactionSince !== null) return true;
    return this.reasons.has("transaction") || this.reasons.has("lock-tables") || this.reasons.has("xa");
  }

  /** Runs `task` after all earlier ones of this session. Throws `session-queue-full` beyond `queueMax`. */
  enqueue<T>(queueMax: number, task: () => Promise<T>): Promise<T> {
    if (this.#queued >= queueMax) return Promise.reject(new RockpoolError("session-queue-full"));
    this.#queued += 1;
    const run = this.#tail.then(task).finally(() => {
      this.#queued -= 1;
    });
    this.#tail = run.catch(() => {});
    return run;
  }
}

/** Why a session had to end. */
export type SessionExpiry = "idle" | "transaction-too-long" | "login-changed";

/** All pinned sessions of this origin, by pin id; expires the idle and the endless. */
export class SessionTable {
  readonly #limits: SessionLimits;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #sessions = new Map<string, PinnedSession>();
  readonly #ended = new Set<string>();
  readonly #expiry = new Map<PinnedSession, TimerHandle>();

  /**
   * A session's time is up: it is out of the table already, and its connection must be rolled back and given back, or
   * killed when a statement is still running. Set by whoever runs the statements.
   */
  onExpired: (session: PinnedSession, reason: SessionExpiry) => void = () => {};

  constructor(limits: SessionLimits, clock: Clock, timers: Timers) {
    this.#limits = limits;
    this.#clock = clock;
    this.#timers = timers;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: PinnedSession): void {
    this.#sessions.set(session.id, session);
  }

  /** The live session of `pin`, if it belongs to `login`. */
  find(pin: string, login: string): PinnedSession | null {
    const session = this.#sessions.get(pin);
    return session !== undefined && session.login === login ? session : null;
  }

  /** Whether `pin` ended by its own session's will: a late token of it is simply not pinned. */
  endedCleanly(pin: string): boolean {
    return this.#ended.has(pin);
  }

  /** Takes the session out. `clean` = it ended itself; otherwise its tokens answer errors until ROLLBACK (S3). */
  remove(session: PinnedSession, clean: boolean): void {
    session.over = true;
    this.#sessions.delete(session.id);
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (!clean) return;
    this.#ended.add(session.id);
    if (this.#ended.size <= ENDED_MAX) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      break;
    }
  }

  /** (Re)arms the session's expiry; to be called when a statement starts and when it ends. */
  touch(session: PinnedSession): void {
    this.#expiry.get(session)?.cancel();
    this.#expiry.delete(session);
    if (session.over) return;
    const now = this.#clock.now();
    const transactionLeftMs =
      session.transactionSince === null
        ? Number.POSITIVE_INFINITY
        : Math.max(0, session.transactionSince + this.#limits.transactionMaxMs - now);
    const idleLeftMs = session.queued > 0 ? Number.POSITIVE_INFINITY : this.#limits.idleTimeoutMs;
    const delayMs = Math.min(transactionLeftMs, idleLeftMs);
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const reason = transactionLeftMs < idleLeftMs ? "transaction-too-long" : "idle";
    this.#expiry.set(
      session,
      this.#timers.after(delayMs, () => {
        if (session.over) return;
        this.remove(session, false);
        this.onExpired(session, reason);
      }),
    );
  }

  /** All live sessions, for shutdown. */
  all(): PinnedSession[] {
    return [...this.#sessions.values()];
  }
}
