import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { METRICS_CONTENT_TYPE, type MetricsRegistry } from "@rockpool/telemetry";

/** One condition of readiness. */
export interface ReadyCheck {
  readonly name: string;
  readonly ok: boolean;
}

/** What the admin door answers from. */
export interface AdminDoorOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly registry: MetricsRegistry;
  /** All conditions of readiness, probed now; must settle by itself within seconds. */
  checks(): Promise<readonly ReadyCheck[]>;
}

/** `/livez`, `/readyz` and `/metrics`, on a listener of their own that clients need not reach. */
export class AdminDoor {
  readonly #options: AdminDoorOptions;
  readonly #server: Server;

  constructor(options: AdminDoorOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => send(response, 500, "internal error\n"));
    });
  }

  /** Resolves with the port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port); // a TCP listener's address
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD")
      return send(response, 405, "method not allowed\n");
    switch (request.url) {
      case "/livez":
        return send(response, 200, "ok\n");
      case "/readyz": {
        const checks = await this.#options.checks();
        const lines = checks.map((check) => `${check.ok ? "ok" : "failed"} ${check.name}\n`);
        return send(response, checks.every((check) => check.ok) ? 200 : 503, lines.join(""));
      }
      case "/metrics":
        return send(response, 200, this.#options.registry.render(), METRICS_CONTENT_TYPE);
      default:
        return send(response, 404, "not found\n");
    }
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": type });
  response.end(body);
}
