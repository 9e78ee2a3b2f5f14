import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { StatementEnd } from "@rockpool/base";
import { createCache } from "@rockpool/cache";
import { Engine, type StoredEntry, type UpstreamHandlers, type UpstreamStatement } from "@rockpool/engine";
import { createEdgeFreshness, createLoginBookmarks } from "@rockpool/freshness";
import { type Finish, writeRowLength } from "@rockpool/protocol/backhaul";
import { encodeColumnDefinition, encodeTextRow } from "@rockpool/protocol/mysql";
import { createAnalyser } from "@rockpool/sql";
import { createLogger } from "@rockpool/telemetry";
import { vi } from "vitest";
import { type AccessLists, createAccess } from "../src/access/access.ts";
import { EdgeMetrics } from "../src/edge-metrics.ts";
import { createEndpoints } from "../src/http/endpoints.ts";
import { HttpDoor } from "../src/http/http-door.ts";
import { Intake } from "../src/http/intake.ts";
import { RouteCounts } from "../src/http/response-counts.ts";
import { createRouter } from "../src/http/router.ts";
import { SessionCodec } from "../src/http/session-codec.ts";
import { LoginDirectory } from "../src/login-directory.ts";
import { basic, feedLogin, verifyFast } from "./feed-login.ts";

/** Waits for a condition, as long as a loaded machine may need. */
export function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 15_000, interval: 5 });
}

/** One statement at the fake origin. */
export interface OriginCall {
  readonly statement: UpstreamStatement;
  readonly handlers: UpstreamHandlers;
  isPaused: boolean;
  isCancelled: boolean;
  resumeCount: number;
}

const END: StatementEnd = { status: 2, warnings: 0, affectedRows: 0n, insertId: 0n, info: "" };

/** Says that it was dispatched, and its one column `a`. */
export function begin(call: OriginCall): void {
  const dispatched = { epoch: "e1", seq: 0, profile: "p", mayFill: true };
  call.handlers.onMessage({ kind: "dispatched", dispatched });
  const definition = encodeColumnDefinition({
    catalog: "def",
    schema: "app",
    table: "t",
    orgTable: "t",
    name: "a",
    orgName: "a",
    charset: 45,
    columnLength: 1_000,
    type: 253,
    flags: 0,
    decimals: 0,
  });
  call.handlers.onMessage({ kind: "columns", columns: [{ definition, json: false }] });
}

/** Says one row with this text. */
export function row(call: OriginCall, text: string): void {
  const payload = encodeTextRow([Buffer.from(text)]);
  const piece = new Uint8Array(4 + payload.length);
  writeRowLength(piece, 0, payload.length);
  piece.set(payload, 4);
  call.handlers.onMessage({ kind: "rows", piece });
}

/** Says the end of the result. */
export function end(call: OriginCall, changes: Partial<StatementEnd> = {}): void {
  call.handlers.onMessage({ kind: "end", end: { ...END, ...changes }, more: false });
}

/** Says the last word. */
export function finish(call: OriginCall, changes: Partial<Finish> = {}): void {
  const nothing = { pin: null, inTransaction: false, lastInsertId: 0n, epoch: "", seq: 0, change: null };
  call.handlers.onMessage({ kind: "finish", finish: { ...nothing, mayFill: true, ...changes } });
}

/** An answer as a client got it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as it came. */
  readonly bytes: Buffer;
  /** The members of the JSON body, in their order. */
  readonly json: Record<string, unknown>;
}

/** What a client sends. */
export interface HttpQuestion {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

const EXECUTE = "/psdb.v1alpha1.Database/Execute";

/** A door with all that is behind it, before an origin of fakes. */
export class EdgeBench {
  readonly calls: OriginCall[] = [];
  readonly logins = new LoginDirectory({
    clock: { now: () => performance.now() },
    verify: verifyFast,
    damping: { failuresMax: 1_000, failureWindowMs: 60_000 },
  });
  readonly codec = new SessionCodec();
  readonly engine: Engine;
  readonly door: HttpDoor;
  readonly freshness = createEdgeFreshness({
    boundMs: 60_000,
    maxAgeMs: 60_000,
    keyRingMax: 100,
    tableMax: 100,
  });
  port = 0;

