import {
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span as OpenTelemetrySpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from "@opentelemetry/api";
import type { TraceContext } from "@rockpool/protocol/backhaul";
import manifest from "../package.json" with { type: "json" };
import { formatTraceparent, parseTraceparent, parseTracestate } from "./trace-context.ts";

/** What a span says of its operation. Never statement text, never a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Where a span stands: what came in, or what goes out. */
export type SpanSide = "server" | "client";

/** A span under way, and the trace context of whatever is done as a part of it. */
export class Span implements TraceContext {
  readonly traceparent: string;
  readonly tracestate: string;
  readonly #span: OpenTelemetrySpan;
  #ended = false;

  /** `ours`: what the API made; `parent`: what is passed on where no SDK gives the span a place of its own. */
  constructor(span: OpenTelemetrySpan, parent: TraceContext | null) {
    this.#span = span;
    const own = span.spanContext();
    const { traceId, spanId: parentId, traceFlags } = own;
    const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    const isPlaced = isSpanContextValid(own);
    this.traceparent = isPlaced
      ? formatTraceparent({ traceId, parentId, sampled })
      : (parent?.traceparent ?? "");
    this.tracestate = isPlaced ? (own.traceState?.serialize() ?? "") : (parent?.tracestate ?? "");
  }

  /** Nothing after the end. */
  set(attributes: SpanAttributes): void {
    if (this.#ended) return;
    this.#span.setAttributes(attributes);
  }

  /** The operation failed; `errorType` is a code of ours or an error number, never a message. */
  fail(errorType: string): void {
    if (this.#ended) return;
    this.#span.setAttribute("error.type", errorType);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** At most once counts. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.end();
  }
}

/** Makes spans of the SDK that was loaded with `node --import`; without one they cost little and do nothing. */
export interface Tracing {
  start(name: string, side: SpanSide, parent: TraceContext | null, attributes: SpanAttributes): Span;
}

/** Opens the way to the SDK. To be called only where tracing is on: where it is off, nothing at all is done. */
export function createTracing(): Tracing {
  const tracer: Tracer = trace.getTracer("rockpool", manifest.version);
  return {
    start(name, side, parent, attributes) {
      const kind = side === "server" ? SpanKind.SERVER : SpanKind.CLIENT;
      const place = parent === null ? null : toSpanContext(parent, side === "server");
      const context = place === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, place);
      return new Span(tracer.startSpan(name, { kind, attributes }, context), parent);
    },
  };
}

/** The caller's place in its trace, as its request's headers say it; null when they say none. */
export function readTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | null {
  const parent = parseTraceparent(traceparent);
  return parent === null
    ? null
    : { traceparent: formatTraceparent(parent), tracestate: parseTracestate(tracestate) };
}

function toSpanContext({ traceparent, tracestate }: TraceContext, isRemote: boolean): SpanContext | null {
  const parent = parseTraceparent(traceparent);
  if (parent === null) return null;
  return {
    traceId: parent.traceId,
    spanId: parent.parentId,
    traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote,
    ...(tracestate === "" ? {} : { traceState: createTraceState(tracestate) }),
  };
}
