import { type Clock, RockpoolError } from "@rockpool/base";
import type { CacheStatus, Decision, Engine, StatementTerms, StoredEntry } from "@rockpool/engine";
import type { EdgeMetrics } from "../edge-metrics.ts";
import { traceOf } from "../observe/traced-exchange.ts";
import { type Accepted, parseAcceptEncoding } from "./accept-encoding.ts";
import type { AnswerForm } from "./answer-form.ts";
import type { BodySender } from "./body-sender.ts";
import type { HttpCall, Intake, StatementLimits } from "./intake.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";
import { StatementAnswer } from "./statement-answer.ts";

/** What running a statement needs, whatever the protocol. */
export interface StatementRunnerOptions {
  readonly engine: Engine;
  readonly codec: SessionCodec;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly intake: Pick<Intake, "failed">;
  readonly sender: BodySender;
  readonly limits: StatementLimits;
}

/** One statement of a request. */
export interface StatementCall {
  readonly call: HttpCall;
  readonly form: AnswerForm;
  readonly spoken: SpokenSession;
  readonly sql: string;
  readonly terms: StatementTerms;
}

/** Runs a statement and answers its request in the protocol's form: the hit path first, everything else behind it. */
export class StatementRunner {
  readonly #options: StatementRunnerOptions;

  constructor(options: StatementRunnerOptions) {
    this.#options = options;
  }

  /** Always answers, or throws what the request has to be refused with. */
  run(statement: StatementCall): void {
    const { call, spoken, sql } = statement;
    const accepted = parseAcceptEncoding(call.exchange.header("accept-encoding"));
    const entry = this.#options.engine.lookup(spoken.session, sql);
    if (entry === null) this.#ask(statement, accepted);
    else this.#answerHit(statement, accepted, entry);
  }

  #ask(statement: StatementCall, accepted: Accepted): void {
    const { engine, codec, clock, metrics, sender, limits, intake } = this.#options;
    const { call, form, spoken, sql, terms } = statement;
    const sqlBytes = Buffer.from(sql, "utf8");
    if (sqlBytes.length > limits.statementMaxBytes) throw new RockpoolError("statement-too-large");
    const elapsedMs = (): number => clock.now() - call.startedAt;
    const answer = new StatementAnswer({
      call,
      form,
      accepted,
      spoken,
      codec,
      sender,
      elapsedMs,
      onDone: (error) => {
        metrics.answered("miss", elapsedMs());
        if (error instanceof RockpoolError) intake.failed(call, error);
        else if (error !== null) metrics.failed("database");
      },
    });
    const context = { requestId: call.requestId, trace: traceOf(call.exchange) };
    const decision = engine.execute(spoken.session, sql, sqlBytes, answer, context, terms);
    metrics.decided(decision.status);
    if (decision.kind === "pending") answer.decided(decision.status, decision.call);
    else if (decision.kind === "hit") this.#answerHit(statement, accepted, decision.entry);
    else this.#answerHere(statement, accepted, decision);
  }

  #answerHit({ call, form, spoken }: StatementCall, accepted: Accepted, entry: StoredEntry): void {
    const { clock, metrics, sender } = this.#options;
    const now = clock.now();
    const elapsedMs = now - call.startedAt;
    const status: CacheStatus = { kind: "hit", ageMs: now - entry.dispatchedAt };
    sender.sendEntry({ call, form, accepted, status }, entry, { spoken, elapsedMs });
    metrics.decided(status);
    metrics.answered("hit", elapsedMs);
  }

  /** Swallowed statements and refusals. */
  #answerHere(
    { call, form, spoken }: StatementCall,
    accepted: Accepted,
    { error, session, status }: Extract<Decision, { kind: "answered" }>,
  ): void {
    const { codec, clock, intake, sender } = this.#options;
    const around = { spoken: codec.next(spoken, session), elapsedMs: clock.now() - call.startedAt };
    const target = { call, form, accepted, status };
    if (error === null) return void sender.send(target, 200, form.nothing(around), around.spoken);
    intake.failed(call, error);
    const { httpStatus, body } = form.failure(error, around);
    sender.send(target, httpStatus, body, around.spoken);
  }
}
