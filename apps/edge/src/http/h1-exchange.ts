import type { IncomingMessage, ServerResponse } from "node:http";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import { isLargeAnswer, reserveLarge, sendInPieces } from "./large-answer.ts";
import type { BodyBudget } from "./read-body.ts";
import { refuseExchange } from "./refuse-exchange.ts";
import { originForm, pathOf } from "./request-target.ts";
import type { ResponseCounts } from "./response-counts.ts";

/** The connection behind an exchange. */
export interface H1Owner {
  /** Whether the answer is to be the connection's last. */
  readonly isClosing: boolean;
  /** Bounds the large answers that are on their way. */
  readonly answers: BodyBudget;
  /** The answer has been handed over, or there will be none. Called once. */
  answered(): void;
  /** The connection ends after this answer although its request is still coming. */
  linger(request: IncomingMessage): void;
}

/** An exchange of HTTP/1.1. */
export class H1Exchange implements HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #owner: H1Owner;
  #awaitsContinue: boolean;
  #isAnswered = false;
  #onDrain: (() => void) | null = null;
  responses: ResponseCounts | null = null;

  /** `awaitsContinue` = the client sends its body only after `100 Continue`. */
  constructor(request: IncomingMessage, response: ServerResponse, owner: H1Owner, awaitsContinue: boolean) {
    this.#request = request;
    this.#response = response;
    this.#owner = owner;
    this.#awaitsContinue = awaitsContinue;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get target(): string {
    return originForm(this.#request.url ?? "/");
  }

  get path(): string {
    return pathOf(this.target);
  }

  get peerAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  get connection(): HttpExchange["connection"] {
    return this.#request.socket;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "string" ? value : value?.[0];
  }

  headerList(): HeaderList {
    return this.#request.rawHeaders;
  }

  get body(): IncomingMessage {
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false;
      this.#response.writeContinue();
    }
    return this.#request;
  }

  get isBodyComplete(): boolean {
    return this.#request.complete;
  }

  get hasAnswer(): boolean {
    return this.#response.headersSent || this.#response.destroyed;
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    const isLarge = isLargeAnswer(body);
    if (isLarge && !reserveLarge(this.#response, body, this.#owner.answers)) {
      return refuseExchange(this, "answer-dropped");
    }
    headers.push("content-length", String(body.length));
    this.begin(status, headers);
    if (!isLarge) return this.end(body);
    sendInPieces(this.#response, body, () => {});
    this.#answered();
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    if (!this.#request.complete) this.#owner.linger(this.#request);
    this.send(status, headers, body);
  }

  begin(status: number, headers: HeaderList): void {
    this.responses?.add(status);
    if (this.#owner.isClosing) headers.push("connection", "close");
    this.#response.writeHead(status, headers);
  }

  write(piece: string | Uint8Array): boolean {
    return typeof piece === "string" ? this.#response.write(piece, "latin1") : this.#response.write(piece);
  }

  end(piece: string | Uint8Array): void {
    if (typeof piece === "string") this.#response.end(piece, "latin1");
    else this.#response.end(piece);
    this.#answered();
  }

  abort(): void {
    this.#response.destroy();
    this.#answered();
  }

  set onDrain(listener: () => void) {
    if (this.#onDrain === null) this.#response.on("drain", () => this.#onDrain?.());
    this.#onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.#response.on("close", listener);
  }

  #answered(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#owner.answered();
  }
}
