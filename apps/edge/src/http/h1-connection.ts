import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ErrorCode } from "@rockpool/base";
import {
  HEADERS_MAX_COUNT,
  LINGER_MS,
  PIPELINE_WAITING_MAX,
  PIPELINED_MAX,
  TARGET_MAX_LENGTH,
} from "./door-limits.ts";
import { H1Exchange, type H1Owner } from "./h1-exchange.ts";
import type { BodyBudget } from "./read-body.ts";
import { refuseExchange } from "./refuse-exchange.ts";
import type { VersionServerOptions } from "./version-server.ts";

/** One HTTP/1.1 connection: how many of its requests are under way, and whether it takes more. */
export class H1Connection implements H1Owner {
  readonly socket: Socket;
  readonly #options: VersionServerOptions;
  #isClosing = false;
  #inProgress = 0;
  #waiting: (() => void)[] = [];
  #last: H1Exchange | null = null;
  /** Bytes that had been written at the last sweep, and when that number last changed. */
  #writtenBytes = 0;
  #movedAt = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, options: VersionServerOptions) {
    this.socket = socket;
    this.#options = options;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  get answers(): BodyBudget {
    return this.#options.answers;
  }

  /** Nothing has been asked that is not answered. */
  get isIdle(): boolean {
    return this.#inProgress === 0 && this.#waiting.length === 0;
  }

  /** The next answer is the last. */
  closeSoon(): void {
    this.#isClosing = true;
  }

  /** Serves a request, now or when enough of those before it have been answered; node:http keeps the answers in order. */
  serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    if (this.#inProgress < PIPELINED_MAX) return this.#start(request, response, awaitsContinue);
    if (this.#waiting.length >= PIPELINE_WAITING_MAX) return void this.socket.destroy();
    this.socket.pause();
    this.#waiting.push(() => this.#start(request, response, awaitsContinue));
  }

  answered(): void {
    this.#inProgress -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    if (this.#waiting.length === 0) this.socket.resume();
    next();
  }

  /** The connection ends after this answer although its request is still coming. */
  linger(request: IncomingMessage): void {
    this.#isClosing = true;
    lingerAfter(this.socket, request);
  }

  /** What came inside a request's body was none: it is refused, unless answers to others or a part of its own are out. */
  breakOff(code: ErrorCode): void {
    const last = this.#last;
    if (last === null || last.hasAnswer || this.#inProgress > 1) return void this.socket.destroy();
    this.#refuse(last, code);
  }

  /** Cuts a client that takes nothing of what is waiting for it. */
  sweep(now: number): void {
    const { socket } = this;
    if (socket.writableLength === 0) {
      this.#movedAt = Number.POSITIVE_INFINITY;
      return;
    }
    const writtenBytes = socket.bytesWritten;
    if (writtenBytes !== this.#writtenBytes || this.#movedAt === Number.POSITIVE_INFINITY)
      this.#movedAt = now;
    this.#writtenBytes = writtenBytes;
    if (now - this.#movedAt > this.#options.limits.requestTimeoutMs) socket.destroy();
  }

  #start(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    this.#inProgress += 1;
    const exchange = new H1Exchange(request, response, this, awaitsContinue);
    this.#last = exchange;
    if (request.rawHeaders.length > 2 * HEADERS_MAX_COUNT) return this.#refuse(exchange, "headers-too-large");
    if ((request.url?.length ?? 0) > TARGET_MAX_LENGTH) return this.#refuse(exchange, "url-too-long");
    this.#options.router(exchange);
  }

  #refuse(exchange: H1Exchange, code: ErrorCode): void {
    this.#options.onRefused(code);
    refuseExchange(exchange, code);
  }
}

/**
 * Lets a socket end without an abort: closed with unread bytes, TCP would tell the sender "reset", and what we answered
 * might be lost with it. Node calls `destroySoon` when the last answer has been handed over.
 */
function lingerAfter(socket: Socket, request: IncomingMessage): void {
  socket.destroySoon = () => {
    socket.end();
    request.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
  };
}
