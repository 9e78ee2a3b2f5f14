import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { Hono } from "hono";
import type { ExecuteHandler } from "./execute-handler.ts";
import { H1Exchange } from "./h1-exchange.ts";

/** Bounds of the HTTP listener. */
export interface HttpDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

const EXECUTE_PATH = "/psdb.v1alpha1.Database/Execute";
/** How often a closing door looks for connections that have become idle. */
const IDLE_SWEEP_MS = 50;
const UNIMPLEMENTED = ["CreateSession", "CloseSession", "Prepare", "StreamExecute"];

/** The listener for clients: HTTP/1.1. The one hot route is answered ahead of Hono (bench: benchmarks/src/http-hit.ts). */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #server: http.Server;
  #draining = false;

  constructor(options: HttpDoorOptions, execute: ExecuteHandler) {
    this.#options = options;
    const others = getRequestListener(createApp().fetch, { overrideGlobalObjects: false });
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
        if (request.url === EXECUTE_PATH) execute.handle(new H1Exchange(request, response));
        else void others(request, response);
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

/** Everything but Execute: clear refusals for what psdb clients may try, and a word for a curious browser. */
function createApp(): Hono {
  const app = new Hono();
  const refuse = (code: "not-found" | "unimplemented" | "method-not-allowed"): Response => {
    const error = new RockpoolError(code);
    return new Response(encodeHttpErrorBody(error), {
      status: error.row.httpStatus,
      headers: { "content-type": "application/json", "rockpool-cache": "bypass; reason=rejected; age=0" },
    });
  };
  for (const method of UNIMPLEMENTED) {
    app.post(`/psdb.v1alpha1.Database/${method}`, () => refuse("unimplemented"));
  }
  app.get("/", (context) => context.text("Rockpool edge. Clients speak psdb.v1alpha1 here.\n"));
  app.notFound(() => refuse("not-found"));
  app.onError(() => {
    const error = new RockpoolError("internal");
    return new Response(encodeHttpErrorBody(error), { status: error.row.httpStatus });
  });
  return app;
}
