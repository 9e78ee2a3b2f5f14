import type { TraceContext } from "@rockpool/protocol/backhaul";
import type { HeaderList, HttpExchange } from "../http/http-exchange.ts";
import type { ResponseCounts } from "../http/response-counts.ts";
import type { LoginMeter } from "./login-meter.ts";

/** An exchange whose login has limits: charges what goes out, and tells the meter once when it is over. */
export class MeteredExchange implements HttpExchange {
  readonly #inner: HttpExchange;
  readonly #meter: LoginMeter;
  readonly trace?: TraceContext;
  #isOver = false;
  #onClosed: (() => void) | null = null;

  /** For a statement that `meter` has begun. */
  constructor(inner: HttpExchange, meter: LoginMeter) {
    this.#inner = inner;
    this.#meter = meter;
    if (inner.trace !== undefined) this.trace = inner.trace;
    inner.onClosed = () => {
      this.#over();
      this.#onClosed?.();
    };
  }

  get method(): string {
    return this.#inner.method;
  }

  get path(): string {
    return this.#inner.path;
  }

  get target(): string {
    return this.#inner.target;
  }

  get peerAddress(): string {
    return this.#inner.peerAddress;
  }

  get connection(): HttpExchange["connection"] {
    return this.#inner.connection;
  }

  get body(): HttpExchange["body"] {
    return this.#inner.body;
  }

  get isBodyComplete(): boolean {
    return this.#inner.isBodyComplete;
  }

  get hasAnswer(): boolean {
    return this.#inner.hasAnswer;
  }

  /** Bytes that came in or go out beside the answer. */
  charge(byteCount: number): void {
    this.#meter.charge(byteCount);
  }

  header(name: string): string | undefined {
    return this.#inner.header(name);
  }

  headerList(): HeaderList {
    return this.#inner.headerList();
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#meter.charge(body.length);
    this.#over();
    this.#inner.send(status, headers, body);
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    this.#meter.charge(body.length);
    this.#over();
    this.#inner.refuse(status, headers, body);
  }

  begin(status: number, headers: HeaderList): void {
    this.#inner.begin(status, headers);
  }

  write(piece: string | Uint8Array): boolean {
    this.#meter.charge(piece.length);
    return this.#inner.write(piece);
  }

  end(piece: string | Uint8Array): void {
    this.#meter.charge(piece.length);
    this.#over();
    this.#inner.end(piece);
  }

  abort(): void {
    this.#over();
    this.#inner.abort();
  }

  set responses(counts: ResponseCounts | null) {
    this.#inner.responses = counts;
  }

  set onDrain(listener: () => void) {
    this.#inner.onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.#onClosed = listener;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#meter.end();
  }
}
