import { type Clock, type Instant, MIB, RockpoolError, toRockpoolError } from "@rockpool/base";
import type { CacheStatus } from "@rockpool/engine";
import { createFailureLog, type LogFailure, type Logger, parseRequestId } from "@rockpool/telemetry";
import type { Access } from "../access/access.ts";
import type { ClientAddress } from "../access/client-address.ts";
import { MeteredExchange } from "../access/metered-exchange.ts";
import type { EdgeMetrics } from "../edge-metrics.ts";
import type { LoginDirectory, VerifiedLogin } from "../login-directory.ts";
import { formatCacheStatus } from "./cache-header.ts";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import { BodyBudget, readBody } from "./read-body.ts";
import { addRetryAfter } from "./retry-after.ts";

/** What every endpoint's requests go through first. */
export interface IntakeOptions {
  readonly logins: LoginDirectory;
  readonly access: Access;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  readonly limits: StatementLimits;
  /** Unique per process; request ids begin with it. */
  readonly edgeId: string;
}

/** The body of an answer whose HTTP status says error, as an endpoint's clients read it. JSON, ASCII. */
export type EncodeRefusal = (error: RockpoolError) => string;

/** One request on its way through an endpoint. */
export interface HttpCall {
  /** From `verify` on, what goes through it is charged to a login that has limits. */
  exchange: HttpExchange;
  /** UTF-16 units of the body that have been read. */
  bodyLength: number;
  readonly requestId: string;
  readonly startedAt: Instant;
  readonly encodeRefusal: EncodeRefusal;
}

/** When a connection may have ended by which its login has too many. */
const CONNECTION_RETRY_MS = 1_000;
/** JSON may escape a byte of SQL into six; beyond this a body cannot hold an allowed statement and a session. */
const BODY_OVERHEAD_BYTES = 64 * 1024;
/** All bodies that are still coming in, of all clients: slow senders of large statements cannot take more. */
const BODIES_MAX_BYTES = 256 * MIB;
/** The same for those whose login is in the body: strangers take no room from those who have shown theirs. */
const STRANGERS_BODIES_MAX_BYTES = 64 * MIB;

/** What an operator bounds statements by; a reload may change it, so it is asked each time. */
export interface StatementLimits {
  readonly statementMaxBytes: number;
}

