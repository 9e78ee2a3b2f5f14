import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestCertificates, type TestCertificateFiles } from "@rockpool/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig, waitUntil } from "../src/index.ts";

// Edge and origin with certificates of their own, as programs read them from files.

const folder = mkdtempSync(join(tmpdir(), "rockpool-backhaul-tls-"));
const first: TestCertificateFiles = makeTestCertificates(join(folder, "first"));
const second: TestCertificateFiles = makeTestCertificates(join(folder, "second"));
/** The files that the programs were told; their content changes. */
const files = {
  caFile: join(folder, "ca.pem"),
  certFile: join(folder, "cert.pem"),
  keyFile: join(folder, "key.pem"),
};
const edgeOrigin = { url: "", tls: files };
let rig: Rig;
let url = "";

beforeAll(async () => {
  install(first);
  const tls = { certFile: files.certFile, keyFile: files.keyFile, clientCaFile: files.caFile };
  rig = await openRig({
    databaseOnly: true,
    originConfig: { listen: { backhaul: { tls } } },
    edgeConfig: { origin: edgeOrigin },
  });
  edgeOrigin.url = `https://127.0.0.1:${rig.originLinks[0]?.port}`;
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.ready();
  url = rig.edges[0]?.line.http ?? "";
});
afterAll(async () => {
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Both sides use the same certificate here: it is good for servers and clients. */
function install(
  from: TestCertificateFiles,
  names: readonly (keyof typeof files)[] = ["caFile", "certFile", "keyFile"],
): void {
  for (const name of names) copyFileSync(from[name], files[name]);
}

async function isReady(): Promise<boolean> {
  return (await fetch(`${rig.edges[0]?.line.admin}/readyz`)).status === 200;
}

test("statements and the feed run over TLS with certificates on both sides", async () => {
  expect(rig.origin.line.backhaul).toMatch(/^https:/);
  await execute(url, rig.login, "CREATE TABLE t (id INT PRIMARY KEY)");
  await execute(url, rig.login, "INSERT INTO t VALUES (1)");
  const read = async () => execute(url, rig.login, "SELECT id FROM t");
  expect(cellsOf(await read())).toEqual([["1"]]);
  await waitUntil(async () => (await read()).cache.startsWith("hit"));
});

test("an edge that trusts nobody there says so, and comes back when its files are right", async () => {
  const line = "cannot be reached";
  install(second, ["caFile"]);
  const edge = rig.edges[0];
  await waitUntil(() => edge?.log().includes("origin.tls: read again") === true);
  rig.originLinks[0]?.cut();
  await waitUntil(() => edge?.log().includes(line) === true);
  expect(edge?.log()).toContain("signed by nobody this edge trusts: check origin.tls.caFile");
  expect(await isReady()).toBe(false);
  install(first, ["caFile"]);
  await waitUntil(isReady, 30_000);
});

test("both sides change their authority while they run", async () => {
  const count = (words: string): number => `${rig.origin.log()}${rig.edges[0]?.log()}`.split(words).length;
  const before = {
    origin: count("listen.backhaul.tls: read"),
    edge: count("origin.tls: read"),
    feed: count("feed open"),
  };
  install(second);
  await waitUntil(() => count("listen.backhaul.tls: read") > before.origin);
  await waitUntil(() => count("origin.tls: read") > before.edge);
  rig.originLinks[0]?.cut();
  await waitUntil(() => count("feed open") > before.feed);
  await waitUntil(isReady);
  expect(cellsOf(await execute(url, rig.login, "SELECT id FROM t"))).toEqual([["1"]]);
});
