import {
  ALL_RIGHTS,
  type ChangeSet,
  type RockpoolError,
  type TimerHandle,
  type Timers,
} from "@rockpool/base";
import { type Cache, createCache } from "@rockpool/cache";
import {
  createEdgeFreshness,
  createLoginBookmarks,
  type EdgeFreshness,
  type LoginBookmarks,
} from "@rockpool/freshness";
import type { Dispatched, Failure, Finish } from "@rockpool/protocol/backhaul";
import { type CatalogueData, type CatalogueTable, createAnalyser } from "@rockpool/sql";
import {
  type AdmissionOutcome,
  type AnswerSink,
  createSession,
  type Decision,
  Engine,
  type EngineLogin,
  type Observe,
  type PendingCall,
  RENDERED_SIZE_FACTOR,
  type Session,
  type StoredEntry,
  type Upstream,
  type StatementContext,
  type UpstreamHandlers,
  type UpstreamStatement,
} from "../src/index.ts";

/** The login of most tests. */
export const LOGIN: EngineLogin = {
  name: "shop",
  account: "shop_db",
  schema: "app",
  rights: ALL_RIGHTS,
  visibility: null,
};
/** What travels with every statement of the bench. */
export const CONTEXT: StatementContext = { requestId: "r1", trace: null };
/** A change of the whole table `app.t`. */
export const CHANGE_T: ChangeSet = { everything: false, schemas: [], tables: ["app.t"], keys: [] };

/** One statement at the fake origin. */
export class FakeCall {
  readonly statement: UpstreamStatement;
  readonly handlers: UpstreamHandlers;
  isPaused = false;
  isCancelled = false;

  constructor(statement: UpstreamStatement, handlers: UpstreamHandlers) {
    this.statement = statement;
    this.handlers = handlers;
  }

  get sql(): string {
    return Buffer.from(this.statement.sql).toString();
  }

  dispatched(changes: Partial<Dispatched> = {}): void {
    const dispatched = { epoch: "e1", seq: 0, profile: "p", mayFill: true, ...changes };
    this.handlers.onMessage({ kind: "dispatched", dispatched });
  }

  columns(): void {
    this.handlers.onMessage({ kind: "columns", columns: [{ definition: new Uint8Array(30), json: false }] });
  }

  rows(byteCount = 20): void {
    this.handlers.onMessage({ kind: "rows", piece: new Uint8Array(byteCount) });
  }

  end(changes: { more?: boolean; warnings?: number } = {}): void {
    const { more = false, warnings = 0 } = changes;
    const end = { status: 2, warnings, affectedRows: 0n, insertId: 0n, info: "" };
    this.handlers.onMessage({ kind: "end", end, more });
  }

  databaseError(errno = 1062): void {
    this.handlers.onMessage({ kind: "database-error", error: { errno, sqlState: "23000", message: "no" } });
  }

  finish(changes: Partial<Finish> = {}): void {
    const finish: Finish = {
      pin: null,
      inTransaction: false,
      lastInsertId: 0n,
      epoch: "",
      seq: 0,
      change: null,
      mayFill: true,
      ...changes,
    };
    this.handlers.onMessage({ kind: "finish", finish });
  }

  failure(changes: Partial<Failure> = {}): void {
    this.handlers.onMessage({
      kind: "failure",
      failure: { code: "pool-exhausted", lost: false, harmless: true, ...changes },
    });
  }

  lose(harmless = false): void {
    this.handlers.onLost(harmless, new Error("the stream closed"));
  }

  /** A whole result, stored unless `changes` forbid it. */
  answer(changes: { dispatched?: Partial<Dispatched>; finish?: Partial<Finish> } = {}): void {
    this.dispatched(changes.dispatched);
    this.columns();
    this.rows();
    this.end();
    this.finish(changes.finish);
  }

  /** What a write's OK looks like; `changes.change` is what it carries. */
  ok(changes: Partial<Finish> = {}): void {
    this.dispatched();
    this.end();
    this.finish({ mayFill: false, ...changes });
  }
}

/** A door that writes down what it is told. */
export class FakeSink implements AnswerSink {
  readonly heard: string[] = [];
  session: Session | null = null;
  entry: StoredEntry | null = null;
  error: RockpoolError | null = null;
  finalCount = 0;
  isFull = false;
  /** Called at each word, before it is written down. */
  onWord: (word: string) => void = () => {};

  columns(): void {
    this.#hear("columns");
  }
  rows(): boolean {
    this.#hear("rows");
    return !this.isFull;
  }
  end(): void {
    this.#hear("end");
  }
  whole(session: Session, entry: StoredEntry): void {
    this.#final("whole", session);
    this.entry = entry;
  }
  finish(session: Session, entry: StoredEntry | null): void {
    this.#final("finish", session);
    this.entry = entry;
  }
  databaseError(_error: unknown, session: Session): void {
    this.#final("database-error", session);
  }
  failure(error: RockpoolError, session: Session): void {
    this.#final(`failure ${error.code}`, session);
    this.error = error;
  }

  #final(word: string, session: Session): void {
    this.#hear(word);
    this.finalCount += 1;
    this.session = session;
  }

  #hear(word: string): void {
    this.onWord(word);
    this.heard.push(word);
  }
}

