import type { Random, StatementEnd } from "@rockpool/base";
import {
  encodeRowsFrame,
  encodeStatementMessage,
  type FeedRequest,
  type StatementMessage,
  type StatementRequest,
} from "@rockpool/protocol/backhaul";
import { vi } from "vitest";
import {
  BackhaulServer,
  type BackhaulServerTls,
  type FeedResponder,
  type LinkOptions,
  type StatementCall,
  StatementClient,
  type StatementClientOptions,
  type StatementHandlers,
  type StatementResponder,
} from "../src/index.ts";

const HOST = "127.0.0.1";
/** The secret of both ends. */
export const SECRET = "a secret of the test";

/** Waits for a condition, as long as a loaded machine may need. */
export function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 15_000, interval: 5 });
}

/** What every test closes at its end, last opened first. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) await step();
  }
}

/** A statement as the server got it. */
export interface Received {
  readonly request: StatementRequest;
  readonly responder: StatementResponder;
}

/** One edge's feed at the server. */
export interface ReceivedFeed {
  readonly feed: FeedResponder;
  readonly requests: FeedRequest[];
  isClosed: boolean;
}

/** A backhaul server that keeps all it hears. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly server: BackhaulServer;
  readonly statements: Received[];
  readonly feeds: ReceivedFeed[];
  readonly refused: string[];
  onStatement: (received: Received) => void;
  onFeedRequest: (feed: FeedResponder, request: FeedRequest) => void;
}

/** Opens a server on a free port, or on the given one. */
export async function openServer(
  cleanup: Cleanup,
  options: { port?: number; statementMaxBytes?: number; tls?: BackhaulServerTls } = {},
): Promise<TestServer> {
  const statements: Received[] = [];
  const feeds: ReceivedFeed[] = [];
  const refused: string[] = [];
  const server = new BackhaulServer(
    {
      sharedSecret: SECRET,
      statementMaxBytes: options.statementMaxBytes ?? 1_000_000,
      streamsMax: 20_000,
      tls: options.tls ?? null,
    },
    {
      onStatement(request, responder) {
        const received = { request: { ...request, sql: Buffer.from(request.sql) }, responder };
        statements.push(received);
        test.onStatement(received);
      },
      onFeed(feed) {
        const received: ReceivedFeed = { feed, requests: [], isClosed: false };
        feeds.push(received);
        return {
          onRequest(request) {
            received.requests.push(request);
            test.onFeedRequest(feed, request);
          },
          onClosed() {
            received.isClosed = true;
          },
        };
      },
      onRefused: (reason, detail) => refused.push(detail === "" ? reason : `${reason}: ${detail}`),
    },
  );
  const port = await server.listen(HOST, options.port ?? 0);
  const test: TestServer = {
    host: HOST,
    port,
    server,
    statements,
    feeds,
    refused,
    onStatement: () => {},
    onFeedRequest: () => {},
  };
  cleanup.add(() => server.close(0));
  return test;
}

/** Where a client connects to. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** Link options with the times of production, but for what a test changes. */
export function linkOptions(target: Target, changes: Partial<LinkOptions> = {}): LinkOptions {
  return {
    url: `http://${target.host}:${target.port}`,
    sharedSecret: SECRET,
    connectTimeoutMs: 3_000,
    pingIntervalMs: 1_000,
    pingTimeoutMs: 1_500,
    ...changes,
  };
}

/** Jitter without chance. */
export const noJitter: Random = { next: () => 0 };

/** A statement client with one link. */
export function openClient(
  cleanup: Cleanup,
  target: Target,
  changes: Partial<StatementClientOptions> = {},
): StatementClient {
  const client = new StatementClient({
    ...linkOptions(target),
    linkCount: 1,
    waitersMax: 10_000,
    random: noJitter,
    ...changes,
  });
  cleanup.add(() => client.destroy());
  return client;
}

/** All that a statement's caller was told. */
export interface Told {
  readonly call: StatementCall;
  /** Kinds of the messages, in order; pieces of rows following each other are one. */
  readonly kinds: string[];
  readonly messages: StatementMessage[];
  rowBytes: number;
  lost: { readonly harmless: boolean; readonly cause: Error } | null;
  /** `finish` or `failure` came. */
  isComplete: boolean;
}

let requestCount = 0;

/** Sends `sql`, with whatever else a test wants to say. */
export function send(
  client: StatementClient,
  sql: string,
  changes: Partial<StatementRequest> = {},
  waitMaxMs = 3_000,
): Told {
  requestCount += 1;
  const request: StatementRequest = {
    requestId: `r-${requestCount}`,
    trace: null,
    instance: "origin-1",
    deadlineMs: 60_000,
    login: "app",
    schema: null,
    pin: null,
    autocommit: true,
    endsSession: false,
    lastInsertId: 0n,
    variables: [],
    sql: Buffer.from(sql),
    ...changes,
  };
  const told: Omit<Told, "call"> = { kinds: [], messages: [], rowBytes: 0, lost: null, isComplete: false };
  const handlers: StatementHandlers = {
    onMessage(message) {
      if (told.lost !== null || told.isComplete) throw new Error(`${message.kind} after the end`);
      if (told.kinds.at(-1) !== message.kind || message.kind !== "rows") told.kinds.push(message.kind);
      if (message.kind === "rows") told.rowBytes += message.piece.length;
      else told.messages.push(message);
      told.isComplete = message.kind === "finish" || message.kind === "failure";
    },
    onLost(harmless, cause) {
      if (told.lost !== null || told.isComplete) throw new Error("lost after the end");
      told.lost = { harmless, cause };
    },
  };
  const call = client.execute(request, handlers, waitMaxMs);
  return Object.assign(told, { call });
}

/** The end of a result set. */
const END: StatementEnd = { status: 2, warnings: 0, affectedRows: 0n, insertId: 0n, info: "" };

/** A `dispatched` frame. */
export const DISPATCHED = encodeStatementMessage({
  kind: "dispatched",
  dispatched: { epoch: "e1", seq: 7, profile: "p", mayFill: true },
});

/** An `end` frame. */
export const END_FRAME = encodeStatementMessage({ kind: "end", end: END, more: false });

/** A `finish` frame. */
export const FINISH = encodeStatementMessage({
  kind: "finish",
  finish: {
    pin: null,
    inTransaction: false,
    lastInsertId: 18_446_744_073_709_551_615n,
    epoch: "e1",
    seq: 8,
    change: { everything: false, schemas: [], tables: ["app.t"], keys: [] },
    mayFill: true,
  },
});

/** A `columns` frame with one column of nonsense. */
export const COLUMNS = encodeStatementMessage({
  kind: "columns",
  columns: [{ definition: Uint8Array.of(1, 2, 3), json: false }],
});

/** A `rows` frame around a row stream piece of `byteCount` bytes. */
export function rowsFrame(byteCount: number): Uint8Array {
  return encodeRowsFrame(new Uint8Array(byteCount));
}

/** Answers a statement with a complete result of `rowBytes` bytes of rows. */
export function answerWhole(responder: StatementResponder, rowBytes = 100): void {
  for (const frame of [DISPATCHED, COLUMNS, rowsFrame(rowBytes), END_FRAME, FINISH]) responder.send(frame);
  responder.end();
}
