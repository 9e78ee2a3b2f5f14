import type { Readable } from "node:stream";
import type { TraceContext } from "@rockpool/protocol/backhaul";
import { readTraceContext, type Span, type Tracing } from "@rockpool/telemetry";
import type { HeaderList, HttpExchange } from "../http/http-exchange.ts";
import type { ResponseCounts } from "../http/response-counts.ts";
import type { Router } from "../http/router.ts";

/**
 * A router that makes a server span of every request, as a part of the trace that its `traceparent` names. Only where
 * tracing is on is there one: without it no exchange is wrapped and no header is read.
 */
export function traceRouter(router: Router, tracing: Tracing): Router {
  return (exchange) => {
    const parent = readTraceContext(exchange.header("traceparent"), exchange.header("tracestate"));
    const { method, path } = exchange;
    const isRoute = ROUTES.test(path);
    const span = tracing.start(isRoute ? `${method} ${path}` : method, "server", parent, {
      "http.request.method": method,
      ...(isRoute ? { "http.route": path } : {}),
      "client.address": exchange.peerAddress,
    });
    router(new TracedExchange(exchange, span));
  };
}

/** The trace that an exchange belongs to; null without tracing, or without a parent and an SDK. */
export function traceOf(exchange: HttpExchange): TraceContext | null {
  const { trace } = exchange;
  return trace === undefined || trace.traceparent === "" ? null : trace;
}

/** Paths that are one route each: any other is a client's invention and must not name spans. */
const ROUTES = /^\/(?:psdb\.v1alpha1\.Database\/[A-Za-z]{1,32}|sql|v1beta\/sql)?$/;
const SERVER_ERROR = 500;

/** An exchange whose span ends with its answer, or with the connection before that. */
class TracedExchange implements HttpExchange {
  readonly trace: Span;
  readonly #inner: HttpExchange;
  #onClosed: () => void = () => {};

  constructor(inner: HttpExchange, span: Span) {
    this.#inner = inner;
    this.trace = span;
    inner.onClosed = () => {
      this.#onClosed();
      span.end();
    };
  }

  get method(): string {
    return this.#inner.method;
  }
  get path(): string {
    return this.#inner.path;
  }
  get target(): string {
    return this.#inner.target;
  }
  get peerAddress(): string {
    return this.#inner.peerAddress;
  }

  get connection(): HttpExchange["connection"] {
    return this.#inner.connection;
  }
  header(name: string): string | undefined {
    return this.#inner.header(name);
  }
  headerList(): HeaderList {
    return this.#inner.headerList();
  }
  get body(): Readable {
    return this.#inner.body;
  }
  get isBodyComplete(): boolean {
    return this.#inner.isBodyComplete;
  }
  get hasAnswer(): boolean {
    return this.#inner.hasAnswer;
  }

  send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#begun(status, headers);
    this.#inner.send(status, headers, body);
    this.trace.end();
  }

  refuse(status: number, headers: HeaderList, body: string): void {
    this.#begun(status, headers);
    this.#inner.refuse(status, headers, body);
    this.trace.end();
  }

  begin(status: number, headers: HeaderList): void {
    this.#begun(status, headers);
    this.#inner.begin(status, headers);
  }

  write(piece: string | Uint8Array): boolean {
    return this.#inner.write(piece);
  }

  end(piece: string | Uint8Array): void {
    this.#inner.end(piece);
    this.trace.end();
  }

  abort(): void {
    this.#inner.abort();
    this.trace.fail("aborted");
    this.trace.end();
  }

  set responses(counts: ResponseCounts | null) {
    this.#inner.responses = counts;
  }

  set onDrain(listener: () => void) {
    this.#inner.onDrain = listener;
  }

  set onClosed(listener: () => void) {
    this.#onClosed = listener;
  }

  #begun(status: number, headers: HeaderList): void {
    const cache = headerOf(headers, "rockpool-cache");
    const requestId = headerOf(headers, "rockpool-request-id");
    const [kind, reason] = cache?.split(/; (?:reason=)?/) ?? [];
    this.trace.set({
      "http.response.status_code": status,
      ...(requestId === undefined ? {} : { "rockpool.request_id": requestId }),
      ...(kind === undefined ? {} : { "rockpool.cache.status": kind }),
      ...(reason === undefined ? {} : { "rockpool.cache.reason": reason }),
    });
    if (status >= SERVER_ERROR) this.trace.fail(String(status));
  }
}

function headerOf(headers: HeaderList, name: string): string | undefined {
  const at = headers.indexOf(name);
  return at < 0 ? undefined : headers[at + 1];
}
