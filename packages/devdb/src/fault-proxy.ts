import { createServer, type Server, type Socket } from "node:net";
import { closeServer } from "./close-server.ts";
import { listenOn, listenOnLoopback } from "./loopback-port.ts";
import { createProxiedConnection, type Faults, type ProxiedConnection } from "./proxied-connection.ts";
import type { RelayTarget } from "./relay-target.ts";

/** Options of `openFaultProxy`. */
export interface FaultProxyOptions {
  readonly target: RelayTarget;
}

/** A TCP proxy that does to connections what networks do. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Connections of clients open now. */
  readonly connectionCount: number;
  /** Bytes passed on from clients to the target since the start. */
  readonly bytesUp: number;
  /** Bytes passed on from the target to clients since the start. */
  readonly bytesDown: number;
  /** Every chunk read from now on is held for this long, each way. 0 ends it. */
  latency(ms: number): void;
  /** No byte moves either way and connections stay open. New ones are accepted by the kernel and then hang. */
  freeze(): void;
  /** Ends `freeze`; what was held is delivered. */
  thaw(): void;
  /** Closes all connections on both sides in order (FIN), dropping what was held. */
  cut(): void;
  /** Resets all connections on both sides (RST). */
  reset(): void;
  /** While true new connections are refused (ECONNREFUSED); open ones are not touched. */
  refuse(isRefusing: boolean): Promise<void>;
  /** Passes on at most this many bytes a second towards one side; null ends it. The sender feels the back-pressure. */
  slowReader(towards: "client" | "server", bytesPerSecond: number | null): void;
  /** Cuts everything off and stops listening. */
  close(): Promise<void>;
}

/** Opens a fault proxy on a free loopback port. Without faults it passes everything on untouched. */
export async function openFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(options.target);
  await proxy.open();
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  readonly host = "127.0.0.1";
  readonly #target: RelayTarget;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #faults: Faults = {
    latencyMs: 0,
    isFrozen: false,
    upBytesPerSecond: null,
    downBytesPerSecond: null,
    bytesUp: 0,
    bytesDown: 0,
  };
  #server: Server | null = null;
  #port = 0;

  constructor(target: RelayTarget) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get bytesUp(): number {
    return this.#faults.bytesUp;
  }

  get bytesDown(): number {
    return this.#faults.bytesDown;
  }

  async open(): Promise<void> {
    this.#server = this.#createServer();
    this.#port = await listenOnLoopback(this.#server);
  }

  latency(ms: number): void {
    this.#faults.latencyMs = ms;
  }

  freeze(): void {
    this.#faults.isFrozen = true;
    this.#kickAll();
  }

  thaw(): void {
    this.#faults.isFrozen = false;
    this.#kickAll();
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  async refuse(isRefusing: boolean): Promise<void> {
    if (isRefusing) {
      // The listening socket is gone when `close` returns; its callback would wait for the open connections.
      this.#server?.close();
      this.#server = null;
    } else if (this.#server === null) {
      this.#server = this.#createServer();
      await listenOn(this.#server, this.#port);
    }
  }

  slowReader(towards: "client" | "server", bytesPerSecond: number | null): void {
    if (towards === "client") this.#faults.downBytesPerSecond = bytesPerSecond;
    else this.#faults.upBytesPerSecond = bytesPerSecond;
    this.#kickAll();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    if (this.#server !== null) await closeServer(this.#server, []);
    this.#server = null;
  }

  #createServer(): Server {
    return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    );
  }

  #accept(client: Socket): void {
    const connection = createProxiedConnection(client, this.#target, this.#faults);
    this.#connections.add(connection);
    client.on("close", () => this.#connections.delete(connection));
  }

  #kickAll(): void {
    for (const connection of this.#connections) connection.kick();
  }
}
