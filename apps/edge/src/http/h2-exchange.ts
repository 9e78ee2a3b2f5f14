import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import { isLargeAnswer, reserveLarge, sendInPieces } from "./large-answer.ts";
import type { BodyBudget } from "./read-body.ts";
import { refuseExchange } from "./refuse-exchange.ts";
import { pathOf } from "./request-target.ts";
import type { ResponseCounts } from "./response-counts.ts";

/** The connection behind an exchange. */
export interface H2Owner {
  /** The address of the other end. */
  readonly peerAddress: string;
  /** Bounds the large answers that are on their way. */
  readonly answers: BodyBudget;
  /** Monotonic ms, as of the last sweep. */
  readonly now: number;
  /** Whether answers have to wait: `hold` takes what sends them later. */
  readonly isHolding: boolean;
  hold(send: () => void): void;
  /** The whole answer has been handed over at once. */
  answered(exchange: H2Exchange): void;
}

/** An exchange of HTTP/2: one stream, by node's stream API. */
export class H2Exchange implements HttpExchange {
  readonly stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #owner: H2Owner;
  /** When the request began or the client last took something of the answer; as exact as the sweep. */
  movedAt: number;
  #awaitsContinue: boolean;
  #onDrain: (() => void) | null = null;
  responses: ResponseCounts | null = null;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, owner: H2Owner) {
    this.stream = stream;
    this.#headers = headers;
    this.#owner = owner;
    this.movedAt = owner.now;
    this.#awaitsContinue = headers.expect === "100-continue";
    stream.on("error", ignoreError);
  }

  get method(): string {
    return this.#headers[":method"] ?? "";
  }

  get target(): string {
    return this.#headers[":path"] ?? "";
  }

  get path(): string {
    return pathOf(this.target);
  }

  get peerAddress(): string {
    return this.#owner.peerAddress;
  }

  get connection(): HttpExchange["connection"] {
    return this.stream.session ?? null;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === "string" ? value : value?.[0];
  }

  headerList(): HeaderList {
    const list: HeaderList = [];
    for (const [name, value] of Object.entries(this.#headers)) {
      if (name.startsWith(":") || value === undefined) continue;
      for (const one of typeof value === "string" ? [value] : value) list.push(name, one);
    }
    return list;
  }

  get body(): ServerHttp2Stream {
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false;
      this.stream.additionalHeaders({ ":status": 100 });
    }
    return this.stream;
  }

  /** A stream that the client broke off "ends" too, so the end alone says nothing. */
  get isBodyComplete(): boolean {
    const { stream } = this;
    return (stream.readableEnded || stream.endAfterHeaders) && !stream.aborted && stream.rstCode === 0;
  }

  get hasAnswer(): boolean {
    const { stream } = this;
    return stream.headersSent || stream.destroyed || stream.closed;
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    if (this.#owner.isHolding) return this.#owner.hold(() => this.send(status, headers, body));
    if (isLargeAnswer(body)) return this.#sendLarge(status, headers, body);
    headers.push("content-length", String(body.length));
    this.begin(status, headers);
    const { stream } = this;
    // Ended together with its last write, node:http2 destroys a stream before that write has called back, and makes an
    // error with a stack trace out of it: an eighth of all CPU (bench: h2c-hit).
    const finish = (): void => void stream.end();
    if (typeof body === "string") stream.write(body, "latin1", finish);
    else stream.write(body, finish);
    this.#owner.answered(this);
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    headers.push("content-length", String(body.length));
    this.begin(status, headers);
    this.end(body);
    this.#owner.answered(this);
    // "Stop sending", said without an error (RFC 9113, 8.1); node waits for the answer to have gone.
    if (!this.isBodyComplete) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  begin(status: number, headers: HeaderList): void {
    if (this.hasAnswer) return;
    this.responses?.add(status);
    this.#moved();
    headers.unshift(":status", String(status));
    this.stream.respond(headers);
  }

  write(piece: string | Uint8Array): boolean {
    return typeof piece === "string" ? this.stream.write(piece, "latin1") : this.stream.write(piece);
  }

  end(piece: string | Uint8Array): void {
    if (typeof piece === "string") this.stream.end(piece, "latin1");
    else this.stream.end(piece);
  }

  abort(): void {
    // `close` would end the answer first, as if it were whole.
    this.stream.destroy(new Error("answer broken off"));
  }

  set onDrain(listener: () => void) {
    if (this.#onDrain === null) {
      this.stream.on("drain", () => {
        this.#moved();
        this.#onDrain?.();
      });
    }
    this.#onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.stream.on("close", listener);
  }

  #sendLarge(status: number, headers: HeaderList, body: string | Uint8Array): void {
    if (!reserveLarge(this.stream, body, this.#owner.answers)) return refuseExchange(this, "answer-dropped");
    headers.push("content-length", String(body.length));
    this.begin(status, headers);
    sendInPieces(this.stream, body, () => this.#moved());
  }

  #moved(): void {
    this.movedAt = this.#owner.now;
  }
}

/** `close` follows, and says all there is to say: the stream is gone. */
function ignoreError(): void {}
