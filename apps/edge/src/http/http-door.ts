import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { H1Exchange } from "./h1-exchange.ts";
import type { Router } from "./router.ts";

/** Bounds of the HTTP listener. */
export interface HttpDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** How often a closing door looks for connections that have become idle. */
const IDLE_SWEEP_MS = 50;

/** The listener for clients: HTTP/1.1. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #server: http.Server;
  #draining = false;

  constructor(options: HttpDoorOptions, router: Router) {
    this.#options = options;
    this.#server = http.createServer(
      {
        headersTimeout: options.headersTimeoutMs,
        keepAliveTimeout: options.keepAliveTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        connectionsCheckingInterval: 1_000,
        noDelay: true,
      },
      (request, response) => {
        if (this.#draining) response.setHeader("connection", "close");
        router(new H1Exchange(request, response));
      },
    );
    this.#server.maxConnections = options.connectionsMax;
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 4_096 }, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port); // a TCP listener's address
      });
    });
  }

  /** Stops accepting; resolves when every request in progress has been answered or `drainMaxMs` is over. */
  close(drainMaxMs: number): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), drainMaxMs);
      // A connection whose answer was under way becomes idle only after it, and would be kept for its whole timeout.
      const sweep = setInterval(() => this.#server.closeIdleConnections(), IDLE_SWEEP_MS);
      this.#server.close(() => {
        clearTimeout(timer);
        clearInterval(sweep);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }
}
