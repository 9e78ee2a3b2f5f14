import * as http2 from "node:http2";
import { TLSSocket } from "node:tls";
import { MIB } from "@rockpool/base";
import { connectLinkSocket, type LinkSocket, type LinkTls } from "./link-socket.ts";

/** Options of one HTTP/2 connection to an origin. */
export interface LinkOptions {
  /** `https://host:port`, or `http://host:port` (h2c) in a private network. */
  readonly url: string;
  /** For `https:`; asked at every connect, so that renewed certificates are used. Without it: the system's authorities. */
  readonly tls?: () => LinkTls;
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
  readonly #socket: LinkSocket;
  readonly #session: http2.ClientHttp2Session;
  #state: "connecting" | "open" | "draining" | "closed" = "connecting";
  #streamCount = 0;
  #startedCount = 0;
  #timer: NodeJS.Timeout;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#socket = connectLinkSocket(new URL(options.url), options.tls?.() ?? null);
    this.#session = http2.connect(options.url, {
      createConnection: () => this.#socket.session,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 128,
    });
    this.#timer = setTimeout(() => this.abort(new Error("connect timeout")), options.connectTimeoutMs);
    this.#timer.unref();
    this.#session.on("error", (error) => this.#close(error));
    this.#session.on("close", () => this.#close(this.#closedCause()));
    this.#watchTls();
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

  /** Ends it: RST on the TCP socket first, so that nothing unsent is delivered later, then every stream. */
  abort(cause: Error): void {
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

  /** A refused client certificate shows only here: the session hears nothing of an alert that comes this late. */
  #watchTls(): void {
    const { session } = this.#socket;
    if (!(session instanceof TLSSocket)) return;
    session.on("error", (error) => this.abort(error));
    session.once("secureConnect", () => {
      if (session.alpnProtocol !== "h2") this.abort(new Error("what answers there does not speak HTTP/2"));
    });
  }

  #closedCause(): Error {
    const { session } = this.#socket;
    const isRefused = this.#state === "connecting" && session instanceof TLSSocket && session.authorized;
    return new Error(
      isRefused
        ? "the origin hung up after the handshake: it does not trust this edge's certificate"
        : "connection closed",
    );
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
    const readBytes = this.#socket.raw.bytesRead;
    this.#timer = setTimeout(() => {
      if (!this.isOpen) return;
      if (this.#socket.raw.bytesRead > readBytes) this.#awaitPong();
      else this.abort(new Error("ping timeout"));
    }, this.#options.pingTimeoutMs);
    this.#timer.unref();
  }

  #close(cause: Error): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    // Not from within what the socket itself called: with TLS in between, Node 26 dies of that (SIGSEGV).
    setImmediate(() => {
      const { raw } = this.#socket;
      if (raw.connecting) raw.destroy();
      else raw.resetAndDestroy();
      this.#session.destroy();
    });
    this.#events.onClosed(cause);
  }
}
