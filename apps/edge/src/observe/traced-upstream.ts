import type { Upstream, UpstreamCall, UpstreamHandlers, UpstreamStatement } from "@rockpool/engine";
import type { StatementMessage } from "@rockpool/protocol/backhaul";
import type { Span, Tracing } from "@rockpool/telemetry";

/** An upstream whose every statement is a client span, of which the origin's own is a part. */
export function traceUpstream(upstream: Upstream, tracing: Tracing, originUrl: string): Upstream {
  const { hostname, port } = new URL(originUrl);
  const server = { "server.address": hostname, "server.port": Number(port) };
  return {
    execute(statement: UpstreamStatement, handlers: UpstreamHandlers): UpstreamCall {
      const { requestId, trace } = statement.context;
      const span = tracing.start("backhaul statement", "client", trace, {
        ...server,
        "network.protocol.name": "http",
        "network.protocol.version": "2",
        "rockpool.request_id": requestId,
      });
      const call = upstream.execute(
        { ...statement, context: { requestId, trace: span.traceparent === "" ? null : span } },
        new TracedHandlers(handlers, span),
      );
      return {
        pause: () => call.pause(),
        resume: () => call.resume(),
        cancel() {
          call.cancel();
          span.fail("cancelled");
          span.end();
        },
      };
    },
  };
}

class TracedHandlers implements UpstreamHandlers {
  readonly #handlers: UpstreamHandlers;
  readonly #span: Span;

  constructor(handlers: UpstreamHandlers, span: Span) {
    this.#handlers = handlers;
    this.#span = span;
  }

  onMessage(message: StatementMessage): void {
    if (message.kind === "database-error") this.#span.fail(String(message.error.errno));
    if (message.kind === "failure") this.#span.fail(message.failure.code);
    if (message.kind === "finish" || message.kind === "failure") this.#span.end();
    this.#handlers.onMessage(message);
  }

  onLost(harmless: boolean, cause: Error): void {
    this.#span.fail("lost");
    this.#span.end();
    this.#handlers.onLost(harmless, cause);
  }
}
