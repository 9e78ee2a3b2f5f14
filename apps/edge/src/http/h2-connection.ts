import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { TARGET_MAX_LENGTH } from "./door-limits.ts";
import { H2Exchange, type H2Owner } from "./h2-exchange.ts";
import type { BodyBudget } from "./read-body.ts";
import { refuseExchange } from "./refuse-exchange.ts";
import type { VersionServerOptions } from "./version-server.ts";

/** The largest there is: "no stream of yours is too late". */
const STREAM_ID_MAX = 2 ** 31 - 1;

/** Long enough for what was sent to be read on its own; short enough that nobody notices. */
const HOLD_MS = 20;
/** How long a client may go on asking while it gets no answers. */
const SILENCE_MAX_MS = 200;
/** How long a client may go on opening streams after it was asked to stop. */
const PATIENCE_MS = 2_000;

/** One HTTP/2 connection: its open streams, and how long it and they may take. */
export class H2Connection implements H2Owner {
  readonly session: ServerHttp2Session;
  readonly peerAddress: string;
  now: number;
  readonly #options: VersionServerOptions;
  /** Those without a whole answer, and those whose large answer is on its way. */
  readonly #open = new Set<H2Exchange>();
  #isClosing = false;
  #isDraining = false;
  #patienceUntil = Number.POSITIVE_INFINITY;
  /** Answers that wait; null = none has to. */
  #held: (() => void)[] | null = null;
  /** The client knows that it must not open further streams, and has opened none since. */
  #isQuiet = false;
  #requestCount = 0;
  #sweptCount = 0;
  #usedAt: number;

  constructor(session: ServerHttp2Session, options: VersionServerOptions, now: number) {
    this.session = session;
    this.#options = options;
    this.peerAddress = session.socket.remoteAddress ?? "";
    this.now = now;
    this.#usedAt = now;
    session.on("stream", (stream, headers) => this.#serve(stream, headers));
  }

  get answers(): BodyBudget {
    return this.#options.answers;
  }

  /** Streams that wait for an answer, or for their client to take it. */
  get openCount(): number {
    for (const exchange of this.#open) if (exchange.stream.closed) this.#open.delete(exchange);
    return this.#open.size;
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  answered(exchange: H2Exchange): void {
    this.#open.delete(exchange);
  }

  /** Takes no further streams; ends when those that are open have ended. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.session.close();
  }

  /**
   * Ends without a request lost. Two things are needed with undici (Node's fetch), which fails what GOAWAY meets unsent:
   * the first GOAWAY excludes no stream, as one may be on its way; and it comes while no answer does, because with an
   * answer in hand a client may just have made its next request. So answers wait for a moment, before and after.
   */
  beginDrain(): void {
    if (this.#isDraining || this.session.closed) return;
    this.#isDraining = true;
    this.#patienceUntil = performance.now() + PATIENCE_MS;
    this.#held = [];
    this.#awaitSilence(performance.now() + SILENCE_MAX_MS);
  }

  /** Ends a drained connection as soon as nothing is open and nothing can be on its way, or its client does not listen. */
  closeIfQuiet(): void {
    if (!this.#isDraining || this.#held !== null) return;
    if ((this.#isQuiet && this.openCount === 0) || performance.now() > this.#patienceUntil) this.close();
  }

  get isHolding(): boolean {
    return this.#held !== null;
  }

  hold(send: () => void): void {
    this.#held?.push(send);
  }

  #awaitSilence(until: number): void {
    const before = this.#requestCount;
    setTimeout(() => {
      const isSilent = before === this.#requestCount || performance.now() > until;
      if (isSilent) this.#announceEnd();
      else this.#awaitSilence(until);
    }, HOLD_MS);
  }

  #announceEnd(): void {
    if (!this.session.closed) this.session.goaway(constants.NGHTTP2_NO_ERROR, STREAM_ID_MAX);
    setTimeout(() => {
      const held = this.#held ?? [];
      this.#held = null;
      for (const send of held) send();
      if (this.session.closed) return;
      // Comes back behind every request that was sent before the client knew.
      this.session.ping(() => {
        this.#isQuiet = true;
      });
    }, HOLD_MS);
  }

  /** Ends streams that do not move, and the connection when nothing happens on it. */
  sweep(now: number): void {
    this.now = now;
    const { requestTimeoutMs, headersTimeoutMs, keepAliveTimeoutMs } = this.#options.limits;
    for (const exchange of this.#open) this.#sweepStream(exchange, now - requestTimeoutMs);
    if (this.#open.size > 0 || this.#sweptCount !== this.#requestCount) this.#usedAt = now;
    this.#sweptCount = this.#requestCount;
    const idleMs = now - this.#usedAt;
    if (this.#requestCount === 0 && idleMs > headersTimeoutMs) return this.session.destroy();
    if (keepAliveTimeoutMs > 0 && idleMs > keepAliveTimeoutMs) this.close();
    // What is left then are streams whose client takes nothing.
    if (this.#isClosing && this.#open.size === 0 && idleMs > keepAliveTimeoutMs + requestTimeoutMs) {
      this.session.destroy();
    }
  }

  #sweepStream(exchange: H2Exchange, movedAfter: number): void {
    const { stream } = exchange;
    if (stream.closed || stream.destroyed) return void this.#open.delete(exchange);
    if (exchange.movedAt >= movedAfter) return;
    if (stream.headersSent) return stream.close(constants.NGHTTP2_CANCEL);
    // With its whole body here, it is the statement that takes long: the engine knows how long it may.
    if (!exchange.isBodyComplete) this.#refuse(exchange, "request-timeout");
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.#requestCount += 1;
    const exchange = new H2Exchange(stream, headers, this);
    this.#open.add(exchange);
    const target = headers[":path"];
    if (target === undefined) return this.#refuse(exchange, "method-not-allowed"); // CONNECT has none
    if (target.length > TARGET_MAX_LENGTH) return this.#refuse(exchange, "url-too-long");
    this.#options.router(exchange);
  }

  #refuse(exchange: H2Exchange, code: "method-not-allowed" | "url-too-long" | "request-timeout"): void {
    this.#options.onRefused(code);
    refuseExchange(exchange, code);
  }
}
