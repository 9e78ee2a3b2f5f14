import type { ClientHttp2Stream } from "node:http2";
import { type Clock, type Instant, MIB, type Random } from "@rockpool/base";
import {
  decodeFeedMessage,
  encodeFeedRequest,
  type FeedMessage,
  FrameDecoder,
  type Hello,
} from "@rockpool/protocol/backhaul";
import { describeLinkFailure } from "./describe-tls-failure.ts";
import type { Link, LinkOptions } from "./link.ts";
import { LinkSlot } from "./link-slot.ts";

/** Options of an edge's feed. */
export interface FeedClientOptions extends LinkOptions {
  readonly heartbeatIntervalMs: number;
  /** No answer to any heartbeat for so long: the connection is dropped and made anew. */
  readonly silenceMaxMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the feed's owner is told, in feed order. */
export interface FeedHandlers {
  /** Where this edge stands; asked at every (re)connect. */
  hello(): Hello;
  onMessage(message: FeedMessage): void;
  /** The answer to a heartbeat that was asked at `askedAt` (this edge's monotonic clock). */
  onPong(pong: Extract<FeedMessage, { kind: "pong" }>, askedAt: Instant, arrivedAt: Instant): void;
  onLost(cause: Error): void;
  /** A connection was tried and did not come about; why, in words for the log. Comes with every attempt. */
  onUnreachable(reason: string): void;
}

const FEED_FRAME_MAX_BYTES = 256 * MIB;

/** Heartbeats that may be unanswered at a time; older ones are forgotten (their answers are then ignored). */
const PINGS_MAX = 64;

/** The edge's side of the feed: one stream on a connection of its own, reconnecting for ever. */
export class FeedClient {
  readonly #options: FeedClientOptions;
  readonly #handlers: FeedHandlers;
  readonly #slot: LinkSlot;
  readonly #askedAt = new Map<number, Instant>();
  #stream: ClientHttp2Stream | null = null;
  /** Whether the origin has let this edge in. */
  #isAccepted = false;
  #pingId = 0;
  #lastHeardAt: Instant = 0;
  #isClosed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: FeedClientOptions, handlers: FeedHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#slot = new LinkSlot(options, options.random, {
      // An origin that drains still tells the changes of its last statements; two feeds at once would mix.
      replacesDraining: false,
      onOpen: (link) => this.#open(link),
      onClosed: (cause) => this.#lost(cause),
    });
    this.#timer = setInterval(() => this.#heartbeat(), options.heartbeatIntervalMs);
    this.#timer.unref();
  }

  /** Whether the feed stream is up. */
  get isOpen(): boolean {
    return this.#stream !== null;
  }

  /** Drops the connection and starts over: the owner saw something that cannot be. */
  restart(cause: Error): void {
    this.#slot.restart(cause);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#slot.destroy();
  }

  #open(link: Link): void {
    const stream = link.request("/v1/feed");
    const decoder = new FrameDecoder(FEED_FRAME_MAX_BYTES);
    this.#stream = stream;
    this.#isAccepted = false;
    this.#askedAt.clear();
    this.#lastHeardAt = this.#options.clock.now();
    stream.on("response", (headers) => {
      const status = headers[":status"];
      this.#isAccepted = status === 200;
      if (status !== 200) link.abort(new Error(describeStatus(status)));
    });
    stream.on("data", (chunk: Buffer) => {
      if (this.#stream !== stream) return; // of a connection that has been given up
      try {
        decoder.push(chunk, (frame) => {
          if (this.#stream === stream) this.#receive(decodeFeedMessage(frame));
        });
      } catch (error) {
        link.abort(error instanceof Error ? error : new Error(String(error)));
      }
    });
    stream.on("error", () => {}); // `close` follows
    stream.on("close", () => link.abort(new Error("the feed stream ended")));
    stream.write(encodeFeedRequest({ kind: "hello", hello: this.#handlers.hello() }));
    this.#heartbeat();
  }

  #receive(message: FeedMessage): void {
    this.#lastHeardAt = this.#options.clock.now();
    if (message.kind !== "pong") {
      this.#handlers.onMessage(message);
      return;
    }
    const askedAt = this.#askedAt.get(message.id);
    if (askedAt === undefined) return;
    this.#askedAt.delete(message.id);
    this.#handlers.onPong(message, askedAt, this.#lastHeardAt);
  }

  #heartbeat(): void {
    const stream = this.#stream;
    if (stream === null) return;
    const now = this.#options.clock.now();
    if (now - this.#lastHeardAt > this.#options.silenceMaxMs) {
      this.#slot.restart(new Error("the feed is silent"));
      return;
    }
    this.#pingId += 1;
    this.#askedAt.set(this.#pingId, now);
    if (this.#askedAt.size > PINGS_MAX) {
      for (const oldest of this.#askedAt.keys()) {
        this.#askedAt.delete(oldest);
        break;
      }
    }
    stream.write(encodeFeedRequest({ kind: "ping", id: this.#pingId }));
  }

  #lost(cause: Error): void {
    const wasAccepted = this.#stream !== null && this.#isAccepted;
    this.#stream = null;
    if (this.#isClosed) return;
    if (wasAccepted) this.#handlers.onLost(cause);
    else this.#handlers.onUnreachable(describeLinkFailure(cause));
  }
}

function describeStatus(status: number | undefined): string {
  if (status === 401)
    return "the origin refuses this edge: origin.sharedSecret is not the origin's sharedSecret";
  return `what answers there is no origin: HTTP ${status}`;
}
