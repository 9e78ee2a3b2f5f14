import { createSecureContext } from "node:tls";
import type { BackhaulServer, BackhaulServerTls } from "@rockpool/backhaul";
import type { OriginConfig } from "@rockpool/config";
import { type FileTexts, type SystemPorts, watchFiles } from "@rockpool/runtime";
import type { Logger } from "@rockpool/telemetry";

/** The certificates of the backhaul's listener. */
export interface BackhaulTls {
  /** To start with; null = cleartext. */
  readonly initial: BackhaulServerTls | null;
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
  if (tls === undefined) return { initial: null, follow() {}, close() {} };
  let server: BackhaulServer | null = null;
  const files = watchFiles({
    files: { certFile: tls.certFile, keyFile: tls.keyFile, clientCaFile: tls.clientCaFile },
    use(texts) {
      const read = readTexts(texts);
      createSecureContext({ cert: read.certificate, key: read.key, ca: read.clientCa ?? undefined });
      server?.setTls(read);
    },
    what: "listen.backhaul.tls",
    timers,
    log,
  });
  return {
    initial: readTexts(files.texts),
    follow(opened) {
      server = opened;
    },
    close: () => files.close(),
  };
}

function readTexts({ certFile, keyFile, clientCaFile }: Files): BackhaulServerTls {
  return { certificate: certFile ?? "", key: keyFile ?? "", clientCa: clientCaFile };
}
