import * as net from "node:net";
import type { ErrorCode } from "@rockpool/base";
import type { Logger } from "@rockpool/telemetry";
import { CertificateFile } from "./certificate-file.ts";
import { ConnectionGate, type ConnectionRefusal, type DoorLimits } from "./connection-gate.ts";
import { detectVersion, type HttpVersion } from "./detect-version.ts";
import { ANSWERS_MAX_BYTES, SWEEP_INTERVAL_MS } from "./door-limits.ts";
import { H1Server } from "./h1-server.ts";
import { H2Server } from "./h2-server.ts";
import { BodyBudget } from "./read-body.ts";
import type { Router } from "./router.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";
import type { VersionServer } from "./version-server.ts";

/** Where a door listens. */
export interface DoorAddress {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** Listeners, bounds, and what a door asks and tells. */
export interface HttpDoorOptions extends Readonly<DoorLimits> {
  /** HTTP/1.1 and h2c on one port. */
  readonly http: DoorAddress;
  /** HTTP/2 and HTTP/1.1 by ALPN. */
  readonly https: (DoorAddress & { readonly certFile: string; readonly keyFile: string }) | null;
  readonly reusePort: boolean;
  readonly log: Logger;
  readonly router: Router;
  /** Whether an address may connect at all. */
  readonly mayConnect: (address: string) => boolean;
  readonly onConnectionRefused: (why: ConnectionRefusal | "tls") => void;
  /** A connection's version of HTTP is known: requests can come. */
  readonly onConnectionOpened?: (version: HttpVersion, isSecure: boolean) => void;
  /** A request was refused before any handler saw it. */
  readonly onRequestRefused: (code: ErrorCode) => void;
  /** Time between two looks at the certificate's files; for tests. */
  readonly certificateIntervalMs?: number;
}

/** Where a door was found to listen. */
export interface DoorPorts {
  readonly http: number;
  readonly https: number | null;
}

const BACKLOG = 4_096;
const CERTIFICATE_INTERVAL_MS = 3_000;
/** How long a closing door waits for a further request on an idle connection: it may be on its way already. */
const IDLE_GRACE_MS = 2_000;
/** How often it then looks for connections that have become idle. */
const IDLE_SWEEP_MS = 50;

/** The listeners for clients: one cleartext port, one for TLS, both versions of HTTP on either. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #limits: DoorLimits;
  readonly #gate: ConnectionGate;
  readonly #servers: Readonly<Record<HttpVersion, VersionServer>>;
  readonly #listeners: net.Server[] = [];
  readonly #certificate: CertificateFile | null;
  /** Cleartext connections whose version is not known yet. */
  readonly #undecided = new Set<net.Socket>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    const { onConnectionRefused, onRequestRefused, https } = options;
    this.#limits = pickLimits(options);
    const limits = this.#limits;
    this.#gate = new ConnectionGate({ ...options, limits, onRefused: onConnectionRefused });
    const answers = new BodyBudget(ANSWERS_MAX_BYTES);
    const versionOptions = { ...options, limits, answers, onRefused: onRequestRefused };
    this.#servers = {
      h1: new H1Server(versionOptions),
      h2: new H2Server(versionOptions, performance.now()),
    };
    this.#certificate =
      https === null
        ? null
        : new CertificateFile({
            ...https,
            log: options.log,
            intervalMs: options.certificateIntervalMs ?? CERTIFICATE_INTERVAL_MS,
          });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  /** Other limits from now on: for new connections at once, for open ones within a second; TLS handshakes keep theirs. */
  setLimits(limits: Readonly<DoorLimits>): void {
    Object.assign(this.#limits, pickLimits(limits));
    this.#sweep();
  }

  /** Client connections that are open now. */
  get connectionCount(): number {
    return this.#gate.count;
  }

  /** Bytes on the wire so far. */
  get traffic(): ConnectionGate["traffic"] {
    return this.#gate.traffic;
  }

  /** When the certificate in use ceases to be valid: seconds since 1970; NaN without one. */
  get certificateExpiresAtSeconds(): number {
    return this.#certificate?.expiresAtSeconds ?? Number.NaN;
  }

  /** Opens the ports. Rejects when one is taken or the certificate cannot be used. */
  async listen(): Promise<DoorPorts> {
    const { http, https } = this.#options;
    const secure = await this.#openTls();
    const detect = (socket: net.Socket): void => {
      this.#undecided.add(socket);
      socket.once("close", () => this.#undecided.delete(socket));
      detectVersion(socket, this.#limits.headersTimeoutMs, (version) => {
        this.#undecided.delete(socket);
        this.#options.onConnectionOpened?.(version, false);
        this.#servers[version].accept(socket);
      });
    };
    const httpPort = await this.#listenOn(http, detect);
    if (https === null || secure === null) return { http: httpPort, https: null };
    return { http: httpPort, https: await this.#listenOn(https, (socket) => secure.accept(socket)) };
  }

  /**
   * Stops accepting, lets every connection's next answer be its last, and resolves when all are gone. An idle one is
   * kept for a moment, as a request may be on its way; what is left after `drainMaxMs` is cut.
   */
  async close(drainMaxMs: number): Promise<void> {
    const { h1, h2 } = this.#servers;
    this.#certificate?.close();
    // Behind the accepting of this turn: who waits in the queue of a closed listener is turned away.
    await new Promise((resolve) => setImmediate(resolve));
    for (const listener of this.#listeners) listener.close();
    h1.beginDrain();
    h2.beginDrain();
    let sweep: NodeJS.Timeout | null = null;
    const grace = setTimeout(
      () => {
        sweep = setInterval(() => this.#closeIdle(), IDLE_SWEEP_MS);
        this.#closeIdle();
      },
      Math.min(IDLE_GRACE_MS, drainMaxMs),
    );
    const end = setTimeout(() => this.#gate.destroyAll(), drainMaxMs);
    await this.#gate.empty();
    for (const timer of [grace, end, this.#sweeper]) clearTimeout(timer);
    if (sweep !== null) clearInterval(sweep);
    h1.close();
    h2.close();
  }

  async #openTls(): Promise<TlsAcceptor | null> {
    if (this.#certificate === null) return null;
    const acceptor = new TlsAcceptor(await this.#certificate.open(), {
      timeoutMs: this.#limits.headersTimeoutMs,
      onSecure: (socket, version) => {
        this.#options.onConnectionOpened?.(version, true);
        this.#servers[version].accept(socket);
      },
      onFailed: () => this.#options.onConnectionRefused("tls"),
    });
    this.#certificate.watch((pair) => acceptor.renew(pair));
    return acceptor;
  }

  #listenOn({ host, port }: DoorAddress, onSocket: (socket: net.Socket) => void): Promise<number> {
    const { reusePort } = this.#options;
    const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (this.#gate.admit(socket)) onSocket(socket);
    });
    this.#listeners.push(listener);
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ host, port, backlog: BACKLOG, reusePort }, () => {
        listener.off("error", reject);
        resolve((listener.address() as net.AddressInfo).port); // a TCP listener's address
      });
    });
  }

  #closeIdle(): void {
    for (const socket of this.#undecided) socket.destroy();
    this.#servers.h1.closeIdle();
    this.#servers.h2.closeIdle();
  }

  #sweep(): void {
    const now = performance.now();
    this.#servers.h1.sweep(now);
    this.#servers.h2.sweep(now);
  }
}

function pickLimits(limits: Readonly<DoorLimits>): DoorLimits {
  const { connectionsMax, headersTimeoutMs, keepAliveTimeoutMs, requestTimeoutMs } = limits;
  return { connectionsMax, headersTimeoutMs, keepAliveTimeoutMs, requestTimeoutMs };
}
