import type { Socket } from "node:net";
import * as tls from "node:tls";
import type { CertificatePair } from "./certificate-file.ts";
import type { HttpVersion } from "./detect-version.ts";

/** What a TLS acceptor needs. */
export interface TlsAcceptorOptions {
  /** Time for a handshake. */
  readonly timeoutMs: number;
  /** A client is through; the version is what ALPN agreed on, HTTP/1.1 with clients that do not know it. */
  readonly onSecure: (socket: tls.TLSSocket, version: HttpVersion) => void;
  readonly onFailed: () => void;
}

/** TLS 1.2 and 1.3 on connections that somebody else accepted. */
export class TlsAcceptor {
  readonly #server: tls.Server;

  constructor(pair: CertificatePair, options: TlsAcceptorOptions) {
    this.#server = tls.createServer({
      ...pair,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: options.timeoutMs,
    });
    this.#server.on("secureConnection", (socket) => {
      options.onSecure(socket, socket.alpnProtocol === "h2" ? "h2" : "h1");
    });
    this.#server.on("tlsClientError", (_error, socket) => {
      socket.destroy();
      options.onFailed();
    });
  }

  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** For handshakes from now on. */
  renew(pair: CertificatePair): void {
    this.#server.setSecureContext({ ...pair, minVersion: "TLSv1.2" });
  }
}
