import * as http2 from "node:http2";
import * as net from "node:net";
import { MIB } from "@rockpool/base";

/** Options of one HTTP/2 connection to an origin. */
export interface LinkOptions {
  /** `http://host:port` (h2c; TLS between edge and origin comes with the hardening of the HTTP door). */
  readonly url: string;
  readonly sharedSecret: string;
  readonly connectTimeoutMs: number;
  /** How often an open link is checked with an HTTP/2 PING; an answer must come within `pingTimeoutMs`. */
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** Streams after which a link is replaced; default 2^29: HTTP/2 has 2^30 stream ids for a client, and no more after. */
  readonly streamsMax?: number;
}

/** What a link tells its owner. `onClosed` comes exactly once, whatever happens. */
export interface LinkEvents {
  onOpen(): void;
  /** The peer takes no new streams (GOAWAY); those in flight go on. At most once, between the other two. */
  onDraining(): void;
  onClosed(cause: Error): void;
}

/** Stream window: about one bandwidth-delay product (100 Mbit x 80 ms), so that one big result cannot starve small ones. */
export const STREAM_WINDOW_BYTES = MIB;
/** Connection window: 16 stream windows (reference: 8 MB over 80 ms RTT took 12.8 s with the defaults, 0.8 s with these). */
export const CONNECTION_WINDOW_BYTES = 16 * MIB;

const STREAMS_MAX = 2 ** 29;

/**
 * One HTTP/2 connection, from connect to close; never reused. A dead peer is found by PING, and its socket is reset
 * before the session is destroyed: otherwise the kernel may still deliver a written statement seconds later.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #socket: net.Socket;
  readonly #session: http2.ClientHttp2Session;
  #state: "connecting" | "open" | "draining" | "closed" = "connecting";
  #streamCount = 0;
  #startedCount = 0;
  #timer: NodeJS.Timeout;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    const url = new URL(options.url);
    this.#socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.#socket.on("error", () => {}); // the session reports it
    this.#session = http2.connect(options.url, {
      createConnection: () => this.#socket,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 128,
    });
    this.#timer = setTimeout(() => this.abort(new Error("connect timeout")), options.connectTimeoutMs);
    this.#timer.unref();
    this.#session.on("error", (error) => this.#close(error));
    this.#session.on("close", () => this.#close(new Error("connection closed")));
    this.#session.on("goaway", () => {
      if (this.#state !== "open") return;
      this.#state = "draining";
      clearTimeout(this.#timer); // Node pings no session that is closing: from here on each statement has its own deadline
      this.#events.onDraining();
    });
    // Not `connect`: that is TCP's word only, and a peer that hangs has not spoken. What waits until then is harmless.
    this.#session.once("remoteSettings", () => this.#opened());
  }

  /** Whether new streams may be started. */
  get isOpen(): boolean {
    return this.#state === "open" && !this.#session.closed && !this.#session.destroyed;
  }

  /** Streams in flight. */
  get streamCount(): number {
    return this.#streamCount;
  }

  /** Starts a POST stream; the caller sets its handlers before anything can arrive. Only while `isOpen`. */
  request(path: string): http2.ClientHttp2Stream {
    const stream = this.#session.request(
      { ":method": "POST", ":path": path, authorization: `Bearer ${this.#options.sharedSecret}` },
      { endStream: false },
    );
    this.#streamCount += 1;
    this.#startedCount += 1;
    stream.once("close", () => {
      this.#streamCount -= 1;
    });
    // Not at once: the caller has yet to write, and a closing session takes no more.
    if (this.#startedCount === (this.#options.streamsMax ?? STREAMS_MAX)) setImmediate(() => this.#retire());
    return stream;
  }

  /** Ends it at once: RST on the socket first, so that nothing unsent is delivered later, then every stream. */
  abort(cause: Error): void {
    if (this.#state === "closed") return;
    this.#socket.resetAndDestroy();
    this.#session.destroy();
    this.#close(cause);
  }

  /** Lets streams in flight end, then closes. */
  drain(): void {
    if (this.#state === "closed") return;
    this.#state = "draining";
    clearTimeout(this.#timer);
    this.#session.close();
  }

  /** Its stream ids are used up: what runs may end, and the owner opens another. */
  #retire(): void {
    if (this.#state !== "open") return;
    this.drain();
    this.#events.onDraining();
  }

  #opened(): void {
    if (this.#state !== "connecting") return;
    clearTimeout(this.#timer);
    this.#state = "open";
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#schedulePing();
    this.#events.onOpen();
  }

  #schedulePing(): void {
    this.#timer = setTimeout(() => this.#ping(), this.#options.pingIntervalMs);
    this.#timer.unref();
  }

  #ping(): void {
    if (!this.isOpen) return;
    this.#awaitPong();
    const sent = this.#session.ping((error) => {
      if (error !== null || this.#state !== "open") return;
      clearTimeout(this.#timer);
      this.#schedulePing();
    });
    if (!sent) this.abort(new Error("ping could not be sent"));
  }

  /** A pong may stand behind megabytes of answers: as long as bytes come, the peer is slow and not dead. */
  #awaitPong(): void {
    const readBytes = this.#socket.bytesRead;
    this.#timer = setTimeout(() => {
      if (!this.isOpen) return;
      if (this.#socket.bytesRead > readBytes) this.#awaitPong();
      else this.abort(new Error("ping timeout"));
    }, this.#options.pingTimeoutMs);
    this.#timer.unref();
  }

  #close(cause: Error): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#session.destroy();
    this.#socket.destroy();
    this.#events.onClosed(cause);
  }
}
