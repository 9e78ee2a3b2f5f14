import { spawn } from "node:child_process";
import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { HttpExchange } from "../src/http/http-exchange.ts";
import { until } from "./bench.ts";
import { answerLength, type DoorBench, openDoorBench } from "./door-bench.ts";

const open: DoorBench[] = [];
afterEach(async () => {
  for (const bench of open.splice(0)) await bench[Symbol.asyncDispose]();
});

let turn = 0;

/** A statement takes its time, and each a different one. */
function answerLater(exchange: HttpExchange): void {
  turn += 7;
  setTimeout(() => answerLength(exchange), turn % 10);
}

async function openFirst(): Promise<DoorBench> {
  const first = await openDoorBench({ reusePort: true, router: answerLater });
  open.push(first);
  return first;
}

/** A door of the "new process" on both ports of the first; tells how many requests it got. */
async function openSecond(first: DoorBench): Promise<{ count: number }> {
  const got = { count: 0 };
  const second = await openDoorBench({
    reusePort: true,
    http: { host: "127.0.0.1", port: first.port },
    https: { host: "127.0.0.1", port: first.tlsPort, ...first.certificates },
    router: (exchange) => {
      got.count += 1;
      answerLater(exchange);
    },
  });
  open.push(second);
  return got;
}

test("clients that keep their HTTP/1.1 connections lose no request to a door that another one replaces", async () => {
  const first = await openFirst();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const failures: string[] = [];
  const stop = new AbortController();
  let count = 0;
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const request = httpRequest({ port: first.port, host: "127.0.0.1", agent, method: "POST" });
      request.on("response", (response) => {
        if (response.statusCode !== 200) failures.push(String(response.statusCode));
        response.resume().on("end", resolve);
        count += 1;
      });
      request.on("error", (error) => {
        failures.push(error.message);
        resolve();
      });
      request.end("{}");
    });
  const lanes = Array.from({ length: 8 }, async () => {
    while (!stop.signal.aborted) await ask();
  });
  await until(() => count > 100);
  const got = await openSecond(first);
  await first.door.close(20_000);
  await until(() => got.count > 100);
  stop.abort();
  await Promise.all(lanes);
  agent.destroy();
  expect(failures).toEqual([]);
});

test("nor do those of Node's fetch over TLS: HTTP/2, which fails what meets GOAWAY", async () => {
  const first = await openFirst();
  const fixture = join(import.meta.dirname, "fixtures/fetch-client-main.ts");
  const child = spawn(process.execPath, [fixture, `https://127.0.0.1:${first.tlsPort}/x`, "10"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: first.certificates.caFile },
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  try {
    await until(() => said.startsWith("asking"));
    const got = await openSecond(first);
    await first.door.close(20_000);
    await until(() => got.count > 100);
    child.stdin.end();
    await until(() => child.exitCode !== null);
    const { failures, answerCount } = JSON.parse(said.slice(said.indexOf("{"))) as Record<string, unknown>;
    expect(failures).toEqual([]);
    expect(answerCount).toBeGreaterThan(300);
  } finally {
    child.kill("SIGKILL");
  }
});
