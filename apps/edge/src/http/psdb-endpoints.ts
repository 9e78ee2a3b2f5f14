import { RockpoolError } from "@rockpool/base";
import { type Engine, NO_TERMS, type StatementTerms } from "@rockpool/engine";
import {
  bindQuery,
  encodeHttpErrorBody,
  encodeJsonText,
  type ExecuteRequest,
  parseExecuteRequest,
} from "@rockpool/protocol/psdb";
import type { VerifiedLogin } from "../login-directory.ts";
import { closeSession } from "./close-session.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { type HttpCall, headersOf, type Intake, type StatementLimits } from "./intake.ts";
import { PSDB_FORM } from "./psdb-form.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";
import type { StatementRunner } from "./statement-runner.ts";

/** What the endpoints of psdb work with. */
export interface PsdbEndpointsOptions {
  readonly intake: Intake;
  readonly runner: StatementRunner;
  readonly engine: Engine;
  readonly codec: SessionCodec;
  readonly limits: StatementLimits;
}

/** The only version of Connect there is: https://connectrpc.com/docs/protocol/ */
const CONNECT_VERSION = "1";
/** There are no branches here; clients show the name. */
const BRANCH = "main";

/** `POST /psdb.v1alpha1.Database/…`: Execute, and what goes with it. */
export class PsdbEndpoints {
  readonly #options: PsdbEndpointsOptions;
  readonly #run: (call: HttpCall, body: string, login: VerifiedLogin) => void;

  constructor(options: PsdbEndpointsOptions) {
    this.#options = options;
    this.#run = (call, body, login) => this.#execute(call, body, login);
  }

  /** `Execute`. Takes the request over; always answers. */
  execute(exchange: HttpExchange): void {
    this.#options.intake.withLogin(exchange, encodeHttpErrorBody, this.#run);
  }

  /** `CreateSession`: a session without any state, and whose it is. */
  createSession(exchange: HttpExchange): void {
    const { intake, codec } = this.#options;
    intake.withLogin(exchange, encodeHttpErrorBody, (call, body, login) => {
      termsOf(exchange);
      parseExecuteRequest(body === "" ? "{}" : body);
      const name = encodeJsonText(login.name);
      const user = `{"username":${name},"psid":${name}}`;
      answer(call, `{"branch":"${BRANCH}","user":${user},"session":${codec.fresh(login).text}}`);
    });
  }

  /** `CloseSession`: what the session holds at the database is rolled back and given back. */
  closeSession(exchange: HttpExchange): void {
    const { intake, codec, engine } = this.#options;
    intake.withLogin(exchange, encodeHttpErrorBody, (call, body, login) => {
      const { signature } = parseExecuteRequest(body);
      if (signature === null) throw new RockpoolError("bad-session", { context: { reason: "none" } });
      const spoken = codec.decode(signature, login);
      closeSession({ engine, call, session: spoken.session, terms: termsOf(exchange) }, (error, session) => {
        if (error !== null) return intake.refuse(call, error);
        answer(call, `{"session":${codec.next(spoken, session).text}}`);
      });
    });
  }

  /** Whatever else the service has, or never had: 501 to POST. */
  unimplemented(exchange: HttpExchange): void {
    const code = exchange.method === "POST" ? "unimplemented" : "method-not-allowed";
    this.#options.intake.reject(exchange, encodeHttpErrorBody, new RockpoolError(code));
  }

  #execute(call: HttpCall, body: string, login: VerifiedLogin): void {
    const { codec, runner } = this.#options;
    const terms = termsOf(call.exchange);
    const request = parseExecuteRequest(body);
    const spoken = request.signature === null ? codec.fresh(login) : codec.decode(request.signature, login);
    const sql = request.bindVariables.size === 0 ? request.query : this.#bind(request, spoken);
    runner.run({ call, form: PSDB_FORM, spoken, sql, terms });
  }

  /** A text whose quotes mean something else than usual could end a literal early: nothing is put into it. */
  #bind({ query, bindVariables }: ExecuteRequest, { session }: SpokenSession): string {
    const { engine, limits } = this.#options;
    if (!engine.readsPlainText(session)) throw new RockpoolError("unsupported-statement");
    return bindQuery(query, bindVariables, limits.statementMaxBytes);
  }
}

/** Connect's headers: another version is refused, its timeout becomes the statement's. */
function termsOf(exchange: HttpExchange): StatementTerms {
  const version = exchange.header("connect-protocol-version");
  if (version !== undefined && version !== CONNECT_VERSION) {
    throw new RockpoolError("bad-request", { context: { reason: "connect-protocol-version" } });
  }
  const timeout = exchange.header("connect-timeout-ms");
  if (timeout === undefined) return NO_TERMS;
  if (!/^[0-9]{1,10}$/.test(timeout)) {
    throw new RockpoolError("bad-request", { context: { reason: "connect-timeout-ms" } });
  }
  return { timeoutMs: Number(timeout), endsSession: false };
}

function answer({ exchange, requestId }: HttpCall, body: string): void {
  if (exchange.hasAnswer) return; // nobody is there any more
  exchange.send(200, headersOf(requestId, { kind: "bypass", reason: "local" }), body);
}
