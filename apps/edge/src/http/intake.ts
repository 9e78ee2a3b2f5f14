import { type Clock, type Instant, MIB, RockpoolError, toRockpoolError } from "@rockpool/base";
import type { CacheStatus } from "@rockpool/engine";
import type { Logger } from "@rockpool/telemetry";
import type { EdgeMetrics } from "../edge-metrics.ts";
import type { LoginDirectory, VerifiedLogin } from "../login-directory.ts";
import { formatCacheStatus } from "./cache-header.ts";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import { BodyBudget, readBody } from "./read-body.ts";

/** What every endpoint's requests go through first. */
export interface IntakeOptions {
  readonly logins: LoginDirectory;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  readonly statementMaxBytes: number;
  /** Unique per process; request ids begin with it. */
  readonly edgeId: string;
}

/** The body of an answer whose HTTP status says error, as an endpoint's clients read it. JSON, ASCII. */
export type EncodeRefusal = (error: RockpoolError) => string;

/** One request on its way through an endpoint. */
export interface HttpCall {
  readonly exchange: HttpExchange;
  readonly requestId: string;
  readonly startedAt: Instant;
  readonly encodeRefusal: EncodeRefusal;
}

/** JSON may escape a byte of SQL into six; beyond this a body cannot hold an allowed statement and a session. */
const BODY_OVERHEAD_BYTES = 64 * 1024;
/** All bodies that are still coming in, of all clients: slow senders of large statements cannot take more. */
const BODIES_MAX_BYTES = 256 * MIB;
/** The same for those whose login is in the body: strangers take no room from those who have shown theirs. */
const STRANGERS_BODIES_MAX_BYTES = 64 * MIB;

/** The one way in for every endpoint: method, login, type of the body, the body; and the one way to refuse. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #bodyMaxBytes: number;
  readonly #bodies = new BodyBudget(BODIES_MAX_BYTES);
  readonly #strangersBodies = new BodyBudget(STRANGERS_BODIES_MAX_BYTES);
  #requestCount = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#bodyMaxBytes = options.statementMaxBytes * 2 + BODY_OVERHEAD_BYTES;
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
    this.#read(call, this.#strangersBodies, (body) => run(call, body));
  }

  /** Refuses a request whatever it says: the endpoint does nothing else. */
  reject(exchange: HttpExchange, encodeRefusal: EncodeRefusal, error: RockpoolError): void {
    this.refuse(this.#open(exchange, encodeRefusal), error);
  }

  /** Calls `run` with the login of an `Authorization` value, at once if it is a known one; refuses any other. */
  verify(call: HttpCall, authorization: string | undefined, run: (login: VerifiedLogin) => void): void {
    const { logins } = this.#options;
    const login = logins.verifyBasic(authorization);
    if (login !== null) return this.#guard(call, () => run(login));
    this.refuse(call, new RockpoolError(logins.isKnown ? "access-denied" : "origin-unreachable"));
  }

  /** Answers with an error as the whole answer; breaks an answer off that has begun. */
  refuse({ exchange, requestId, encodeRefusal }: HttpCall, error: RockpoolError): void {
    const status: CacheStatus = { kind: "bypass", reason: "rejected" };
    this.#options.metrics.failed(error.code);
    this.#options.metrics.decided(status);
    if (exchange.hasAnswer) return exchange.abort();
    const headers = headersOf(requestId, status);
    if (error.code === "method-not-allowed") headers.push("allow", "POST");
    exchange.refuse(error.row.httpStatus, headers, encodeRefusal(error));
  }

  #open(exchange: HttpExchange, encodeRefusal: EncodeRefusal): HttpCall {
    this.#requestCount += 1;
    const requestId = `${this.#options.edgeId}-${this.#requestCount.toString(36)}`;
    return { exchange, requestId, startedAt: this.#options.clock.now(), encodeRefusal };
  }

  #read(call: HttpCall, budget: BodyBudget, run: (body: string) => void): void {
    const { exchange } = call;
    if (!isJson(exchange.header("content-type"))) {
      return this.refuse(call, new RockpoolError("unsupported-media-type"));
    }
    const onBody = (body: string | RockpoolError): void => {
      if (body instanceof RockpoolError) this.refuse(call, body);
      else this.#guard(call, () => run(body));
    };
    readBody(exchange, this.#bodyMaxBytes, onBody, budget);
  }

  #guard(call: HttpCall, task: () => void): void {
    try {
      task();
    } catch (error) {
      const known = toRockpoolError(error);
      if (known.code === "internal") {
        this.#options.log.error("request failed", { requestId: call.requestId, error: known });
      }
      this.refuse(call, known);
    }
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
  return contentType === undefined || /^application\/json\s*(?:;|$)/i.test(contentType);
}
