import type { TraceContext } from "@rockpool/protocol/backhaul";
import { readTraceContext, type Span, type Tracing } from "@rockpool/telemetry";
import type { HeaderList, HttpExchange } from "../http/http-exchange.ts";
import { PassingExchange } from "../http/passing-exchange.ts";
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
class TracedExchange extends PassingExchange {
  readonly trace: Span;
  #onClosed: () => void = () => {};

  constructor(inner: HttpExchange, span: Span) {
    super(inner);
    this.trace = span;
    inner.onClosed = () => {
      this.#onClosed();
      span.end();
    };
  }

  override send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#begun(status, headers);
    super.send(status, headers, body);
    this.trace.end();
  }

  override refuse(status: number, headers: HeaderList, body: string): void {
    this.#begun(status, headers);
    super.refuse(status, headers, body);
    this.trace.end();
  }

  override begin(status: number, headers: HeaderList): void {
    this.#begun(status, headers);
    super.begin(status, headers);
  }

  override end(piece: string | Uint8Array): void {
    super.end(piece);
    this.trace.end();
  }

  override abort(): void {
    super.abort();
    this.trace.fail("aborted");
    this.trace.end();
  }

  override set onClosed(listener: () => void) {
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
