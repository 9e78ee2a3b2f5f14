import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { createLogger } from "@rockpool/telemetry";
import { makeTestCertificates } from "@rockpool/testkit";
import { afterEach, expect, test, vi } from "vitest";
import { createSystemPorts } from "./system-ports.ts";
import { type FileTexts, watchFiles } from "./watched-files.ts";

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0).toReversed()) step();
});

/** Watches a pair in a folder of its own. */
function watchPair() {
  const folder = mkdtempSync(join(tmpdir(), "watched-files-"));
  cleanup.push(() => rmSync(folder, { recursive: true }));
  const pair = makeTestCertificates(folder);
  const used: FileTexts<"cert" | "key" | "ca">[] = [];
  const lines: string[] = [];
  const files = watchFiles({
    files: { cert: pair.certFile, key: pair.keyFile, ca: undefined },
    use(texts) {
      createSecureContext({ cert: texts.cert ?? "", key: texts.key ?? "" });
      used.push(texts);
    },
    what: "listen.https.certFile",
    timers: createSystemPorts().timers,
    log: createLogger({ level: "debug", name: "test", write: (line) => lines.push(line) }),
    intervalMs: 5,
  });
  cleanup.push(() => files.close());
  return { ...pair, folder, used, lines, files };
}

function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 15_000, interval: 5 });
}

test("it reads at once, and again when a file changes", async () => {
  const { certFile, keyFile, issue, used, lines, files } = watchPair();
  expect(used).toEqual([
    { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), ca: null },
  ]);
  issue("server");
  await until(() => used.length === 2);
  expect(files.texts.cert).toBe(readFileSync(certFile, "utf8"));
  expect(lines.join("")).toContain("read again");
  expect(lines.filter((line) => line.includes('"error"'))).toEqual([]);
});

test("what is broken or gone is logged once, and the pair before stays in use", async () => {
  const { certFile, issue, used, lines, files } = watchPair();
  const before = files.texts;
  writeFileSync(certFile, "not a certificate");
  await until(() => lines.length === 1);
  rmSync(certFile);
  await until(() => lines.length === 2);
  expect(files.texts).toBe(before);
  expect(lines[1]).toContain("ENOENT");
  expect(lines.join("")).not.toContain("not a certificate");
  issue("server");
  await until(() => used.length === 2);
  expect(lines.length).toBe(3);
});

test("the first reading throws", () => {
  const { timers } = createSystemPorts();
  const log = createLogger({ level: "silent", name: "test" });
  const watch = () => watchFiles({ files: { cert: "/nowhere/cert.pem" }, use() {}, what: "x", timers, log });
  expect(watch).toThrow("ENOENT");
});
