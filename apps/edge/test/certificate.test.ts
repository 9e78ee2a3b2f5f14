import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { createLogger } from "@rockpool/telemetry";
import { afterEach, expect, test } from "vitest";
import { until } from "./bench.ts";
import { type DoorBench, openDoorBench } from "./door-bench.ts";

let bench: DoorBench;
afterEach(() => bench[Symbol.asyncDispose]());

/** The serial number of the certificate that a client is shown now. */
function serialNow(): Promise<string> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(bench.certificates.caFile);
    const socket = connect({ host: "127.0.0.1", port: bench.tlsPort, ca });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

test("a renewed certificate is used from the next handshake on; one that does not fit its key never", async () => {
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line) });
  bench = await openDoorBench({ log, certificateIntervalMs: 10 });
  const first = await serialNow();
  const expiry = bench.door.certificateExpiresAtSeconds;
  expect(expiry).toBeGreaterThan(Date.now() / 1000);

  const held = connect({
    host: "127.0.0.1",
    port: bench.tlsPort,
    ca: readFileSync(bench.certificates.caFile),
  });
  await new Promise((resolve) => held.on("secureConnect", resolve));
  bench.certificates.issue("server", { validDays: [-1, 60] });
  await until(() => lines.some((line) => line.includes("certificate renewed")));
  const second = await serialNow();
  expect(second).not.toBe(first);
  expect(bench.door.certificateExpiresAtSeconds).toBeGreaterThan(expiry);

  const good = readFileSync(bench.certificates.keyFile);
  const { keyFile } = bench.certificates.issue("other");
  writeFileSync(bench.certificates.keyFile, readFileSync(keyFile));
  await until(() => lines.some((line) => line.includes("not renewed")));
  expect(await serialNow()).toBe(second);

  const renewals = lines.length;
  writeFileSync(bench.certificates.keyFile, good);
  await until(() => lines.length > renewals);
  expect(await serialNow()).toBe(second);

  // Connections from before go on.
  let said = "";
  held.on("data", (chunk: Buffer) => (said += chunk.toString()));
  held.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await until(() => said.includes("200 OK"));
  held.destroy();
});
