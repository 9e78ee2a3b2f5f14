import * as http from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "@rockpool/base";
import { HEADERS_MAX_BYTES, HEADERS_MAX_COUNT, LINGER_MS, SWEEP_INTERVAL_MS } from "./door-limits.ts";
import { H1Connection } from "./h1-connection.ts";
import { answerRaw, codeOfParseError } from "./h1-refusal.ts";
import type { VersionServer, VersionServerOptions } from "./version-server.ts";

/** HTTP/1.1 on connections that somebody else accepted: node:http, its limits, and order among pipelined requests. */
export class H1Server implements VersionServer {
  readonly #options: VersionServerOptions;
  readonly #server: http.Server;
  readonly #connections = new Map<Duplex, H1Connection>();
  #isDraining = false;

  constructor(options: VersionServerOptions) {
    this.#options = options;
    this.#server = http.createServer({
      connectionsCheckingInterval: SWEEP_INTERVAL_MS,
      maxHeaderSize: HEADERS_MAX_BYTES,
      // Its default: said here because everything depends on it. Two parsers that disagree are how requests are smuggled.
      insecureHTTPParser: false,
      noDelay: true,
    });
    this.#takeLimits();
    // One more than allowed, so that too many can be told from enough: the parser drops the rest.
    this.#server.maxHeadersCount = HEADERS_MAX_COUNT + 1;
    this.#server.on("request", (request, response) => this.#serve(request, response, false));
    this.#server.on("checkContinue", (request, response) => this.#serve(request, response, true));
    this.#server.on("checkExpectation", (request, response) => this.#serve(request, response, false));
    this.#server.on("clientError", (error, socket) => this.#onParseError(error, socket));
    this.#server.on("connect", (_request, socket) => this.#refuseRaw(socket, "method-not-allowed"));
    // This server does not listen: others accept. The event starts its checks of the timeouts above.
    this.#server.emit("listening");
  }

  accept(socket: Socket): void {
    const connection = new H1Connection(socket, this.#options);
    if (this.#isDraining) connection.closeSoon();
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    this.#server.emit("connection", socket);
  }

  sweep(now: number): void {
    this.#takeLimits();
    for (const connection of this.#connections.values()) connection.sweep(now);
  }

  beginDrain(): void {
    this.#isDraining = true;
    for (const connection of this.#connections.values()) connection.closeSoon();
  }

  closeIdle(): void {
    for (const connection of this.#connections.values())
      if (connection.isIdle) connection.socket.destroySoon();
  }

  close(): void {
    this.#server.close();
  }

  /** A reload may have changed them. */
  #takeLimits(): void {
    const { headersTimeoutMs, keepAliveTimeoutMs, requestTimeoutMs } = this.#options.limits;
    this.#server.headersTimeout = headersTimeoutMs;
    this.#server.keepAliveTimeout = keepAliveTimeoutMs;
    this.#server.requestTimeout = requestTimeoutMs;
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse, awaitsContinue: boolean): void {
    this.#connections.get(request.socket)?.serve(request, response, awaitsContinue);
  }

  #onParseError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
    const code = codeOfParseError(error);
    const connection = this.#connections.get(socket);
    if (connection === undefined || code === null || !socket.writable) return void socket.destroy();
    if (connection.isIdle) this.#refuseRaw(socket, code);
    else connection.breakOff(code);
  }

  #refuseRaw(socket: Duplex, code: ErrorCode): void {
    this.#options.onRefused(code);
    socket.end(answerRaw(code));
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
  }
}
