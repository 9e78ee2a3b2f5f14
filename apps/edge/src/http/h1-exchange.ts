import type { IncomingMessage, ServerResponse } from "node:http";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";

/** An exchange of HTTP/1.1. */
export class H1Exchange implements HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #onDrain: (() => void) | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get target(): string {
    return this.#request.url ?? "/";
  }

  get path(): string {
    const url = this.target;
    const query = url.indexOf("?");
    return query < 0 ? url : url.slice(0, query);
  }

  get peerAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "string" ? value : value?.[0];
  }

  headerList(): HeaderList {
    return this.#request.rawHeaders;
  }

  get body(): IncomingMessage {
    return this.#request;
  }

  get isBodyComplete(): boolean {
    return this.#request.complete;
  }

  get hasAnswer(): boolean {
    return this.#response.headersSent || this.#response.destroyed;
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    headers.push("content-length", String(body.length));
    this.#response.writeHead(status, headers);
    this.end(body);
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    if (!this.#request.complete) {
      headers.push("connection", "close");
      this.#response.once("finish", () => this.#request.destroy());
    }
    this.send(status, headers, body);
  }

  begin(status: number, headers: HeaderList): void {
    this.#response.writeHead(status, headers);
  }

  write(piece: string | Uint8Array): boolean {
    return typeof piece === "string" ? this.#response.write(piece, "latin1") : this.#response.write(piece);
  }

  end(piece: string | Uint8Array): void {
    if (typeof piece === "string") this.#response.end(piece, "latin1");
    else this.#response.end(piece);
  }

  abort(): void {
    this.#response.destroy();
  }

  set onDrain(listener: () => void) {
    if (this.#onDrain === null) this.#response.on("drain", () => this.#onDrain?.());
    this.#onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.#response.on("close", listener);
  }
}
