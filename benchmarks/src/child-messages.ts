/** Tells the bare server what to answer; sent once, before it listens. */
export interface BareServerOrder {
  /** Names and values alternating, without those that node:http writes by itself. */
  readonly headers: readonly string[];
  /** latin1. */
  readonly body: string;
  readonly keepAliveTimeoutMs: number;
}

/** The bare server's answer to its order. */
export interface BareServerReady {
  readonly kind: "listening";
  readonly port: number;
}

/** One measurement for the load generator. */
export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  /** A whole HTTP/1.1 request, latin1. */
  readonly request: string;
  /** Text that the head of every answer must hold. */
  readonly expectedHead: string;
  readonly connectionCount: number;
  /** Load before the measurement, on the same connections. */
  readonly warmupMs: number;
  readonly durationMs: number;
}

/** What the load generator says: when measuring begins, and what it saw. */
export type LoadMessage = { readonly kind: "measuring" } | ({ readonly kind: "measured" } & LoadResult);

/** One measurement's outcome. */
export interface LoadResult {
  readonly requestCount: number;
  readonly seconds: number;
  /** Answers with another status or head, and lost connections. */
  readonly failureCount: number;
  readonly firstFailure: string | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
