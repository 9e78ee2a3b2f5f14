import * as http2 from "node:http2";
import { MIB, type Random, RockpoolError } from "@rockpool/base";
import {
  decodeStatementMessage,
  encodeStatement,
  FrameDecoder,
  type StatementMessage,
  type StatementRequest,
} from "@rockpool/protocol/backhaul";
import type { Link, LinkOptions } from "./link.ts";
import { LinkSlot } from "./link-slot.ts";

/** Options of an edge's statement connections. */
export interface StatementClientOptions extends LinkOptions {
  /** Warm connections; 2 measured 60 % more throughput than 1, 4 no more than 2. */
  readonly linkCount: number;
  /** How many statements may wait for a connection; beyond it they fail at once. */
  readonly waitersMax: number;
  readonly random: Random;
}

/** What a statement's caller is told. After `finish` or `failure` in `onMessage`, or `onLost`, nothing follows. */
export interface StatementHandlers {
  onMessage(message: StatementMessage): void;
  /**
   * The exchange broke. `harmless`: it certainly did not reach the database, so it may be sent again, whatever it is;
   * not worth it when `cause` is a RockpoolError: it has waited for a connection, or the origin does not want this edge.
   */
  onLost(harmless: boolean, cause: Error): void;
}

/** A statement under way. */
export interface StatementCall {
  pause(): void;
  resume(): void;
  /** The caller lost interest: the origin kills the statement. No handler is called any more. */
  cancel(): void;
}

/** Definitions of 4,096 columns, each with five names as long as they may be, come in one frame. */
const FRAME_MAX_BYTES = 8 * MIB;

/** Node's words for a stream that it never put on the wire. */
const UNSENT_CODES: ReadonlySet<string> = new Set(["ERR_HTTP2_GOAWAY_SESSION", "ERR_HTTP2_OUT_OF_STREAMS"]);

interface Waiter {
  readonly start: (link: Link) => void;
  readonly fail: (cause: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** The edge's side of statement streams: a few warm links, one stream a statement. */
export class StatementClient {
  readonly #options: StatementClientOptions;
  readonly #slots: LinkSlot[] = [];
  readonly #waiters = new Set<Waiter>();
  #next = 0;
  #closed = false;

  constructor(options: StatementClientOptions) {
    this.#options = options;
    for (let index = 0; index < options.linkCount; index++) {
      this.#slots.push(
        new LinkSlot(options, options.random, {
          replacesDraining: true,
          onOpen: (link) => this.#admitWaiters(link),
          onClosed: () => {},
        }),
      );
    }
  }

  /** Open connections. */
  get openLinkCount(): number {
    return this.#slots.filter((slot) => slot.open !== null).length;
  }

  /** Statements in flight on all connections. */
  get streamCount(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.open?.streamCount ?? 0), 0);
  }

  /** Sends a statement; waits for a connection for at most `waitMaxMs`. */
  execute(request: StatementRequest, handlers: StatementHandlers, waitMaxMs: number): StatementCall {
    const call = new Call(request, handlers);
    const link = this.#pick();
    if (link !== null) {
      call.start(link);
      return call;
    }
    if (this.#closed || this.#waiters.size >= this.#options.waitersMax) {
      call.loseLater(new RockpoolError("origin-unreachable"));
      return call;
    }
    const waiter: Waiter = {
      start: (opened) => {
        this.#forget(waiter);
        call.start(opened);
      },
      fail: (cause) => {
        this.#forget(waiter);
        call.lose(true, cause);
      },
      timer: setTimeout(() => waiter.fail(new RockpoolError("origin-unreachable")), waitMaxMs),
    };
    this.#waiters.add(waiter);
    call.onCancelled = () => this.#forget(waiter);
    return call;
  }

  /** Lets statements in flight end; new ones fail. */
  close(): void {
    this.#closed = true;
    for (const slot of this.#slots) slot.close();
    for (const waiter of this.#waiters) waiter.fail(new RockpoolError("shutting-down"));
  }

  /** Drops everything at once. */
  destroy(): void {
    this.close();
    for (const slot of this.#slots) slot.destroy();
  }

  #pick(): Link | null {
    let best: Link | null = null;
    for (let offset = 0; offset < this.#slots.length; offset++) {
      const link = this.#slots[(this.#next + offset) % this.#slots.length]?.open ?? null;
      if (link !== null && (best === null || link.streamCount < best.streamCount)) best = link;
    }
    this.#next = (this.#next + 1) % this.#slots.length;
    return best;
  }

  #admitWaiters(link: Link): void {
    for (const waiter of this.#waiters) waiter.start(link);
  }

  #forget(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
  }
}

/** One exchange. Exactly one of: terminal message, `onLost`, `cancel` ends it. */
class Call implements StatementCall {
  readonly #request: StatementRequest;
  readonly #handlers: StatementHandlers;
  readonly #decoder = new FrameDecoder(FRAME_MAX_BYTES);
  #stream: http2.ClientHttp2Stream | null = null;
  #ended = false;
  #paused = false;
  onCancelled: () => void = () => {};

  constructor(request: StatementRequest, handlers: StatementHandlers) {
    this.#request = request;
    this.#handlers = handlers;
  }

  start(link: Link): void {
    if (this.#ended) return;
    const stream = link.request("/v1/statement");
    this.#stream = stream;
    stream.on("response", (headers) => {
      const status = headers[":status"];
      if (status === 200) return;
      // An origin refuses before it reads; any other status comes from something in between that may have passed it on.
      const harmless = status === 401 || status === 404 || status === 405;
      const cause = new Error(`the origin answered HTTP ${status}`);
      this.#drop(harmless, harmless ? new RockpoolError("origin-unreachable", { cause }) : cause);
    });
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    let unsent = false;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      unsent = UNSENT_CODES.has(error.code ?? ""); // `close` always follows
    });
    stream.on("close", () => {
      // REFUSED_STREAM is the peer's word that nothing was done; every other end without `finish` leaves it open.
      const refused = unsent || stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
      this.lose(refused, new Error(`stream closed with code ${stream.rstCode}`));
    });
    if (this.#paused) stream.pause();
    stream.end(encodeStatement(this.#request));
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onCancelled();
    this.#stream?.close(http2.constants.NGHTTP2_CANCEL);
    this.#stream?.resume();
  }

  lose(harmless: boolean, cause: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onLost(harmless, cause);
  }

  loseLater(cause: Error): void {
    queueMicrotask(() => this.lose(true, cause));
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#decoder.push(chunk, (frame) => {
        if (this.#ended) return;
        const message = decodeStatementMessage(frame);
        if (message.kind === "finish" || message.kind === "failure") this.#ended = true;
        this.#handlers.onMessage(message);
      });
    } catch (error) {
      this.#drop(false, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #drop(harmless: boolean, cause: Error): void {
    this.lose(harmless, cause);
    this.#stream?.close(http2.constants.NGHTTP2_CANCEL);
  }
}
