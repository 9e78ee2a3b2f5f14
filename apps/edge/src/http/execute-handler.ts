import { type Clock, RockpoolError } from "@rockpool/base";
import type { CacheStatus, Decision, Engine, StoredEntry } from "@rockpool/engine";
import {
  bindQuery,
  encodeAnswer,
  encodeErrorBody,
  encodeHttpErrorBody,
  type ExecuteRequest,
  parseExecuteRequest,
} from "@rockpool/protocol/psdb";
import type { EdgeMetrics } from "../edge-metrics.ts";
import type { VerifiedLogin } from "../login-directory.ts";
import { traceOf } from "../observe/traced-exchange.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { type HttpCall, headersOf, type Intake } from "./intake.ts";
import { PsdbAnswer, resultTextOf } from "./psdb-answer.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";

/** What the Execute endpoint works with. */
export interface ExecuteHandlerOptions {
  readonly intake: Intake;
  readonly engine: Engine;
  readonly codec: SessionCodec;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly statementMaxBytes: number;
}

/** `POST /psdb.v1alpha1.Database/Execute`: the hit path first, everything else behind it. */
export class ExecuteHandler {
  readonly #options: ExecuteHandlerOptions;
  readonly #run: (call: HttpCall, body: string, login: VerifiedLogin) => void;

  constructor(options: ExecuteHandlerOptions) {
    this.#options = options;
    this.#run = (call, body, login) => this.#execute(call, body, login);
  }

  /** Takes the request over; always answers. */
  handle(exchange: HttpExchange): void {
    this.#options.intake.withLogin(exchange, encodeHttpErrorBody, this.#run);
  }

  #execute({ exchange, requestId, startedAt }: HttpCall, body: string, login: VerifiedLogin): void {
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
    const context = { requestId, trace: traceOf(exchange) };
    const decision = engine.execute(spoken.session, sql, sqlBytes, answer, context);
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
}
