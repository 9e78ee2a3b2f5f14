import * as net from "node:net";
import * as tls from "node:tls";

/** What an edge trusts and shows on a TLS link. Texts are PEM. */
export interface LinkTls {
  /** The authority to trust instead of the system's list; null = that list. */
  readonly ca: string | null;
  /** The edge's own certificate with its key, for an origin that asks for one. */
  readonly identity: { readonly certificate: string; readonly key: string } | null;
  /** Name that the origin's certificate must carry; null = the host of the URL. */
  readonly serverName: string | null;
}

/** The connection under a link. */
export interface LinkSocket {
  /** TCP: what must be reset, and what counts received bytes. */
  readonly raw: net.Socket;
  /** What HTTP/2 is spoken on; the same as `raw` without TLS. */
  readonly session: net.Socket;
}

/**
 * Connects to `http://host:port` or `https://host:port` (TLS 1.3, ALPN h2, certificate and name always checked). The
 * TCP socket is one of our own: a TLS socket cannot be reset, and a link that is given up must be.
 */
export function connectLinkSocket(url: URL, trust: LinkTls | null): LinkSocket {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port === "" ? (isSecure ? 443 : 80) : url.port);
  const raw = net.connect({ host, port, noDelay: true });
  raw.on("error", () => {}); // the session reports it
  if (!isSecure) return { raw, session: raw };
  const name = trust?.serverName ?? host;
  const session = tls.connect({
    socket: raw,
    host: name,
    // An address is no server name (RFC 6066); it is compared with the certificate all the same.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ...(trust?.ca == null ? {} : { ca: trust.ca }),
    ...(trust?.identity == null ? {} : { cert: trust.identity.certificate, key: trust.identity.key }),
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
  });
  session.on("error", () => {}); // the same
  return { raw, session };
}
