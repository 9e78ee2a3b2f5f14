import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { BackhaulServer, BackhaulServerTls } from "@rockpool/backhaul";
import type { OriginConfig } from "@rockpool/config";
import { type FileTexts, type SystemPorts, watchFiles } from "@rockpool/runtime";
import type { Logger } from "@rockpool/telemetry";

/** The certificates of the backhaul's listener. */
export interface BackhaulTls {
  /** To start with; null = cleartext. */
  readonly initial: BackhaulServerTls | null;
  /** When the certificate in use ceases to be valid: seconds since 1970; NaN in cleartext. */
  expiresAtSeconds(): number;
  /** Gives the server every later version. */
  follow(server: BackhaulServer): void;
  close(): void;
}

type Files = FileTexts<"certFile" | "keyFile" | "clientCaFile">;

/** Reads `listen.backhaul.tls`, and again when the files change. Throws what is wrong with them at the start. */
export function openBackhaulTls(
  config: OriginConfig,
  { timers, log }: SystemPorts & { readonly log: Logger },
): BackhaulTls {
  const { tls } = config.listen.backhaul;
  if (tls === undefined) {
    return { initial: null, expiresAtSeconds: () => Number.NaN, follow() {}, close() {} };
  }
  let server: BackhaulServer | null = null;
  let expiresAt = Number.NaN;
  const files = watchFiles({
    files: { certFile: tls.certFile, keyFile: tls.keyFile, clientCaFile: tls.clientCaFile },
    use(texts) {
      const read = readTexts(texts);
      createSecureContext({ cert: read.certificate, key: read.key, ca: read.clientCa ?? undefined });
      expiresAt = expiryOf(read);
      server?.setTls(read);
    },
    what: "listen.backhaul.tls",
    timers,
    log,
  });
  const initial = readTexts(files.texts);
  expiresAt = expiryOf(initial);
  return {
    initial,
    expiresAtSeconds: () => expiresAt,
    follow(opened) {
      server = opened;
    },
    close: () => files.close(),
  };
}

function expiryOf({ certificate }: BackhaulServerTls): number {
  return Date.parse(new X509Certificate(certificate).validTo) / 1000;
}

function readTexts({ certFile, keyFile, clientCaFile }: Files): BackhaulServerTls {
  return { certificate: certFile ?? "", key: keyFile ?? "", clientCa: clientCaFile };
}