/** The one way in for every endpoint: method, login, type of the body, the body; and the one way to refuse. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #logFailure: LogFailure;
  readonly #bodies = new BodyBudget(BODIES_MAX_BYTES);
  readonly #strangersBodies = new BodyBudget(STRANGERS_BODIES_MAX_BYTES);
  #requestCount = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#logFailure = createFailureLog(options.log, options.clock);
  }

  /** For endpoints whose login is in the `Authorization` header; what `run` throws is refused with. */
  withLogin(
    exchange: HttpExchange,
    encodeRefusal: EncodeRefusal,
    run: (call: HttpCall, body: string, login: VerifiedLogin) => void,
  ): void {
    const call = this.#open(exchange, encodeRefusal);
    if (exchange.method !== "POST") return this.refuse(call, new RockpoolError("method-not-allowed"));
    this.verify(call, exchange.header("authorization"), (login) => {
      this.#read(call, this.#bodies, (body) => run(call, body, login));
    });
  }

  /** For endpoints whose login is in the body: `run` has to `verify` it. */
  withBody(
    exchange: HttpExchange,
    encodeRefusal: EncodeRefusal,
    run: (call: HttpCall, body: string) => void,
  ): void {
    const call = this.#open(exchange, encodeRefusal);
    if (exchange.method !== "POST") return this.refuse(call, new RockpoolError("method-not-allowed"));
    if (this.#clientOf(call) === null) return this.refuse(call, new RockpoolError("address-not-allowed"));
    this.#read(call, this.#strangersBodies, (body) => run(call, body));
  }

  /** Refuses a request whatever it says: the endpoint does nothing else. */
  reject(exchange: HttpExchange, encodeRefusal: EncodeRefusal, error: RockpoolError): void {
    this.refuse(this.#open(exchange, encodeRefusal), error);
  }

  /** A word in plain text, without any login. */
  greet(exchange: HttpExchange, text: string): void {
    const { requestId } = this.#open(exchange, () => "");
    const [, , ...headers] = headersOf(requestId, { kind: "bypass", reason: "local" });
    const body = exchange.method === "HEAD" ? "" : text;
    exchange.send(200, ["content-type", "text/plain;charset=UTF-8", ...headers], body);
  }

  /**
   * Calls `run` with the login of an `Authorization` value: at once if it is a known one, later if its password must be
   * hashed first. Refuses any other, and one that has reached a limit of its own.
   */
  verify(call: HttpCall, authorization: string | undefined, run: (login: VerifiedLogin) => void): void {
    const { logins, access } = this.#options;
    const login = logins.known(authorization);
    if (login !== null && login.networks === null && access.isDirect) return this.#admit(call, login, run);
    const client = this.#clientOf(call);
    if (client === null) return this.refuse(call, new RockpoolError("address-not-allowed"));
    if (login !== null && login.networks?.has(client) !== false) return this.#admit(call, login, run);
    logins.verifyBasic(authorization, client).then(
      (found) => {
        if (found instanceof RockpoolError) this.refuse(call, found);
        else this.#admit(call, found, run);
      },
      (error: unknown) => this.refuse(call, toRockpoolError(error)),
    );
  }

  /** Answers with an error as the whole answer; breaks an answer off that has begun. */
  refuse(call: HttpCall, error: RockpoolError): void {
    const { exchange, requestId, encodeRefusal } = call;
    const status: CacheStatus = { kind: "bypass", reason: "rejected" };
    this.failed(call, error);
    this.#options.metrics.decided(status);
    if (exchange.hasAnswer) return exchange.abort();
    const headers = headersOf(requestId, status);
    if (error.code === "method-not-allowed") headers.push("allow", "POST");
    addRetryAfter(headers, error);
    exchange.refuse(error.row.httpStatus, headers, encodeRefusal(error));
  }

  /** Counts and logs what a request failed with. */
  failed({ requestId }: HttpCall, error: RockpoolError): void {
    this.#options.metrics.failed(error.code);
    this.#logFailure(error, { requestId });
  }

  /** Runs a part of the request's work; what it throws, the request is refused with. */
  guard(call: HttpCall, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.refuse(call, toRockpoolError(error));
    }
  }

  #open(exchange: HttpExchange, encodeRefusal: EncodeRefusal): HttpCall {
    this.#requestCount += 1;
    const requestId =
      parseRequestId(exchange.header("x-request-id")) ??
      `${this.#options.edgeId}-${this.#requestCount.toString(36)}`;
    return { exchange, requestId, startedAt: this.#options.clock.now(), encodeRefusal, bodyLength: 0 };
  }

  /** Null = its requests are not served. Who connects without a proxy has been asked that already. */
  #clientOf({ exchange }: HttpCall): ClientAddress | null {
    const { access } = this.#options;
    if (access.isDirect) return access.clientOf(exchange.peerAddress, undefined);
    const client = access.clientOf(exchange.peerAddress, exchange.header("x-forwarded-for"));
    return access.mayRequest(client) ? client : null;
  }

  #admit(call: HttpCall, login: VerifiedLogin, run: (login: VerifiedLogin) => void): void {
    const { meter } = login;
    if (meter !== null) {
      const { connection } = call.exchange;
      const isCounted = connection === null || meter.mayUse(connection);
      const waitMs = isCounted ? meter.begin(this.#options.clock.now()) : CONNECTION_RETRY_MS;
      if (waitMs > 0) {
        const retryAfterSeconds = Math.ceil(waitMs / 1000);
        return this.refuse(call, new RockpoolError("login-limit", { context: { retryAfterSeconds } }));
      }
      meter.charge(call.bodyLength);
      call.exchange = new MeteredExchange(call.exchange, meter);
    }
    this.guard(call, () => run(login));
  }

  #read(call: HttpCall, budget: BodyBudget, run: (body: string) => void): void {
    const { exchange } = call;
    if (!isJson(exchange.header("content-type"))) {
      return this.refuse(call, new RockpoolError("unsupported-media-type"));
    }
    // What is not unpacked cannot be a decompression bomb.
    if (!isIdentity(exchange.header("content-encoding"))) {
      return this.refuse(call, new RockpoolError("content-encoding-unsupported"));
    }
    const onBody = (body: string | RockpoolError): void => {
      if (body instanceof RockpoolError) return this.refuse(call, body);
      call.bodyLength = body.length;
      if (call.exchange instanceof MeteredExchange) call.exchange.charge(body.length);
      this.guard(call, () => run(body));
    };
    readBody(exchange, this.#options.limits.statementMaxBytes * 2 + BODY_OVERHEAD_BYTES, onBody, budget);
  }
}

/** The headers that every answer has. */
export function headersOf(requestId: string, status: CacheStatus): HeaderList {
  return [
    "content-type",
    "application/json",
    "rockpool-cache",
    formatCacheStatus(status),
    "rockpool-request-id",
    requestId,
  ];
}

/** `application/json` with or without parameters; clients that say nothing mean it too. */
function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === "application/json") return true;
  return /^application\/json\s*(?:;|$)/i.test(contentType);
}

function isIdentity(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || /^\s*(?:identity)?\s*$/i.test(contentEncoding);
}
