/** A second edge on the same port takes no clients before it knows whom to serve. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRig, type Rig, waitUntil } from "../src/index.ts";

const EDGE = fileURLToPath(new URL("../../../apps/edge/src/main.ts", import.meta.url));

let rig: Rig;
let folder: string;
beforeAll(async () => {
  rig = await openRig({ edgeConfig: { listen: { http: { port: 0 }, reusePort: true } } });
  folder = mkdtempSync(join(tmpdir(), "rockpool-join-"));
});
afterAll(async () => {
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The status of one statement on a connection of its own: the kernel gives each to any of the processes. */
function askAnew(url: URL): Promise<number> {
  const authorization = `Basic ${btoa(`${rig.login.user}:${rig.login.password}`)}`;
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL("/psdb.v1alpha1.Database/Execute", url),
      { method: "POST", agent: false, headers: { authorization, "content-type": "application/json" } },
      (answer) => {
        answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.once("error", reject);
    asked.end('{"query":"SELECT 1"}');
  });
}

test("one with a wrong secret, and one that stops before it serves, harm no client of the other", async () => {
  const url = new URL(rig.edges[0]?.line.http ?? "");
  const file = join(folder, "edge.yaml");
  const config = {
    listen: { http: { port: Number(url.port) }, admin: { port: 0 }, reusePort: true },
    origin: { url: rig.origin.line.backhaul, sharedSecret: "f".repeat(31) + "0123456789abcdef" },
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const child = spawn(process.execPath, [EDGE, "--config", file], { env: { PATH: process.env["PATH"] } });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let [said, printed] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  try {
    await waitUntil(() => said.includes("the origin cannot be reached"));
    const statuses = await Promise.all(Array.from({ length: 100 }, () => askAnew(url)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    child.kill("SIGHUP"); // nothing to reload yet; and no reason to end
    child.kill("SIGTERM");
    expect([await exited, printed]).toEqual([0, ""]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a client that comes as soon as an edge has printed its line is served", async () => {
  const edge = rig.edges[0];
  await edge?.stop();
  await rig.startEdge(0);
  expect(await askAnew(new URL(rig.edges[0]?.line.http ?? ""))).toBe(200);
});
