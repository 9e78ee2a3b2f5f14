import { type ChildProcess, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRig, type Rig, waitUntil } from "@rockpool/conformance";
import { makeTestCertificates, type TestCertificateFiles } from "@rockpool/testkit";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readArtifact } from "./deployments.ts";
import { provideProgram } from "./provide-program.ts";

// Goal: the Caddyfile as it stands, in front of a real edge, gives a real browser HTTP/3.

const EXECUTE = "/psdb.v1alpha1.Database/Execute";
/** Chromium is about 100 MB to download where it is missing. */
const SET_UP_MAX_MS = 300_000;

let rig: Rig;
let certificates: TestCertificateFiles;
let caddy: ChildProcess;
let browser: Browser;
let port: number;
let caddyLog = "";
const folder = mkdtempSync(join(tmpdir(), "rockpool-h3-"));

beforeAll(async () => {
  const programs = {
    caddy: provideProgram("caddy", "caddy"),
    chromium: provideProgram("chromium", "chromium"),
  };
  certificates = makeTestCertificates(folder);
  // Ports that stay the same, so that an edge can come back to where Caddy looks for it.
  const [http, admin] = [{ port: await findPort() }, { port: await findPort() }];
  rig = await openRig({ edgeConfig: { listen: { http, admin }, access: { trustedProxies: ["127.0.0.1"] } } });
  port = await findPort();
  caddy = startCaddy(programs.caddy);
  await waitUntil(async () => (await askByHttp2("/", "GET").catch(() => null))?.status === 200);
  browser = await chromium.launch({
    executablePath: programs.chromium,
    args: [
      `--origin-to-force-quic-on=localhost:${port}`,
      `--ignore-certificate-errors-spki-list=${publicKeyHash(certificates.certFile)}`,
      // Without it the browser tries ::1 first, where nobody listens.
      "--host-resolver-rules=MAP localhost 127.0.0.1",
      "--no-sandbox",
    ],
  });
}, SET_UP_MAX_MS);

afterAll(async () => {
  await browser?.close();
  caddy?.kill("SIGKILL");
  await rig?.close();
  rmSync(folder, { recursive: true });
});

test("a browser's statements travel over HTTP/3 until one is a hit", async () => {
  const page = await browser.newPage();
  const greeting = await page.goto(`https://localhost:${port}/`);
  expect(greeting?.status()).toBe(200);
  // Runs in the page, where the compiler's types of Node do not hold: hence text.
  const seen = await page.evaluate(`(async () => {
    const ask = async (query) => {
      const answer = await fetch(${JSON.stringify(EXECUTE)}, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: ${JSON.stringify(authorization())} },
        body: JSON.stringify({ query }),
      });
      const { result } = await answer.json();
      return { status: answer.status, cache: answer.headers.get("rockpool-cache"), values: result.rows?.[0]?.values };
    };
    await ask("CREATE TABLE browsers (id INT PRIMARY KEY, name TEXT)");
    await ask("INSERT INTO browsers VALUES (1, 'chromium')");
    let last = null;
    // The first answers may be misses: definitions are read again after the CREATE.
    for (let tries = 0; tries < 500 && !last?.cache.startsWith("hit"); tries++) {
      last = await ask("SELECT name FROM browsers WHERE id = 1");
    }
    const entries = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/Execute"));
    const protocols = [...new Set(entries.map(({ nextHopProtocol }) => nextHopProtocol))];
    return { status: last.status, cache: last.cache, text: atob(last.values), protocols };
  })()`);
  expect(seen).toEqual({
    status: 200,
    cache: expect.stringMatching(/^hit/),
    text: "chromium",
    protocols: ["h3"],
  });
  await page.close();
});

test("the same address speaks HTTP/2, and says that it speaks HTTP/3", async () => {
  const answer = await askByHttp2(EXECUTE, "POST");
  expect(answer.status).toBe(200);
  expect(answer.alternatives).toContain(`h3=":${port}"`);
});

test("an edge that has gone is a clear error, and one that is back is used again", async () => {
  await rig.edges[0]?.stop();
  await waitUntil(async () => (await askByHttp2(EXECUTE, "POST")).status === 503, 30_000);
  await rig.startEdge(0);
  await waitUntil(async () => (await askByHttp2("/", "GET")).status === 200, 30_000);
  expect((await askByHttp2(EXECUTE, "POST")).status).toBe(200);
});

/** The Caddyfile with this test's addresses, on loopback only. */
function startCaddy(program: string): ChildProcess {
  const edge = rig.edges[0];
  if (edge === undefined) throw new Error("the rig has no edge");
  const file = join(folder, "Caddyfile");
  const text = readArtifact("caddy/Caddyfile");
  writeFileSync(file, text.replace("\tadmin off\n", "\tadmin off\n\tdefault_bind 127.0.0.1\n"));
  const child = spawn(program, ["run", "--adapter", "caddyfile", "--config", file], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      SITE: `localhost:${port}`,
      TLS: `tls ${certificates.certFile} ${certificates.keyFile}`,
      EDGES: new URL(edge.line.http).host,
      EDGE_ADMIN_PORT: new URL(edge.line.admin).port,
    },
  });
  child.stderr?.on("data", (chunk: Buffer) => (caddyLog = (caddyLog + chunk.toString()).slice(-65_536)));
  child.once("exit", (code) => {
    if (code !== null) process.stderr.write(`caddy ended with ${code}:\n${caddyLog}\n`);
  });
  return child;
}

function authorization(): string {
  return `Basic ${Buffer.from(`${rig.login.user}:${rig.login.password}`).toString("base64")}`;
}

/** One request on a connection of its own. */
function askByHttp2(path: string, method: string): Promise<{ status: number; alternatives: string }> {
  const ca = readFileSync(certificates.caFile);
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://localhost:${port}`, { ca, lookup: loopback });
    session.once("error", reject);
    const stream = session.request({
      ":method": method,
      ":path": path,
      "content-type": "application/json",
      authorization: authorization(),
    });
    stream.once("error", reject);
    stream.once("response", (headers) => {
      session.destroy();
      resolve({ status: headers[":status"] ?? 0, alternatives: String(headers["alt-svc"]) });
    });
    stream.end(method === "POST" ? JSON.stringify({ query: "SELECT 1" }) : undefined);
  });
}

/** Caddy listens on IPv4 here. */
function loopback(
  _: string,
  options: { all?: boolean | undefined },
  callback: (error: null, address: string | { address: string; family: number }[], family?: number) => void,
): void {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
}

/** What Chromium calls a certificate: the SHA-256 of its public key. */
function publicKeyHash(certFile: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certFile));
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

/** A port that nobody has, for TCP; Caddy takes the same number of UDP. */
function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = server.address() as AddressInfo; // a TCP listener's address
      server.close(() => resolve(free));
    });
  });
}
