import type { Socket } from "node:net";

/** Why a client connection was closed at once. */
export type ConnectionRefusal = "limit" | "access";

/** What an operator bounds connections by. One object for all parts of a door: a reload changes it. */
export interface DoorLimits {
  connectionsMax: number;
  headersTimeoutMs: number;
  /** 0 = idle connections are kept for ever. */
  keepAliveTimeoutMs: number;
  requestTimeoutMs: number;
}

/** What a gate asks and tells. */
export interface ConnectionGateOptions {
  readonly limits: DoorLimits;
  /** Whether an address may connect at all. */
  readonly mayConnect: (address: string) => boolean;
  readonly onRefused: (why: ConnectionRefusal) => void;
}

/** All client connections of a door, whatever their port and version of HTTP; none passes that is too many. */
export class ConnectionGate {
  readonly #options: ConnectionGateOptions;
  readonly #sockets = new Set<Socket>();
  #onEmpty: (() => void) | null = null;
  /** Of connections that are gone. */
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(options: ConnectionGateOptions) {
    this.#options = options;
  }

  /** Connections that are open now. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Bytes that came in and went out on the wire so far, on all connections. */
  get traffic(): { readonly receivedBytes: number; readonly sentBytes: number } {
    let receivedBytes = this.#receivedBytes;
    let sentBytes = this.#sentBytes;
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      receivedBytes += bytesRead;
      sentBytes += bytesWritten;
    }
    return { receivedBytes, sentBytes };
  }

  /** Whether a new connection may stay; one that may not is gone. */
  admit(socket: Socket): boolean {
    const refusal = this.#refusalOf(socket);
    if (refusal !== null) {
      socket.destroy();
      this.#options.onRefused(refusal);
      return false;
    }
    this.#sockets.add(socket);
    socket.on("error", ignoreError);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#receivedBytes += socket.bytesRead;
      this.#sentBytes += socket.bytesWritten;
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    return true;
  }

  /** Resolves when no connection is open. */
  empty(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Cuts every connection, with an abort: nothing that is still under way can look finished. */
  destroyAll(): void {
    for (const socket of this.#sockets) {
      // A socket that has sent its end cannot be reset any more: libuv refuses, and node then never closes it.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #refusalOf(socket: Socket): ConnectionRefusal | null {
    if (this.#sockets.size >= this.#options.limits.connectionsMax) return "limit";
    // Undefined when the client has already gone.
    const { remoteAddress } = socket;
    return remoteAddress !== undefined && this.#options.mayConnect(remoteAddress) ? null : "access";
  }
}

/** `close` follows. */
function ignoreError(): void {}