  constructor(
    options: {
      statementMaxBytes?: number;
      keepAliveTimeoutMs?: number;
      logins?: null;
      access?: Partial<AccessLists>;
    } = {},
  ) {
    const clock = { now: () => performance.now(), wallMs: () => 0 };
    const analyser = createAnalyser();
    this.engine = this.#createEngine(analyser);
    const zero = () => 0;
    const metrics = new EdgeMetrics({
      cacheEntries: zero,
      cacheBytes: zero,
      cacheEvictions: zero,
      freshnessBytes: zero,
      statementsInProgress: zero,
      asOfAgeSeconds: zero,
      boundSeconds: zero,
      feedConnected: () => true,
      consistency: () => null,
      databaseUp: () => true,
      linksOpen: zero,
    });
    const limits = { statementMaxBytes: options.statementMaxBytes ?? 100_000 };
    const log = createLogger({ level: "silent" });
    const lists = { allow: [], block: [], trustedProxies: [], ...options.access };
    const intake = new Intake({
      logins: this.logins,
      access: createAccess(() => lists),
      clock,
      metrics,
      log,
      limits,
      edgeId: "edge",
    });
    const { engine, codec } = this;
    const endpoints = createEndpoints({ intake, engine, codec, clock, metrics, limits });
    this.door = new HttpDoor({
      http: { host: "127.0.0.1", port: 0 },
      https: null,
      reusePort: false,
      connectionsMax: 100,
      headersTimeoutMs: 5_000,
      keepAliveTimeoutMs: options.keepAliveTimeoutMs ?? 60_000,
      requestTimeoutMs: 10_000,
      log,
      router: createRouter(endpoints, new RouteCounts()),
      mayConnect: () => true,
      onConnectionRefused: () => {},
      onRequestRefused: () => {},
    });
    this.codec.setKey("00".repeat(32));
    if (options.logins !== null) this.logins.replace([feedLogin("shop", "secret")]);
    this.freshness.onWelcome({ epoch: "e1", seq: 0, resumed: false });
    const table = {
      name: "t",
      kind: "table" as const,
      cacheable: true,
      baseTables: ["app.t"],
      baseSchemas: ["app"],
      writeReach: [],
      runsCode: false,
      integerColumns: [],
    };
    analyser.setCatalogue({
      lowerCaseTableNames: 0,
      schemas: [{ name: "app", tables: [table], routines: [] }],
    });
    this.engine.setCatalogue({ epoch: "e1", seq: 0 });
    this.engine.setProfile("shop_db", "p", "");
    const now = performance.now();
    this.freshness.onHeartbeat({ epoch: "e1", seq: 0, askedAt: now, arrivedAt: now, sampleAgeMs: 0 });
  }

  /** Opens the door on a free port. */
  async open(): Promise<this> {
    this.port = (await this.door.listen()).http;
    return this;
  }

  /** The last statement that reached the origin. */
  get call(): OriginCall {
    const last = this.calls.at(-1);
    if (last === undefined) throw new Error("nothing has reached the origin");
    return last;
  }

  /** Sends Execute as `shop`, or whatever else. */
  ask({ method = "POST", path = EXECUTE, headers = {}, body = "" }: HttpQuestion): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        host: "127.0.0.1",
        port: this.port,
        method,
        path,
        agent: false,
        headers: { authorization: basic("shop", "secret"), "content-type": "application/json", ...headers },
      });
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          const isPlain = response.headers["content-encoding"] === undefined;
          const isJson = isPlain && response.headers["content-type"] === "application/json";
          const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}; // a body of ours is an object
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, bytes, json });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  /** Sends one statement, in a session if one is given. */
  async execute(
    query: string,
    session: unknown = null,
  ): Promise<{ answer: Promise<HttpAnswer>; call: OriginCall }> {
    return this.reach({ body: JSON.stringify({ query, session }) });
  }

  /** Sends anything, and waits until it is answered or has reached the origin. */
  async reach(question: HttpQuestion): Promise<{ answer: Promise<HttpAnswer>; call: OriginCall }> {
    const before = this.calls.length;
    const answer = this.ask(question);
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    answer.then(over, over);
    await until(() => isOver || this.calls.length > before);
    return { answer, call: this.calls[before] ?? this.call };
  }

  #createEngine(analyser: ReturnType<typeof createAnalyser>): Engine {
    return new Engine({
      cache: createCache<StoredEntry>({
        entryMax: 100,
        sizeMaxBytes: 10_000_000,
        entrySizeMaxBytes: 1_000_000,
      }),
      freshness: this.freshness,
      logins: createLoginBookmarks(100),
      analyser,
      upstream: {
        execute: (statement, handlers) => {
          const call = { statement, handlers, isPaused: false, isCancelled: false, resumeCount: 0 };
          this.calls.push(call);
          return {
            pause: () => {
              call.isPaused = true;
            },
            resume: () => {
              call.isPaused = false;
              call.resumeCount += 1;
            },
            cancel: () => {
              call.isCancelled = true;
            },
          };
        },
      },
      now: () => performance.now(),
      timers: {
        after: (delayMs, task) => {
          const timer = setTimeout(task, delayMs);
          return { cancel: () => clearTimeout(timer) };
        },
      },
      clockId: "clock",
      entrySizeMaxBytes: 1_000_000,
      exchangesMax: 100,
      onAdmission: () => {},
    });
  }
}
