import { Buffer } from "node:buffer";
import {
  type Clock,
  type Instant,
  RockpoolError,
  STATUS_AUTOCOMMIT,
  STATUS_IN_TRANSACTION,
  type Timers,
} from "@rockpool/base";
import { type BaseProfile, decideFillRefusal, type FillRefusal, listKeyedVariables } from "./base-profile.ts";
import type { DatabaseAccount, DatabaseTarget } from "./database-target.ts";
import { DatabaseRefusal, queryRows } from "./query-rows.ts";
import {
  COM_INIT_DB,
  COM_QUERY,
  COM_RESET_CONNECTION,
  openRawConnection,
  type RawConnection,
} from "./raw-relay.ts";
import { DISCARD, type RelayOutcome, type ResultSink } from "./result-sink.ts";
import { readServerIdentity, type ServerIdentity } from "./server-identity.ts";
import { type BaseState, initialiseSession, isSameState, readBaseState } from "./session-state.ts";

/** Options of `openDatabaseConnection`. */
export interface DatabaseConnectionOptions {
  readonly target: DatabaseTarget;
  readonly account: DatabaseAccount;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From the first SYN until the connection is initialised. Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** See `openRawConnection`. Default 80 MiB. */
  readonly rowMaxBytes?: number;
  /** `change-user` for proxies that answer COM_RESET_CONNECTION without doing it. Default `reset-connection`. */
  readonly resetWith?: "reset-connection" | "change-user";
}

/** A session's virtual SETs: one SET statement and the hash of what it sets. */
export interface VirtualState {
  /** `""` = nothing to set. */
  readonly sql: string;
  /** The session's transactions are read-only: the server refuses its writes with error 1792. */
  readonly readOnly: boolean;
  readonly hash: string;
}

/** One initialised database connection. Used by one statement at a time; whoever acquired it owns it. */
export interface DatabaseConnection {
  /** `DatabaseAccount.name`. */
  readonly account: string;
  /** The server's thread, as KILL and PROCESSLIST name it. */
  readonly threadId: number;
  readonly identity: ServerIdentity;
  /** The keyed variables' values in the base state. */
  readonly profile: BaseProfile;
  /** Whether R4 lets answers from this connection's base state be stored. */
  readonly mayFill: boolean;
  /** Why `mayFill` is false; null when it is true. */
  readonly fillRefusal: FillRefusal | null;
  /** The server closes the connection after this much idleness (`wait_timeout`). */
  readonly serverIdleTimeoutMs: number;
  readonly createdAt: Instant;
  /** When the last command ended. */
  readonly lastUsedAt: Instant;
  /** Hash of the virtual state applied now; null = base state. */
  readonly appliedState: string | null;
  /** A command is under way, or waits for `hold`. */
  readonly busy: boolean;
  /** Commands sent so far: tells one from the next. */
  readonly commandCount: number;
  /** For the owner's notes: something ran that another session might see. Cleared by `reset`. */
  touched: boolean;
  /** Session state may have been left behind: it must be reset before another session uses it (S1). */
  readonly dirty: boolean;
  /** Status flags of the last OK or EOF; null when the last command gave none (an error). */
  readonly lastStatus: number | null;
  /** Why it is of no use any more; null while it is. */
  readonly brokenBy: RockpoolError | null;
  /** `brokenBy` is not null. */
  readonly isBroken: boolean;
  /** Notes that the next user needs a reset first. */
  markDirty(): void;
  /** Relays one statement; see `RawConnection.command` for outcomes and errors. */
  execute(sql: Uint8Array, sink: ResultSink): Promise<RelayOutcome>;
  /** Stops reading the result; the server is held back by TCP. */
  pause(): void;
  resume(): void;
  /** Back to the state after login, proven by reading it. Rejects and breaks when it is not. */
  reset(): Promise<void>;
  /**
   * Brings the session's virtual state about: nothing when it is applied already, a reset first when another is.
   * Rejects with `DatabaseRefusal` when the server refuses the SET; the connection is dirty then.
   */
  applyState(state: VirtualState | null): Promise<void>;
  /** Makes `schema` the default one; null = the account's own. Rejects with `DatabaseRefusal` (no such schema, no right). */
  useSchema(schema: string | null): Promise<void>;
  /** For a session that has autocommit off and now gets the connection for itself. Dirty from then on. */
  disableAutocommit(): Promise<void>;
  /** Makes LAST_INSERT_ID() answer `value` (unsigned 64 bit); asks the server only when it may answer another one. */
  setLastInsertId(value: bigint): Promise<void>;
  /** What LAST_INSERT_ID() answers; 0 from then on. */
  takeLastInsertId(): Promise<bigint>;
  /** A statement may have changed LAST_INSERT_ID(), and nobody will ask. */
  forgetLastInsertId(): void;
  /** No further command is sent until `until` settles: a KILL QUERY on its way must not hit the wrong statement. */
  hold(until: Promise<void>): void;
  /** Calls `listener` once when the connection breaks or is closed. */
  onBroken(listener: (cause: RockpoolError) => void): void;
  /** Takes leave and closes. */
  close(): void;
  /** Cuts it; a running command rejects with `cause` at once. The statement may go on in the server: see `StatementKiller`. */
  destroy(cause?: RockpoolError): void;
}

