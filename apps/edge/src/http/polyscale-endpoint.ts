import { RockpoolError } from "@rockpool/base";
import type { Engine } from "@rockpool/engine";
import {
  bindKnex,
  encodePolyscaleError,
  parseSqlRequest,
  type SqlRequest,
} from "@rockpool/protocol/polyscale";
import type { VerifiedLogin } from "../login-directory.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { HttpCall, Intake, StatementLimits } from "./intake.ts";
import { POLYSCALE_FORM } from "./polyscale-form.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";
import type { StatementRunner } from "./statement-runner.ts";

/** What `POST /sql` works with. */
export interface PolyscaleEndpointOptions {
  readonly intake: Intake;
  readonly runner: StatementRunner;
  readonly engine: Engine;
  readonly codec: SessionCodec;
  readonly limits: StatementLimits;
}

const PROVIDERS: ReadonlySet<string> = new Set(["mysql", "mariadb"]);
/** Nobody can go on in its session: what a statement leaves open is rolled back at once. */
const TERMS = { timeoutMs: null, endsSession: true };
const encodeRefusal = (error: RockpoolError): string => encodePolyscaleError(error).body;

/** `POST /sql`, PolyScale's: the login is in the body, bindings are put in here, each statement is on its own. */
export class PolyscaleEndpoint {
  readonly #options: PolyscaleEndpointOptions;

  constructor(options: PolyscaleEndpointOptions) {
    this.#options = options;
  }

  /** Takes the request over; always answers. */
  handle(exchange: HttpExchange): void {
    const { intake } = this.#options;
    intake.withBody(exchange, encodeRefusal, (call, body) => {
      const request = parseSqlRequest(body);
      if (!PROVIDERS.has(request.provider)) throw new RockpoolError("provider-unsupported");
      const { username, password } = request;
      intake.verify(call, formatBasic(username, password), (login) => this.#run(call, request, login));
    });
  }

  #run(call: HttpCall, request: SqlRequest, login: VerifiedLogin): void {
    const { codec, runner } = this.#options;
    const spoken = codec.fresh(login, request.database);
    const sql = request.bindings === null ? request.sql : this.#bind(request, spoken);
    runner.run({ call, form: POLYSCALE_FORM, spoken, sql, terms: TERMS });
  }

  /** A text whose quotes mean something else than usual could end a literal early: nothing is put into it. */
  #bind({ sql, bindings }: SqlRequest, { session }: SpokenSession): string {
    const { engine, limits } = this.#options;
    if (!engine.readsPlainText(session)) throw new RockpoolError("unsupported-statement");
    return bindKnex(sql, bindings, limits.statementMaxBytes);
  }
}

/** The header that would carry the same login: its verdict is remembered once for all protocols. */
function formatBasic(username: string, password: string): string | undefined {
  // Behind the first colon everything is the password: such a name would be read as another one.
  if (username.includes(":")) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
