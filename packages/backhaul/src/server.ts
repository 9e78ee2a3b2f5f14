import { constants, createHash, timingSafeEqual } from "node:crypto";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { KIB, MIB } from "@rockpool/base";
import {
  decodeFeedRequest,
  decodeStatement,
  encodeStatementMessage,
  type FeedRequest,
  FrameDecoder,
  type StatementRequest,
} from "@rockpool/protocol/backhaul";
import { describeClientRefusal } from "./describe-tls-failure.ts";
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from "./link.ts";

/** The origin's end of one statement stream. */
export interface StatementResponder {
  /** Queues a frame; frames of one turn of the event loop leave together. False = wait for `onDrain`. */
  send(frame: Uint8Array): boolean;
  /** Sends what is queued and ends the stream. */
  end(): void;
  /** Called whenever the stream takes more after a false `send`. */
  onDrain: () => void;
  /** Called once when the edge gave up (cancel, lost connection) before `end`. */
  onAborted: () => void;
  readonly isAborted: boolean;
}

/** The origin's end of one edge's feed. */
export interface FeedResponder {
  /** Sends a frame. False = the edge is so far behind that it was dropped: it will reconnect and start over. */
  send(frame: Uint8Array): boolean;
  close(): void;
}

/** What an origin does with what arrives. */
export interface BackhaulHandlers {
  onStatement(request: StatementRequest, responder: StatementResponder): void;
  /** A feed has opened; the returned callbacks get its requests and its end. */
  onFeed(feed: FeedResponder): { onRequest(request: FeedRequest): void; onClosed(): void };
  /** Something broke the protocol or the secret was wrong; for logs and counters. `detail` says why a TLS peer failed. */
  onRefused(reason: RefusalReason, detail: string): void;
}

/** Why a peer was refused. */
export type RefusalReason = "unauthorized" | "not-found" | "protocol" | "tls";

/** What an origin shows and asks of TLS peers. Texts are PEM. */
export interface BackhaulServerTls {
  readonly certificate: string;
  readonly key: string;
  /** The authority that must have signed the edges' certificates; null = edges need none. */
  readonly clientCa: string | null;
}

/** Options of the origin's HTTP/2 server. */
export interface BackhaulServerOptions {
  readonly sharedSecret: string;
  /** Largest statement, in bytes. */
  readonly statementMaxBytes: number;
  /** Streams at a time on one connection. */
  readonly streamsMax: number;
  /** Null or absent = h2c. */
  readonly tls?: BackhaulServerTls | null;
}

/** Bytes that may wait for one slow edge's feed, besides its largest message so far, before it is dropped. */
const FEED_QUEUE_MAX_BYTES = 16 * MIB;
/** A TCP connection that never says hello is dropped after this. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A batch is written when it reaches this size, else at the end of the turn. */
const BATCH_BYTES = 32 * KIB;

/** The origin's HTTP/2 server: h2c, or h2 over TLS 1.3 with or without certificates of the edges. */
export class BackhaulServer {
  readonly #options: BackhaulServerOptions;
  readonly #handlers: BackhaulHandlers;
  readonly #server: http2.Http2Server | http2.Http2SecureServer;
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #feeds = new Set<http2.ServerHttp2Stream>();
  #statementCount = 0;
  #closing = false;
  readonly #secretHash: Buffer;