/** Timers that fire when the test moves time. */
class FakeTimers implements Timers {
  readonly #tasks = new Set<{ readonly at: number; readonly task: () => void }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get count(): number {
    return this.#tasks.size;
  }

  after(delayMs: number, task: () => void): TimerHandle {
    const entry = { at: this.#now() + delayMs, task };
    this.#tasks.add(entry);
    return { cancel: () => this.#tasks.delete(entry) };
  }

  fire(): void {
    for (const entry of this.#tasks) {
      if (entry.at > this.#now()) continue;
      this.#tasks.delete(entry);
      entry.task();
    }
  }
}

/** Options of `openBench`. */
export interface BenchOptions {
  readonly boundMs?: number;
  readonly exchangesMax?: number;
  readonly entrySizeMaxBytes?: number;
  readonly observe?: Observe;
}

/** What a statement came to. */
export interface Sent {
  readonly decision: Decision;
  readonly sink: FakeSink;
  /** The exchange it started, if it started one at once. */
  readonly call: FakeCall | null;
  readonly pending: PendingCall | null;
}

/** An engine among fakes: a feed is open at position 0 of epoch `e1`, a catalogue and a profile are known. */
export class Bench {
  now = 1_000_000;
  readonly calls: FakeCall[] = [];
  readonly admissions: AdmissionOutcome[] = [];
  readonly freshness: EdgeFreshness;
  readonly logins: LoginBookmarks;
  readonly cache: Cache<StoredEntry>;
  readonly timers = new FakeTimers(() => this.now);
  readonly analyser = createAnalyser();
  readonly engine: Engine;

  constructor(options: BenchOptions = {}) {
    const { boundMs = 1_000, exchangesMax = 100, entrySizeMaxBytes = 10_000, observe = null } = options;
    this.freshness = createEdgeFreshness({ boundMs, maxAgeMs: 60_000, keyRingMax: 1_000, tableMax: 100 });
    this.logins = createLoginBookmarks(100);
    this.cache = createCache({
      entryMax: 1_000,
      sizeMaxBytes: 1_000_000,
      entrySizeMaxBytes: entrySizeMaxBytes * RENDERED_SIZE_FACTOR,
    });
    const upstream: Upstream = {
      execute: (statement, handlers) => {
        const call = new FakeCall(statement, handlers);
        this.calls.push(call);
        return {
          pause: () => {
            call.isPaused = true;
          },
          resume: () => {
            call.isPaused = false;
          },
          cancel: () => {
            call.isCancelled = true;
          },
        };
      },
    };
    this.engine = new Engine({
      cache: this.cache,
      freshness: this.freshness,
      logins: this.logins,
      analyser: this.analyser,
      upstream,
      now: () => this.now,
      timers: this.timers,
      clockId: "clock-1",
      entrySizeMaxBytes,
      exchangesMax,
      onAdmission: (outcome) => this.admissions.push(outcome),
      observe,
    });
    this.welcome("e1", 0);
  }

  /** The feed starts anew at `seq` of `epoch`, with all that follows a welcome. */
  welcome(epoch: string, seq: number): void {
    this.engine.forgetProfiles();
    this.freshness.onWelcome({ epoch, seq, resumed: false });
    this.analyser.setCatalogue(CATALOGUE);
    this.engine.setCatalogue({ epoch: "e1", seq });
    this.engine.setProfile("shop_db", "p", "");
    this.heartbeat();
  }

  /** A heartbeat asked and answered now. */
  heartbeat(): void {
    const { epoch, seq } = this.freshness.position() ?? { epoch: "", seq: 0 };
    this.freshness.onHeartbeat({ epoch, seq, askedAt: this.now, arrivedAt: this.now, sampleAgeMs: 0 });
  }

  /** The feed tells a change of `app.t`, or of what is given. */
  change(change: ChangeSet = CHANGE_T): void {
    this.freshness.onChange((this.freshness.position()?.seq ?? 0) + 1, change);
    this.heartbeat();
  }

  /** Time passes; the feed says nothing. */
  pass(ms: number): void {
    this.now += ms;
    this.timers.fire();
  }

  session(changes: Partial<Session> = {}): Session {
    return { ...createSession(LOGIN, "u-1"), ...changes };
  }

  send(sql: string, session: Session = this.session()): Sent {
    const sink = new FakeSink();
    const before = this.calls.length;
    const decision = this.engine.execute(session, sql, Buffer.from(sql), sink, CONTEXT);
    const call = this.calls.length > before ? (this.calls.at(-1) ?? null) : null;
    return { decision, sink, call, pending: decision.kind === "pending" ? decision.call : null };
  }

  /** Stores the answer of `sql`. */
  fill(sql: string, session: Session = this.session()): StoredEntry {
    const { call, sink } = this.send(sql, session);
    call?.answer();
    if (sink.entry === null) throw new Error(`not stored: ${sql} ${this.admissions.at(-1)}`);
    return sink.entry;
  }

  /** `hit`, `miss: absent`, `bypass: pinned` …, with a heartbeat before it or not. */
  statusOf(sent: Sent): string {
    const { status } = sent.decision;
    return status.kind === "hit" ? "hit" : `${status.kind}: ${status.reason}`;
  }
}

function makeTable(name: string): CatalogueTable {
  return {
    name,
    kind: "table",
    cacheable: true,
    baseTables: [`app.${name}`],
    baseSchemas: ["app"],
    writeReach: [],
    runsCode: false,
    integerColumns: [{ name: "id", unsigned: false, bits: 32 }],
  };
}

const CATALOGUE: CatalogueData = {
  lowerCaseTableNames: 0,
  schemas: [
    { name: "app", tables: [makeTable("t"), makeTable("u")], routines: [] },
    { name: "other", tables: [], routines: [] },
    { name: "mysql", tables: [], routines: [] },
  ],
};
