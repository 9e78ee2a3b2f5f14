import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { LoginMeter } from "../../src/access/login-meter.ts";
import { MeteredExchange } from "../../src/access/metered-exchange.ts";
import type { HttpExchange } from "../../src/http/http-exchange.ts";

/** An exchange that writes down what is asked of it, and can lose its client. */
function open() {
  const calls: string[] = [];
  let close: () => void = () => {};
  const inner = {
    method: "POST",
    path: "/p",
    target: "/p?q",
    peerAddress: "192.0.2.1",
    connection: null,
    body: new PassThrough(),
    isBodyComplete: true,
    hasAnswer: false,
    header: (name: string) => `value of ${name}`,
    headerList: () => ["a", "b"],
    send: (status: number, _headers: string[], body: string | Uint8Array) =>
      calls.push(`send ${status} ${String(body)}`),
    refuse: (status: number, _headers: string[], body: string) => calls.push(`refuse ${status} ${body}`),
    begin: (status: number) => calls.push(`begin ${status}`),
    write: (piece: string | Uint8Array) => calls.push(`write ${String(piece)}`) > 0,
    end: (piece: string | Uint8Array) => calls.push(`end ${String(piece)}`),
    abort: () => calls.push("abort"),
    set onDrain(_listener: () => void) {
      calls.push("onDrain");
    },
    set onClosed(listener: () => void) {
      close = listener;
    },
  };
  const meter = new LoginMeter({
    connectionsMax: 0,
    concurrentStatementsMax: 1,
    statementsPerSecondMax: 0,
    bytesPerSecondMax: 10,
  });
  meter.begin(0);
  const exchange: HttpExchange = new MeteredExchange(inner, meter);
  return { calls, exchange, meter, close: () => close() };
}

test.each([
  ["send", (one: HttpExchange) => one.send(200, [], "12345678901"), ["send 200 12345678901"]],
  ["refuse", (one: HttpExchange) => one.refuse(400, [], "12345678901"), ["refuse 400 12345678901"]],
  [
    "begin, write, end",
    (one: HttpExchange) => {
      one.begin(200, []);
      one.write("123456");
      one.end("78901");
    },
    ["begin 200", "write 123456", "end 78901"],
  ],
] as const)("%s: charged, over once, passed on", (_name, answer, expected) => {
  const { calls, exchange, meter, close } = open();
  answer(exchange);
  expect([calls, meter.running]).toEqual([expected, 0]);
  close();
  expect([meter.running, meter.begin(0) > 0]).toEqual([0, true]); // eleven bytes of ten: in debt
});

test("a client that goes away ends it, and whoever listens is told", () => {
  const { exchange, meter, close } = open();
  let told = 0;
  exchange.onClosed = () => {
    told += 1;
  };
  expect(meter.running).toBe(1);
  close();
  exchange.abort();
  expect([meter.running, told]).toEqual([0, 1]);
});

test("everything else is the exchange's own", () => {
  const { exchange, calls } = open();
  exchange.onDrain = () => {};
  expect(calls).toEqual(["onDrain"]);
  expect([exchange.method, exchange.path, exchange.target, exchange.peerAddress]).toEqual([
    "POST",
    "/p",
    "/p?q",
    "192.0.2.1",
  ]);
  expect([exchange.header("x"), exchange.headerList(), exchange.connection]).toEqual([
    "value of x",
    ["a", "b"],
    null,
  ]);
  expect([exchange.isBodyComplete, exchange.hasAnswer, exchange.body.readable]).toEqual([true, false, true]);
});