const CONNECT_CODES: ReadonlySet<string> = new Set(["database-unreachable", "pool-exhausted"]);

/** Connects, logs in and initialises. Rejects with `database-unreachable`, or `pool-exhausted` when the server is full. */
export async function openDatabaseConnection(
  options: DatabaseConnectionOptions,
): Promise<DatabaseConnection> {
  const { timers, connectTimeoutMs = 3_000 } = options;
  const late = new RockpoolError("database-unreachable", { cause: new Error("connect timeout") });
  let raw: RawConnection | null = null;
  const timer = timers.after(connectTimeoutMs, () => raw?.destroy(late));
  try {
    raw = await openRawConnection(options);
    const variables = await listKeyedVariables(raw);
    await initialiseSession(raw);
    const base = await readBaseState(raw, variables);
    const identity = await readServerIdentity(raw);
    return new InitialisedConnection(raw, options, { variables, base, identity });
  } catch (error) {
    const isOurs = error instanceof RockpoolError && CONNECT_CODES.has(error.code);
    const failure = isOurs ? error : new RockpoolError("database-unreachable", { cause: error });
    raw?.destroy(failure);
    throw failure;
  } finally {
    timer.cancel();
  }
}

interface Origin {
  readonly variables: readonly string[];
  readonly base: BaseState;
  readonly identity: ServerIdentity;
}

class InitialisedConnection implements DatabaseConnection {
  readonly account: string;
  readonly identity: ServerIdentity;
  readonly createdAt: Instant;
  readonly #raw: RawConnection;
  readonly #options: DatabaseConnectionOptions;
  readonly #variables: readonly string[];
  readonly #base: BaseState;
  readonly #fillRefusal: FillRefusal | null;
  #lastUsedAt: Instant;
  #appliedState: string | null = null;
  #schema: string | null;
  #dirty = false;
  /** What LAST_INSERT_ID() would answer; null = not known. */
  #lastInsertId: bigint | null = 0n;
  #held: Promise<void> | null = null;
  #startingCount = 0;
  #commandCount = 0;
  touched = false;

  constructor(raw: RawConnection, options: DatabaseConnectionOptions, origin: Origin) {
    this.#raw = raw;
    this.#options = options;
    this.#variables = origin.variables;
    this.#base = origin.base;
    this.#schema = origin.base.database;
    this.#fillRefusal = decideFillRefusal(origin.base.profile);
    this.identity = origin.identity;
    this.account = options.account.name;
    this.createdAt = options.clock.now();
    this.#lastUsedAt = this.createdAt;
  }

  get threadId(): number {
    return this.#base.threadId;
  }

  get profile(): BaseProfile {
    return this.#base.profile;
  }

  get mayFill(): boolean {
    return this.fillRefusal === null;
  }

  get fillRefusal(): FillRefusal | null {
    return this.#fillRefusal;
  }

  get serverIdleTimeoutMs(): number {
    return this.#base.serverIdleTimeoutMs;
  }

  get lastUsedAt(): Instant {
    return this.#lastUsedAt;
  }

  get appliedState(): string | null {
    return this.#appliedState;
  }

