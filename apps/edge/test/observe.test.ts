import { once } from "node:events";
import * as http2 from "node:http2";
import { text } from "node:stream/consumers";
import { createMetricsRegistry, createTracing } from "@rockpool/telemetry";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpExchange } from "../src/http/http-exchange.ts";
import { RouteCounts } from "../src/http/response-counts.ts";
import { traceOf, traceRouter } from "../src/observe/traced-exchange.ts";
import { EdgeBench } from "./bench.ts";
import { answerLength, type DoorBench, openDoorBench } from "./door-bench.ts";

const TRACEPARENT = `00-${"4b".repeat(16)}-00f067aa0ba902b7-01`;
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0)) await step();
});

describe("with tracing off", () => {
  test("a traceparent is not passed on, and no header of it is read", async () => {
    const bench = await new EdgeBench().open();
    cleanup.push(() => bench.door.close(0));
    const headers = { traceparent: TRACEPARENT, "x-request-id": "mine-1" };
    const answer = bench.ask({ headers, body: JSON.stringify({ query: "UPDATE t SET a = 1" }) });
    await expect.poll(() => bench.calls.length).toBe(1);
    expect(bench.call.statement.context).toEqual({ requestId: "mine-1", trace: null });
    bench.call.handlers.onLost(true, new Error("enough"));
    await answer;
  });
});

describe("a router that traces", () => {
  /** An exchange that only says what it is asked for. */
  function fakeExchange(headers: Record<string, string>) {
    const read: string[] = [];
    const exchange: Pick<HttpExchange, "method" | "path" | "peerAddress" | "header"> = {
      method: "POST",
      path: "/sql",
      peerAddress: "192.0.2.1",
      header(name) {
        read.push(name);
        return headers[name];
      },
    };
    return { read, exchange: exchange as HttpExchange }; // all that is asked of it here
  }

  test("reads the headers; without it nobody does", () => {
    const { read, exchange } = fakeExchange({});
    expect([traceOf(exchange), read]).toEqual([null, []]);
    traceRouter(() => {}, createTracing())(exchange);
    expect(read).toEqual(["traceparent", "tracestate"]);
  });

  test("without an SDK the caller's context goes on as it came, or there is none", () => {
    const seen: (string | undefined)[] = [];
    const router = traceRouter((exchange) => seen.push(traceOf(exchange)?.traceparent), createTracing());
    router(fakeExchange({ traceparent: TRACEPARENT }).exchange);
    router(fakeExchange({}).exchange);
    expect(seen).toEqual([TRACEPARENT, undefined]);
  });
});

describe("answers are counted by endpoint and status", () => {
  async function openCounting() {
    const registry = createMetricsRegistry();
    const counts = new RouteCounts();
    counts.declare(registry);
    const bench: DoorBench = await openDoorBench({
      router: (exchange) => {
        exchange.responses = counts.of(exchange.path);
        answerLength(exchange);
      },
    });
    cleanup.push(async () => bench[Symbol.asyncDispose]());
    const count = (route: string, status: string): string | undefined =>
      registry
        .render()
        .split("\n")
        .find((line) => line.includes(`{route="${route}",status="${status}"}`))
        ?.split(" ")[1];
    return { bench, count };
  }

  test("over HTTP/1.1 and HTTP/2, with the bytes on the wire", async () => {
    const { bench, count } = await openCounting();
    const base = `http://127.0.0.1:${bench.port}`;
    const headers = { connection: "close" };
    await (await fetch(`${base}/sql`, { method: "POST", body: "x".repeat(1_000), headers })).text();
    await (await fetch(`${base}/nowhere`, { headers })).text();
    const afterH1 = bench.door.traffic;
    expect(afterH1.receivedBytes).toBeGreaterThan(1_000);
    const session = http2.connect(base);
    cleanup.unshift(async () => session.destroy());
    const stream = session.request({ ":method": "POST", ":path": "/psdb.v1alpha1.Database/Execute" });
    stream.end("y".repeat(5_000));
    await once(stream, "response");
    await text(stream);
    expect([count("polyscale", "2xx"), count("other", "2xx"), count("execute", "2xx")]).toEqual([
      "1",
      "1",
      "1",
    ]);
    expect([count("execute", "4xx"), count("execute", "5xx")]).toEqual(["0", "0"]);
    expect(bench.door.traffic.receivedBytes).toBeGreaterThan(afterH1.receivedBytes + 5_000);
    expect(bench.door.traffic.sentBytes).toBeGreaterThan(afterH1.sentBytes);
    session.close();
    await once(session, "close");
  });

  test("bytes of connections that are gone still count", async () => {
    const { bench } = await openCounting();
    const answer = await fetch(`http://127.0.0.1:${bench.port}/sql`, {
      method: "POST",
      body: "x".repeat(2_000),
      headers: { connection: "close" },
    });
    await answer.text();
    await expect.poll(() => bench.door.connectionCount).toBe(0);
    expect(bench.door.traffic.receivedBytes).toBeGreaterThan(2_000);
  });
});
