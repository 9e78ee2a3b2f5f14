import { RockpoolError } from "@rockpool/base";
import { type Engine, NO_TERMS } from "@rockpool/engine";
import { encodeTidbError, parseIsolationLevel, parseTidbQuery, TIDB_NOTHING } from "@rockpool/protocol/tidb";
import type { VerifiedLogin } from "../login-directory.ts";
import { traceOf } from "../observe/traced-exchange.ts";
import { closeSession } from "./close-session.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { type HttpCall, headersOf, type Intake } from "./intake.ts";
import { runQuietly } from "./run-quietly.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";
import type { StatementRunner } from "./statement-runner.ts";
import { TIDB_FORM } from "./tidb-form.ts";

/** What `POST /v1beta/sql` works with. */
export interface TidbEndpointOptions {
  readonly intake: Intake;
  readonly runner: StatementRunner;
  readonly engine: Engine;
  readonly codec: SessionCodec;
}

const BEGIN = /^\s*(?:begin|start\s+transaction)\b/i;
const encodeRefusal = (error: RockpoolError): string => encodeTidbError(error).body;

/** `POST /v1beta/sql`, TiDB Cloud's: the session is a header both ways. */
export class TidbEndpoint {
  readonly #options: TidbEndpointOptions;

  constructor(options: TidbEndpointOptions) {
    this.#options = options;
  }

  /** Takes the request over; always answers. */
  handle(exchange: HttpExchange): void {
    this.#options.intake.withLogin(exchange, encodeRefusal, (call, body, login) =>
      this.#act(call, body, login),
    );
  }

  #act(call: HttpCall, body: string, login: VerifiedLogin): void {
    const { exchange } = call;
    const query = parseTidbQuery(body);
    const level = parseIsolationLevel(exchange.header("tidb-isolation-level"));
    const action = exchange.header("tidb-stateful-action") ?? "";
    const spoken = this.#sessionOf(exchange, login);
    switch (action) {
      case "close":
        return this.#close(call, spoken);
      case "open":
        // A session holds nothing until a statement makes it.
        if (query === "") return answerNothing(call, spoken);
        return this.#run(call, spoken, query, level);
      case "":
        return this.#run(call, spoken, query, level);
      default:
        throw new RockpoolError("bad-request", { context: { reason: "stateful action" } });
    }
  }

  /** A token's own database counts: `USE` may have changed it, and the client goes on sending the first one. */
  #sessionOf(exchange: HttpExchange, login: VerifiedLogin): SpokenSession {
    const { codec } = this.#options;
    const token = exchange.header("tidb-session") ?? "";
    if (token !== "") return codec.decode(token, login);
    const database = exchange.header("tidb-database") ?? "";
    return database === "" ? codec.fresh(login) : codec.fresh(login, database);
  }

  #run(call: HttpCall, spoken: SpokenSession, query: string, level: string | null): void {
    const { runner, engine, codec, intake } = this.#options;
    if (query === "") throw new RockpoolError("empty-query");
    const run = (session: SpokenSession): void =>
      runner.run({ call, form: TIDB_FORM, spoken: session, sql: query, terms: NO_TERMS });
    if (level === null || !BEGIN.test(query)) return run(spoken);
    const context = { requestId: call.requestId, trace: traceOf(call.exchange) };
    const options = { engine, session: spoken.session, context, terms: NO_TERMS };
    const pending = runQuietly(options, `SET TRANSACTION ISOLATION LEVEL ${level}`, (error, session) => {
      if (error === null) return intake.guard(call, () => run(codec.next(spoken, session)));
      if (error instanceof RockpoolError) return intake.refuse(call, error);
      intake.refuse(call, new RockpoolError("unsupported-statement"));
    });
    call.exchange.onClosed = () => pending?.cancel();
  }

  #close(call: HttpCall, spoken: SpokenSession): void {
    const { engine, codec, intake } = this.#options;
    const { session } = spoken;
    closeSession({ engine, call, session, terms: NO_TERMS }, (error, closed) => {
      if (error !== null) intake.refuse(call, error);
      else answerNothing(call, codec.next(spoken, closed));
    });
  }
}

function answerNothing({ exchange, requestId }: HttpCall, spoken: SpokenSession): void {
  if (exchange.hasAnswer) return; // nobody is there any more
  const headers = headersOf(requestId, { kind: "bypass", reason: "local" });
  headers.push(...TIDB_FORM.headers(spoken));
  exchange.send(200, headers, TIDB_NOTHING);
}
