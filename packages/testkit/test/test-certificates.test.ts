import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { afterAll, expect, test } from "vitest";
import { createTestAuthority, makeTestCertificates } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "rockpool-certificates-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The error code of a handshake, or the names on the certificate that was shown. */
function handshake(files: { certFile: string; keyFile: string; caFile: string }, servername: string) {
  const server = tls.createServer({ cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) });
  server.on("tlsClientError", () => {});
  return new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const socket = tls.connect({ port, host: "127.0.0.1", servername, ca: readFileSync(files.caFile) });
      socket.on("secureConnect", () => resolve(socket.getPeerCertificate().subjectaltname ?? ""));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on("close", () => server.close());
      socket.once("secureConnect", () => socket.destroy());
    });
  });
}

test("a certificate is valid for its names and its authority, and for no others", async () => {
  const files = makeTestCertificates(folder);
  const other = createTestAuthority("other");
  expect(await handshake(files, "localhost")).toBe("DNS:localhost, IP Address:127.0.0.1");
  expect(await handshake(files, "elsewhere.example")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  const expired = { caFile: files.caFile, ...files.issue("expired", { validDays: [-3, -1] }) };
  expect(await handshake(expired, "localhost")).toBe("CERT_HAS_EXPIRED");
  const certificate = new X509Certificate(readFileSync(files.certFile));
  expect(certificate.verify(new X509Certificate(readFileSync(files.caFile)).publicKey)).toBe(true);
  expect(certificate.verify(new X509Certificate(other.certificate).publicKey)).toBe(false);
});
