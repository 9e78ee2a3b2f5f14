import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { MIB } from "@rockpool/base";
import { HEADERS_MAX_BYTES, HEADERS_MAX_COUNT, STREAMS_MAX } from "./door-limits.ts";
import { H2Connection } from "./h2-connection.ts";
import type { VersionServer, VersionServerOptions } from "./version-server.ts";

/** What clients may send on a connection before we have read any of it. */
const CONNECTION_WINDOW_BYTES = MIB;
/** Frames of one session in node's hands; 300 answers of the largest entries must fit, or new streams are refused. */
const SESSION_MAX_MEGABYTES = 64;
/** Streams that a client may cancel at once, and each second: a burst beyond it is an attack, and ends the session. */
const RESET_BURST = 1_000;
const RESET_PER_SECOND = 33;
const INVALID_FRAMES_MAX = 100;
const SETTINGS_MAX = 32;
/** How often a draining server looks for connections on which nothing is open any more. */
const QUIET_INTERVAL_MS = 20;
const OUTSTANDING_PINGS_MAX = 10;

/** HTTP/2 on connections that somebody else accepted: node:http2's stream API, its limits, and our deadlines. */
export class H2Server implements VersionServer {
  readonly #server: http2.Http2Server;
  readonly #connections = new Set<H2Connection>();
  #now: number;
  #quietTimer: NodeJS.Timeout | null = null;

  constructor(options: VersionServerOptions, now: number) {
    this.#now = now;
    this.#server = http2.createServer({
      settings: {
        maxConcurrentStreams: STREAMS_MAX,
        maxHeaderListSize: HEADERS_MAX_BYTES,
        enablePush: false,
        enableConnectProtocol: false,
      },
      maxHeaderListPairs: HEADERS_MAX_COUNT,
      maxSessionMemory: SESSION_MAX_MEGABYTES,
      maxSessionInvalidFrames: INVALID_FRAMES_MAX,
      maxSettings: SETTINGS_MAX,
      maxOutstandingPings: OUTSTANDING_PINGS_MAX,
      streamResetBurst: RESET_BURST,
      streamResetRate: RESET_PER_SECOND,
    });
    this.#server.on("sessionError", ignoreError);
    this.#server.on("session", (session) => {
      const connection = new H2Connection(session, options, this.#now);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      this.#connections.add(connection);
      if (this.#quietTimer !== null) connection.beginDrain();
      session.once("close", () => this.#connections.delete(connection));
    });
  }

  accept(socket: Socket): void {
    // The listener keeps sockets half open, for HTTP/1.1; here a client's end is the connection's.
    socket.allowHalfOpen = false;
    this.#server.emit("connection", socket);
  }

  sweep(now: number): void {
    this.#now = now;
    for (const connection of this.#connections) connection.sweep(now);
  }

  beginDrain(): void {
    for (const connection of this.#connections) connection.beginDrain();
    this.#quietTimer ??= setInterval(() => {
      for (const connection of this.#connections) connection.closeIfQuiet();
    }, QUIET_INTERVAL_MS);
  }

  /** Each connection sees to that by itself. */
  closeIdle(): void {}

  close(): void {
    if (this.#quietTimer !== null) clearInterval(this.#quietTimer);
    this.#server.close();
  }
}

/** The session ends with it, and its streams say so to those who wait for them. */
function ignoreError(): void {}
