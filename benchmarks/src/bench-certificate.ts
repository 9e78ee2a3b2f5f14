import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestCertificates } from "@rockpool/testkit";
import type { BenchCertificate } from "./child-messages.ts";

/** A certificate for one run, in files and as text. */
export interface CertificateFolder extends BenchCertificate, Disposable {
  /** Opens an edge's TLS door with it, on any free port. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a certificate for loopback, removed when it is disposed of. */
export function openCertificateFolder(): CertificateFolder {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-bench-"));
  const { certFile, keyFile } = makeTestCertificates(folder);
  return {
    cert: readFileSync(certFile, "utf8"),
    key: readFileSync(keyFile, "utf8"),
    env: {
      ROCKPOOL_LISTEN_HTTPS_CERT_FILE: certFile,
      ROCKPOOL_LISTEN_HTTPS_KEY_FILE: keyFile,
      ROCKPOOL_LISTEN_HTTPS_PORT: "0",
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
