import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@rockpool/telemetry";
import { makeTestCertificates, type TestCertificateFiles } from "@rockpool/testkit";
import { HttpDoor, type HttpDoorOptions } from "../src/http/http-door.ts";
import type { HttpExchange } from "../src/http/http-exchange.ts";
import { readBody } from "../src/http/read-body.ts";

/** A door without anything behind it but what a test puts there. */
export interface DoorBench extends AsyncDisposable {
  readonly door: HttpDoor;
  readonly port: number;
  readonly tlsPort: number;
  readonly certificates: TestCertificateFiles;
  /** What the door told of connections and requests that it refused. */
  readonly refused: string[];
}

/** Answers with the length of the body. */
export function answerLength(exchange: HttpExchange): void {
  readBody(exchange, 1_000_000, (body) => {
    const text = typeof body === "string" ? `${exchange.method} ${exchange.path} ${body.length}` : body.code;
    exchange.send(200, ["content-type", "text/plain"], text);
  });
}

/** Opens a door on free loopback ports, with TLS. */
export async function openDoorBench(options: Partial<HttpDoorOptions> = {}): Promise<DoorBench> {
  const folder = mkdtempSync(join(tmpdir(), "door-"));
  const certificates = makeTestCertificates(folder);
  const refused: string[] = [];
  const door = new HttpDoor({
    http: { host: "127.0.0.1", port: 0 },
    https: { host: "127.0.0.1", port: 0, ...certificates },
    reusePort: false,
    connectionsMax: 100,
    headersTimeoutMs: 10_000,
    keepAliveTimeoutMs: 60_000,
    requestTimeoutMs: 10_000,
    log: createLogger({ level: "silent" }),
    router: answerLength,
    mayConnect: () => true,
    onConnectionRefused: (why) => void refused.push(why),
    onRequestRefused: (code) => void refused.push(code),
    ...options,
  });
  const { http, https } = await door.listen();
  return {
    door,
    port: http,
    tlsPort: https ?? 0,
    certificates,
    refused,
    async [Symbol.asyncDispose]() {
      await door.close(0);
      rmSync(folder, { recursive: true });
    },
  };
}
