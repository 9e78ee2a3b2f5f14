import { expect, test } from "vitest";
import { createTracing, readTraceContext } from "./tracing.ts";

const TRACEPARENT = `00-${"4b".repeat(16)}-00f067aa0ba902b7-01`;

test("without an SDK a span does nothing, and the caller's context is passed on as it came", () => {
  const parent = readTraceContext(TRACEPARENT, "rojo=1");
  const span = createTracing().start("x", "server", parent, { a: 1 });
  span.set({ b: "c" });
  span.fail("internal");
  span.end();
  span.end();
  expect([span.traceparent, span.tracestate]).toEqual([TRACEPARENT, "rojo=1"]);
});

test("without an SDK and without a caller's context there is none", () => {
  const span = createTracing().start("x", "client", null, {});
  expect([span.traceparent, span.tracestate]).toEqual(["", ""]);
});

test("what is not a trace context is none", () => {
  expect(readTraceContext("00-zz", "a=1")).toBeNull();
  expect(readTraceContext(undefined, "a=1")).toBeNull();
  expect(readTraceContext(TRACEPARENT, "bad state")).toEqual({ traceparent: TRACEPARENT, tracestate: "" });
});
