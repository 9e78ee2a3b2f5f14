import type { Readable } from "node:stream";
import type { TraceContext } from "@rockpool/protocol/backhaul";
import type { MeteredConnection } from "../access/login-meter.ts";
import type { ResponseCounts } from "./response-counts.ts";

/** Names and values in turn, names in lower case: `["content-type", "application/json"]`. Values are checked nowhere. */
export type HeaderList = string[];

/** One request and its answer, whatever the version of HTTP. Handlers see nothing else of a connection. */
export interface HttpExchange {
  /** In capitals. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Path and query as they were sent; `/` at its beginning. */
  readonly target: string;
  /** The address of the other end of the connection, as the socket says. */
  readonly peerAddress: string;
  /** What the client's connection is known by: the same object for all its requests; null = it is gone. */
  readonly connection: MeteredConnection | null;
  /** The span of this request; only where tracing is on. */
  readonly trace?: TraceContext;
  /** The value of a header, `name` in lower case; of a repeated one what node:http makes of it. */
  header(name: string): string | undefined;
  /** All of them, those of HTTP/2 that begin with a colon left out. */
  headerList(): HeaderList;
  /** The body's bytes as they come: `data`, `end`, `error`, `close`. Nothing is read until somebody listens. */
  readonly body: Readable;
  /** Whether all of the body has come. */
  readonly isBodyComplete: boolean;
  /** Told the status of the answer when it begins; null = nobody counts. */
  responses?: ResponseCounts | null;
  /** Whether an answer has begun, or nobody is there to get one. */
  readonly hasAnswer: boolean;
  /** The whole answer in one write; `content-length` is added. Strings are ASCII. */
  send(status: number, headers: HeaderList, body: string | Uint8Array): void;
  /** As `send`, and the connection takes no more of this request's body: what is still to come is not wanted. */
  refuse(status: number, headers: HeaderList, body: string): void;
  /** Begins an answer whose length is not known. */
  begin(status: number, headers: HeaderList): void;
  /** More of it. False = the client does not keep up: `onDrain` tells when it does. */
  write(piece: string | Uint8Array): boolean;
  /** The last of it. */
  end(piece: string | Uint8Array): void;
  /** Breaks the answer off so that no client can take it for a whole one. */
  abort(): void;
  /** Called whenever the client takes more after a false `write`. */
  set onDrain(listener: () => void);
  /** Called once when the connection or stream is gone, answered or not. */
  set onClosed(listener: () => void);
}
