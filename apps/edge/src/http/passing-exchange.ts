import type { Readable } from "node:stream";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import type { ResponseCounts } from "./response-counts.ts";

/** An exchange in front of another one that passes all on: for those that look at a part of it. */
export class PassingExchange implements HttpExchange {
  readonly #inner: HttpExchange;

  constructor(inner: HttpExchange) {
    this.#inner = inner;
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

  get body(): Readable {
    return this.#inner.body;
  }

  get isBodyComplete(): boolean {
    return this.#inner.isBodyComplete;
  }

  get hasAnswer(): boolean {
    return this.#inner.hasAnswer;
  }

  header(name: string): string | undefined {
    return this.#inner.header(name);
  }

  headerList(): HeaderList {
    return this.#inner.headerList();
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#inner.send(status, headers, body);
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    this.#inner.refuse(status, headers, body);
  }

  begin(status: number, headers: HeaderList): void {
    this.#inner.begin(status, headers);
  }

  write(piece: string | Uint8Array): boolean {
    return this.#inner.write(piece);
  }

  end(piece: string | Uint8Array): void {
    this.#inner.end(piece);
  }

  abort(): void {
    this.#inner.abort();
  }

  set responses(counts: ResponseCounts | null) {
    this.#inner.responses = counts;
  }

  set onDrain(listener: () => void) {
    this.#inner.onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.#inner.onClosed = listener;
  }
}
