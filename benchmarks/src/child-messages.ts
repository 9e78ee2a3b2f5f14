/** How the clients of a comparison speak: both versions of HTTP, in the clear and over TLS. */
export const TRANSPORTS = ["http", "https", "h2c", "h2"] as const;

/** One of them. */
export type Transport = (typeof TRANSPORTS)[number];

/** PEM; what both ends of a comparison over TLS use. */
export interface BenchCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Tells the bare server what to answer; sent once, before it listens. */
export interface BareServerOrder {
  readonly transport: Transport;
  readonly certificate: BenchCertificate;
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

/** What stands for an id in a request: as many zeros, so that all requests are equally long. */
export const ID_PLACE = "0000000000";

/** One measurement for the load generator. */
export interface LoadOrder {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
  /** A whole HTTP/1.1 request, or header block and body of HTTP/2; latin1. */
  readonly request: string | { readonly headerBlock: string; readonly body: string };
  /** Text that the head of every answer must hold; of HTTP/2 only the status is looked at. */
  readonly expectedHead: string;
  /** Each request asks for another of the ids from 1 on, written over `ID_PLACE`; null = all the same. */
  readonly idCount: number | null;
  readonly connectionCount: number;
  /** Requests of each connection at once; HTTP/1.1 has one. */
  readonly streamCount: number;
  /** Requests sent a second, by connections that are free; null = each sends its next when it has its answer. */
  readonly ratePerSecond: number | null;
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