  get busy(): boolean {
    return this.#raw.busy || this.#startingCount > 0;
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  get commandCount(): number {
    return this.#commandCount;
  }

  get lastStatus(): number | null {
    return this.#raw.lastStatus;
  }

  get brokenBy(): RockpoolError | null {
    return this.#raw.brokenBy;
  }

  get isBroken(): boolean {
    return this.#raw.brokenBy !== null;
  }

  markDirty(): void {
    this.#dirty = true;
  }

  async execute(sql: Uint8Array, sink: ResultSink): Promise<RelayOutcome> {
    try {
      return await this.#command(COM_QUERY, sql, sink);
    } finally {
      if (hasTransactionState(this.#raw.lastStatus)) this.#dirty = true;
    }
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  async reset(): Promise<void> {
    try {
      await this.#untilReleased();
      await this.#returnToBase();
      await this.#assertBaseState();
    } catch (error) {
      const cause = new RockpoolError("database-lost", { cause: error });
      this.#raw.destroy(cause);
      throw cause;
    }
    this.touched = false;
    this.#dirty = false;
    this.#lastInsertId = 0n;
    this.#appliedState = null;
    this.#schema = this.#base.database;
    this.#lastUsedAt = this.#options.clock.now();
  }

  async applyState(state: VirtualState | null): Promise<void> {
    const wanted = state?.hash ?? null;
    if (this.#appliedState === wanted) return;
    if (this.#appliedState !== null) await this.reset();
    if (state === null) return;
    // Until it is known to be applied: a SET that fails half-way may have set its first half.
    this.#dirty = true;
    if (state.sql !== "") await this.#own(COM_QUERY, state.sql);
    // The variable behind it has two names, by server and version; this statement is the same everywhere.
    if (state.readOnly) await this.#own(COM_QUERY, "SET SESSION TRANSACTION READ ONLY");
    this.#dirty = false;
    this.#appliedState = state.hash;
  }

  async useSchema(schema: string | null): Promise<void> {
    const wanted = schema ?? this.#base.database;
    if (this.#schema === wanted) return;
    if (wanted === null) return this.reset();
    await this.#own(COM_INIT_DB, wanted);
    this.#schema = wanted;
  }

  async disableAutocommit(): Promise<void> {
    this.#dirty = true;
    await this.#own(COM_QUERY, "SET SESSION autocommit = 0");
  }

  async setLastInsertId(value: bigint): Promise<void> {
    if (this.#lastInsertId === value) return;
    await this.#own(COM_QUERY, `SET SESSION last_insert_id = ${value}`);
    this.#lastInsertId = value;
  }

  async takeLastInsertId(): Promise<bigint> {
    if (this.#held !== null) await this.#untilReleased();
    this.#lastInsertId = null;
    const [row] = await queryRows(this.#raw, "SELECT LAST_INSERT_ID(), LAST_INSERT_ID(0)");
    this.#lastInsertId = 0n;
    return BigInt(row?.[0] ?? 0);
  }

  forgetLastInsertId(): void {
    this.#lastInsertId = null;
  }

  hold(until: Promise<void>): void {
    const held = Promise.allSettled([this.#held, until]).then(() => {
      if (this.#held === held) this.#held = null;
    });
    this.#held = held;
  }

  onBroken(listener: (cause: RockpoolError) => void): void {
    this.#raw.onBroken(listener);
  }

  close(): void {
    this.#raw.quit();
  }

  destroy(cause: RockpoolError = new RockpoolError("database-lost")): void {
    this.#raw.destroy(cause);
  }

  /** A command of our own, for its effect. */
  async #own(id: number, body: string): Promise<void> {
    const outcome = await this.#command(id, Buffer.from(body, "utf8"), DISCARD);
    if (outcome.kind === "error") throw new DatabaseRefusal(outcome.error);
  }

  async #command(id: number, body: Uint8Array, sink: ResultSink): Promise<RelayOutcome> {
    if (this.#held !== null) await this.#untilReleased();
    this.#commandCount += 1;
    try {
      return await this.#raw.command(id, body, sink);
    } finally {
      this.#lastUsedAt = this.#options.clock.now();
    }
  }

  async #untilReleased(): Promise<void> {
    this.#startingCount += 1;
    while (this.#held !== null) await this.#held;
    this.#startingCount -= 1;
  }

  /** Undoes everything the session may have left; COM_CHANGE_USER where the lighter command is not known. */
  async #returnToBase(): Promise<void> {
    // init_connect does not run again after a reset: the session would not be as after a login.
    if (this.#base.initConnect !== "") throw new Error("init_connect is set");
    const isLight = this.#options.resetWith !== "change-user";
    const outcome = isLight
      ? await this.#raw.command(COM_RESET_CONNECTION, new Uint8Array(0), DISCARD)
      : null;
    if (outcome?.kind !== "done") await this.#raw.changeUser();
    await initialiseSession(this.#raw);
    // A reset keeps the default schema. What a USE of the client's chose is not known here, so it is asked below.
    if (this.#schema !== this.#base.database) await this.#restoreSchema();
  }

  async #restoreSchema(): Promise<void> {
    const { database } = this.#base;
    if (database !== null) return this.#own(COM_INIT_DB, database);
    await this.#raw.changeUser();
    await initialiseSession(this.#raw);
  }

  /** What differs cannot be undone from here: a role (MariaDB keeps it), or a server default that was changed. */
  async #assertBaseState(): Promise<void> {
    // Profiling's record of statement texts survives every kind of reset on MariaDB, and shows in no variable.
    const [profile] = await queryRows(this.#raw, "SHOW PROFILES").catch(ignoreRefusal);
    if (profile !== undefined) throw new Error("statement profiles are left");
    let now = await readBaseState(this.#raw, this.#variables);
    if (now.database !== this.#base.database) {
      await this.#restoreSchema();
      now = await readBaseState(this.#raw, this.#variables);
    }
    if (!isSameState(now, this.#base)) throw new Error("the session did not return to its base state");
  }
}

/** A server built without the feature refuses the question. */
function ignoreRefusal(error: unknown): (string | null)[][] {
  if (error instanceof RockpoolError && error.cause instanceof DatabaseRefusal) return [];
  throw error;
}

/** No status (an error) proves nothing either way: `ERR` inside a transaction is seen at the next answer, so it counts. */
function hasTransactionState(status: number | null): boolean {
  return status === null || (status & STATUS_IN_TRANSACTION) !== 0 || (status & STATUS_AUTOCOMMIT) === 0;
}