  constructor(options: BackhaulServerOptions, handlers: BackhaulHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#secretHash = hash(`Bearer ${options.sharedSecret}`);
    this.#server = createServer(options);
    this.#server.on("tlsClientError", (error: Error, socket: TLSSocket) =>
      handlers.onRefused("tls", describeClientRefusal(error, socket.authorizationError)),
    );
    this.#server.on("session", (session) => {
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      if (this.#closing) session.close(); // it came in just before the listener was closed
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      session.on("error", () => {}); // its streams are aborted, which is what counts
    });
    this.#server.on("sessionError", () => {});
    this.#server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) =>
      this.#accept(stream, headers),
    );
  }

  /** From the next connection on; throws what Node says of texts that are no certificates. Only for a server that has TLS. */
  setTls(tls: BackhaulServerTls): void {
    if ("setSecureContext" in this.#server) this.#server.setSecureContext(secureContext(tls));
  }

  /** Listens; resolves with the port. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port); // a TCP listener's address
      });
    });
  }

  /**
   * Stops listening and tells every edge (GOAWAY); resolves when all statements have ended or `drainMaxMs` is over.
   * Feeds go on until then, so that edges hear of the last changes.
   */
  async close(drainMaxMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    this.#endFeedsWhenIdle();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, drainMaxMs);
    await closed;
    clearTimeout(timer);
  }

  #endFeedsWhenIdle(): void {
    if (!this.#closing || this.#statementCount > 0) return;
    for (const stream of this.#feeds) stream.close(http2.constants.NGHTTP2_NO_ERROR);
  }

  #accept(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    stream.on("error", () => {}); // `close`/`aborted` tell
    const authorized = timingSafeEqual(hash(headers.authorization ?? ""), this.#secretHash);
    if (!authorized) return this.#refuse(stream, 401, "unauthorized");
    if (headers[":method"] !== "POST") return this.#refuse(stream, 405, "not-found");
    if (headers[":path"] === "/v1/statement") return this.#statement(stream);
    if (headers[":path"] === "/v1/feed") return this.#feed(stream);
    this.#refuse(stream, 404, "not-found");
  }

  #refuse(stream: http2.ServerHttp2Stream, status: number, reason: "unauthorized" | "not-found"): void {
    this.#handlers.onRefused(reason, "");
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ":status": status }, { endStream: true });
    // Not closed: a reset right behind the answer makes the peer forget the answer, and with it that nothing ran.
    stream.resume();
  }

  #statement(stream: http2.ServerHttp2Stream): void {
    const decoder = new FrameDecoder(this.#options.statementMaxBytes + 64 * KIB);
    let isOver = false;
    this.#statementCount += 1;
    stream.on("close", () => {
      this.#statementCount -= 1;
      this.#endFeedsWhenIdle();
    });
    stream.on("data", (chunk: Buffer) => {
      if (isOver) return; // read and dropped, so that the peer gets to the end of what it says
      try {
        decoder.push(chunk, (frame) => {
          if (isOver) return;
          isOver = true;
          const request = decodeStatement(frame);
          // An edge that cancelled at once is gone before its statement has been read.
          if (!stream.closed) this.#handlers.onStatement(request, new StreamResponder(stream));
        });
      } catch {
        isOver = true;
        this.#handlers.onRefused("protocol", "");
        if (stream.closed || stream.headersSent) return stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR);
        stream.respond({ ":status": 200 });
        const failure = { code: "protocol-error", lost: false, harmless: true } as const;
        stream.end(encodeStatementMessage({ kind: "failure", failure }));
      }
    });
  }

  #feed(stream: http2.ServerHttp2Stream): void {
    stream.respond({ ":status": 200 });
    this.#feeds.add(stream);
    const close = (): void => stream.close(http2.constants.NGHTTP2_NO_ERROR);
    let largestBytes = 0;
    const feed = this.#handlers.onFeed({
      send: (frame) => {
        if (stream.destroyed || stream.closed) return false;
        largestBytes = Math.max(largestBytes, frame.length);
        if (stream.writableLength > FEED_QUEUE_MAX_BYTES + largestBytes) {
          // Closing would wait for what is queued. A feed has its connection to itself, so all of that goes.
          stream.session?.destroy();
          return false;
        }
        stream.write(frame);
        return true;
      },
      close,
    });
    const decoder = new FrameDecoder(64 * KIB);
    stream.on("data", (chunk: Buffer) => {
      if (stream.closed) return;
      try {
        decoder.push(chunk, (frame) => feed.onRequest(decodeFeedRequest(frame)));
      } catch {
        this.#handlers.onRefused("protocol", "");
        close();
      }
    });
    stream.on("close", () => {
      this.#feeds.delete(stream);
      feed.onClosed();
    });
  }
}

/** Batches the frames of one turn into one write, and turns HTTP/2's ways of dying into `onAborted`. */
class StreamResponder implements StatementResponder {
  readonly #stream: http2.ServerHttp2Stream;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #scheduled = false;
  #ended = false;
  #aborted = false;
  onDrain: () => void = () => {};
  onAborted: () => void = () => {};

  constructor(stream: http2.ServerHttp2Stream) {
    this.#stream = stream;
    stream.on("drain", () => this.onDrain());
    stream.on("close", () => {
      if (this.#ended) return;
      this.#aborted = true;
      this.onAborted();
    });
    if (!stream.destroyed) stream.respond({ ":status": 200 });
  }

  get isAborted(): boolean {
    return this.#aborted;
  }

  send(frame: Uint8Array): boolean {
    if (this.#aborted || this.#ended) return true;
    this.#batch.push(frame);
    this.#batchBytes += frame.length;
    if (this.#batchBytes >= BATCH_BYTES) return this.#flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
    return !this.#stream.writableNeedDrain;
  }

  end(): void {
    if (this.#ended) return;
    this.#flush();
    this.#ended = true;
    if (!this.#aborted) this.#stream.end();
  }

  #flush(): boolean {
    if (this.#batch.length === 0 || this.#aborted || this.#stream.destroyed) return true;
    const [first] = this.#batch;
    const bytes =
      this.#batch.length === 1 && first !== undefined ? first : Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    return this.#stream.write(bytes);
  }
}

function createServer(options: BackhaulServerOptions): http2.Http2Server | http2.Http2SecureServer {
  const { tls, streamsMax } = options;
  const shared = {
    settings: { initialWindowSize: STREAM_WINDOW_BYTES, maxConcurrentStreams: streamsMax },
    maxSessionMemory: 128,
    // A trusted peer cancels one stream per lost client; the default guard (1,000) would end the whole session.
    streamResetBurst: 100_000,
    streamResetRate: 10_000,
  };
  if (tls == null) return http2.createServer(shared);
  const asks = tls.clientCa !== null;
  return http2.createSecureServer({
    ...shared,
    ...secureContext(tls),
    requestCert: asks,
    rejectUnauthorized: asks,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
}

function secureContext({ certificate, key, clientCa }: BackhaulServerTls) {
  return {
    cert: certificate,
    key,
    ...(clientCa === null ? {} : { ca: clientCa }),
    minVersion: "TLSv1.3",
    // A resumed session would come in without the certificate that is asked for now.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
