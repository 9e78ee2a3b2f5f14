import { type Clock, MIB, RockpoolError, toRockpoolError } from "@rockpool/base";
import type { CacheStatus, Decision, Engine, StoredEntry } from "@rockpool/engine";
import {
  bindQuery,
  encodeAnswer,
  encodeErrorBody,
  encodeHttpErrorBody,
  type ExecuteRequest,
  parseExecuteRequest,
} from "@rockpool/protocol/psdb";
import type { Logger } from "@rockpool/telemetry";
import type { EdgeMetrics } from "../edge-metrics.ts";
import type { LoginDirectory, VerifiedLogin } from "../login-directory.ts";
import { formatCacheStatus } from "./cache-header.ts";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import { PsdbAnswer, resultTextOf } from "./psdb-answer.ts";
import { BodyBudget, readBody } from "./read-body.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";

/** What the Execute endpoint works with. */
export interface ExecuteHandlerOptions {
  readonly engine: Engine;
  readonly logins: LoginDirectory;
  readonly codec: SessionCodec;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  readonly statementMaxBytes: number;
  /** Unique per process; request ids begin with it. */
  readonly edgeId: string;
}

/** JSON may escape a byte of SQL into six; beyond this a body cannot hold an allowed statement and a session. */
const BODY_OVERHEAD_BYTES = 64 * 1024;
/** All bodies that are still coming in, of all clients: slow senders of large statements cannot take more. */
const BODIES_MAX_BYTES = 256 * MIB;

/** `POST /psdb.v1alpha1.Database/Execute`: the hit path first, everything else behind it. */
export class ExecuteHandler {
  readonly #options: ExecuteHandlerOptions;
  readonly #bodyMaxBytes: number;
  readonly #bodies = new BodyBudget(BODIES_MAX_BYTES);
  #requestCount = 0;

  constructor(options: ExecuteHandlerOptions) {
    this.#options = options;
    this.#bodyMaxBytes = options.statementMaxBytes * 2 + BODY_OVERHEAD_BYTES;
  }

  /** Takes the request over; always answers. */
  handle(exchange: HttpExchange): void {
    const { logins, clock, edgeId } = this.#options;
    this.#requestCount += 1;
    const requestId = `${edgeId}-${this.#requestCount.toString(36)}`;
    const startedAt = clock.now();
    if (exchange.method !== "POST")
      return this.#refuse(exchange, requestId, new RockpoolError("method-not-allowed"));
    const login = logins.verifyBasic(exchange.header("authorization"));
    if (login === null) {
      const code = logins.isKnown ? "access-denied" : "origin-unreachable";
      return this.#refuse(exchange, requestId, new RockpoolError(code));
    }
    if (!isJson(exchange.header("content-type"))) {
      return this.#refuse(exchange, requestId, new RockpoolError("unsupported-media-type"));
    }
    const onBody = (body: string | RockpoolError): void => {
      if (body instanceof RockpoolError) return this.#refuse(exchange, requestId, body);
      try {
        this.#execute(body, login, exchange, requestId, startedAt);
      } catch (error) {
        const known = toRockpoolError(error);
        if (known.code === "internal") this.#options.log.error("execute failed", { requestId, error: known });
        this.#refuse(exchange, requestId, known);
      }
    };
    readBody(exchange, this.#bodyMaxBytes, onBody, this.#bodies);
  }

  #execute(
    body: string,
    login: VerifiedLogin,
    exchange: HttpExchange,
    requestId: string,
    startedAt: number,
  ): void {
    const { engine, codec, clock, metrics, statementMaxBytes } = this.#options;
    const request = parseExecuteRequest(body);
    const spoken = request.signature === null ? codec.fresh(login) : codec.decode(request.signature, login);
    const sql = request.bindVariables.size === 0 ? request.query : this.#bind(request, spoken);
    const entry = engine.lookup(spoken.session, sql);
    if (entry !== null) return this.#answerHit(entry, spoken, exchange, requestId, startedAt);
    const sqlBytes = Buffer.from(sql, "utf8");
    if (sqlBytes.length > statementMaxBytes) throw new RockpoolError("statement-too-large");
    const answer = new PsdbAnswer({
      exchange,
      requestId,
      spoken,
      codec,
      engine,
      elapsedSeconds: () => (clock.now() - startedAt) / 1000,
      onDone: (error) => {
        metrics.answered("miss", clock.now() - startedAt);
        if (error !== null) metrics.failed(error instanceof RockpoolError ? error.code : "database");
      },
    });
    const decision = engine.execute(spoken.session, sql, sqlBytes, answer, { requestId, trace: null });
    metrics.decided(decision.status);
    if (decision.kind === "pending") answer.decided(decision.status, decision.call);
    else if (decision.kind === "hit") this.#answerHit(decision.entry, spoken, exchange, requestId, startedAt);
    else this.#answerHere(decision, spoken, exchange, requestId, startedAt);
  }

  /** A text whose quotes mean something else than usual could end a literal early: nothing is put into it. */
  #bind({ query, bindVariables }: ExecuteRequest, { session }: SpokenSession): string {
    const { engine, statementMaxBytes } = this.#options;
    if (!engine.readsPlainText(session)) throw new RockpoolError("unsupported-statement");
    return bindQuery(query, bindVariables, statementMaxBytes);
  }

  #answerHit(
    entry: StoredEntry,
    spoken: SpokenSession,
    exchange: HttpExchange,
    requestId: string,
    startedAt: number,
  ): void {
    const { clock, metrics, engine } = this.#options;
    const now = clock.now();
    entry.hits += 1;
    const elapsedMs = now - startedAt;
    const body = `{"result":${resultTextOf(entry, engine)},"session":${spoken.text},"timing":${elapsedMs / 1000}}`;
    const status: CacheStatus = { kind: "hit", ageMs: now - entry.dispatchedAt };
    exchange.send(200, headersOf(requestId, status), body);
    metrics.decided(status);
    metrics.answered("hit", elapsedMs);
  }

  /** Swallowed statements and refusals: both are a 200, so that the client stores the session. */
  #answerHere(
    decision: Extract<Decision, { kind: "answered" }>,
    spoken: SpokenSession,
    exchange: HttpExchange,
    requestId: string,
    startedAt: number,
  ): void {
    const { codec, clock, metrics } = this.#options;
    const body = encodeAnswer(decision.error === null ? "{}" : null, {
      errorText: decision.error === null ? null : encodeErrorBody(decision.error),
      sessionText: codec.next(spoken, decision.session).text,
      timingSeconds: (clock.now() - startedAt) / 1000,
    });
    if (decision.error !== null) metrics.failed(decision.error.code);
    exchange.send(200, headersOf(requestId, decision.status), body);
  }

  #refuse(exchange: HttpExchange, requestId: string, error: RockpoolError): void {
    const status: CacheStatus = { kind: "bypass", reason: "rejected" };
    this.#options.metrics.failed(error.code);
    this.#options.metrics.decided(status);
    if (exchange.hasAnswer) return exchange.abort();
    exchange.refuse(error.row.httpStatus, headersOf(requestId, status), encodeHttpErrorBody(error));
  }
}

/** `application/json` with or without parameters; clients that say nothing mean it too. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/json\s*(?:;|$)/i.test(contentType);
}

function headersOf(requestId: string, status: CacheStatus): HeaderList {
  return [
    "content-type",
    "application/json",
    "rockpool-cache",
    formatCacheStatus(status),
    "rockpool-request-id",
    requestId,
  ];
}
