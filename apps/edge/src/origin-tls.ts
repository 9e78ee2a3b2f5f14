import { createSecureContext } from "node:tls";
import type { LinkTls } from "@rockpool/backhaul";
import type { EdgeConfig } from "@rockpool/config";
import { type FileTexts, type SystemPorts, type WatchedFiles, watchFiles } from "@rockpool/runtime";
import type { Logger } from "@rockpool/telemetry";

type Key = "caFile" | "certFile" | "keyFile";

/** What the links to the origin trust and show. */
export interface OriginTls {
  /** For the next connection. */
  current(): LinkTls;
  close(): void;
}

/** Reads `origin.tls`, and again when the files change. Throws what is wrong with them at the start. */
export function openOriginTls(
  config: EdgeConfig,
  { timers, log }: SystemPorts & { readonly log: Logger },
): OriginTls {
  const { caFile, certFile, keyFile, serverName = null } = config.origin.tls;
  const files: WatchedFiles<Key> = watchFiles({
    files: { caFile, certFile, keyFile },
    use(texts) {
      const { ca, identity } = readTexts(texts, serverName);
      createSecureContext({ ca: ca ?? undefined, cert: identity?.certificate, key: identity?.key });
    },
    what: "origin.tls",
    timers,
    log,
  });
  return { current: () => readTexts(files.texts, serverName), close: () => files.close() };
}

function readTexts({ caFile, certFile, keyFile }: FileTexts<Key>, serverName: string | null): LinkTls {
  const identity = certFile === null || keyFile === null ? null : { certificate: certFile, key: keyFile };
  return { ca: caFile, identity, serverName };
}
