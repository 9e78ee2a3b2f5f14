import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyPassword } from "@rockpool/runtime";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runCommand } from "../src/run-command.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const SECRET = "0123456789abcdef0123456789abcdef";
const EDGE = `origin: { url: "http://127.0.0.1:7070", sharedSecret: ${SECRET} }\n`;
const ORIGIN = `sharedSecret: ${SECRET}
database: { user: u, password: hunter2, database: d }
logins: [{ name: web, password: hunter2, database: d }]
`;
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real program, from start to end. */
function rockpool(
  args: string[],
  { input = "", env = {} }: { input?: string; env?: object } = {},
): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"], ...env } });
  cleanup.push(() => child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** The same in this process: quicker, for what neither reads standard input nor ends the process. */
async function runHere(args: string[]): Promise<Run> {
  let out = "";
  let err = "";
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("ROCKPOOL_")) vi.stubEnv(name, undefined); // what tests are told is no configuration
  }
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => ((err += String(text)), true)),
  ];
  try {
    const code = await runCommand(args);
    return { code, out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

function file(text: string, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-cli-"));
  cleanup.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "c.yaml");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("help", () => {
  test.each([
    [["--help"], "Usage: rockpool COMMAND"],
    [["-h"], "check-config"],
    [["check-config", "--help"], "--rtt-ms N"],
    [["login", "--help"], "Usage: rockpool login COMMAND"],
    [["login", "hash", "--help"], "Usage: rockpool login hash"],
    [["config", "reference", "--help"], "Usage: rockpool config reference"],
    [["--version"], "rockpool 0."],
    [["config", "reference"], "# Configuration reference"],
  ])("%j", async (args, said) => {
    const { code, out, err } = await runHere(args);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(said);
  });

  test.each(["edge", "origin"])("of %s", async (name) => {
    const { code, out, err } = await rockpool([name, "--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: rockpool ${name} [--config FILE]`);
  });
});

describe("a wrong command line ends with 64 and says what was meant", () => {
  test.each([
    [[], "Usage: rockpool COMMAND"],
    [["chekc-config"], "unknown command chekc-config: did you mean rockpool check-config?"],
    [["egde"], "did you mean rockpool edge?"],
    [["login", "hsah"], "did you mean rockpool login hash?"],
    [["--verison"], "unknown option --verison"],
    [["constructor"], "unknown command constructor"],
    [["check-config", "--confg", "x"], "unknown option --confg: did you mean --config?"],
    [["check-config", "x.yaml"], "unexpected x.yaml: the file goes behind --config"],
    [["check-config", "--rtt-ms", "fast"], "--rtt-ms needs a number"],
    [["check-config", "--rtt-ms", "1", "--connect"], "exclude each other"],
    [["check-config"], "cannot tell whether this is for an edge or an origin"],
    [["login", "hash", "hunter2"], "seen by every user"],
  ])("%j", async (args, said) => {
    const { code, out, err } = await runHere(args);
    expect([code, out]).toEqual([64, ""]);
    expect(err).toContain(said);
    expect(err).not.toContain("hunter2");
    expect(err).not.toMatch(/^\s+at /m);
  });
});

test("the exit code of a wrong command line reaches the shell", async () => {
  expect((await rockpool(["chekc-config"])).code).toBe(64);
  const { code, err } = await rockpool(["edge", "--confg", "x"]);
  expect([code, err.includes("did you mean --config?")]).toEqual([64, true]);
});

describe("check-config", () => {
  test("finds out whose configuration it is; nothing odd is just ok", async () => {
    const edge = await rockpool(["check-config", "--config", file(EDGE)]);
    expect(edge).toEqual({
      code: 0,
      out:
        "freshness.boundMs 1000; wanted: 2 x heartbeatIntervalMs 250 + 2 x round trip 0 (assumed; --rtt-ms or --connect) = 500\n" +
        "ok: usable by an edge\n",
      err: "",
    });
    const origin = await runHere(["check-config", "--config", file(ORIGIN)]);
    expect(origin).toEqual({ code: 0, out: "ok: usable by an origin\n", err: "" });
  });

  test("prints every problem with its place and ends with 78", async () => {
    const path = file(`${EDGE}cache:\n  sizeMax: 1\nfreshness:\n  boundMs: 250ms\n`);
    const { code, out, err } = await runHere(["check-config", "--config", path]);
    expect([code, out]).toEqual([78, ""]);
    expect(err).toContain(`${path}:3: cache.sizeMax: no such setting. Fix: did you mean cache.sizeMaxBytes?`);
    expect(err).toContain(`${path}:5: freshness.boundMs: is not a whole number`);
  });

  test("judges a file as what it is told", async () => {
    const { code, err } = await runHere(["check-config", "--config", file(ORIGIN), "edge"]);
    expect(code).toBe(78);
    expect(err).toContain("logins: no such setting");
    expect(err).not.toContain("hunter2");
  });

  test("a file that is not there", async () => {
    const { code, err } = await runHere(["check-config", "--config", "/nowhere/c.yaml"]);
    expect([code, err.includes("there is no such file")]).toEqual([78, true]);
  });

  test("warns by the round trip that it is told", async () => {
    const { code, out } = await runHere(["check-config", "--config", file(EDGE), "--rtt-ms", "300"]);
    expect(code).toBe(0);
    expect(out).toContain("warning: freshness.boundMs (1000)");
    expect(out).toContain("2 x 250 + 2 x 300 = 1100");
    expect(out.endsWith("ok: usable by an edge\n")).toBe(true);
  });

  test("measures the round trip", async () => {
    const server = createServer((socket) => socket.destroy());
    cleanup.push(() => server.close());
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const path = file(EDGE.replace("7070", String(port)));
    const { out } = await runHere(["check-config", "--config", path, "--connect"]);
    expect(out).toMatch(/^round trip to the origin: [\d.]+ ms\n/);
    expect(out).not.toContain("assumed");
  });

  test("says when there is nothing to measure", async () => {
    const path = file(EDGE.replace("7070", "1"));
    const { code, out } = await runHere(["check-config", "--config", path, "--connect"]);
    expect(code).toBe(0);
    expect(out).toContain("warning: the origin cannot be reached from here: ECONNREFUSED");
    expect(out).toContain("(assumed");
  });

  test("warns of secrets that everybody can read, never showing them", async () => {
    const { out } = await runHere(["check-config", "--config", file(ORIGIN, 0o644)]);
    expect(out).toContain(
      "warning: the configuration file holds secrets (sharedSecret, database.password, logins[].password)",
    );
    expect(out).not.toContain("hunter2");
    expect(out).not.toContain(SECRET);
  });

  test("checks the environment alone", async () => {
    const env = {
      ROCKPOOL_ORIGIN_URL: "http://o:1",
      ROCKPOOL_ORIGIN_SHARED_SECRET_FILE: file(`${SECRET}\n`),
    };
    const { code, out } = await rockpool(["check-config"], { env });
    expect([code, out.includes("ok: usable by an edge")]).toEqual([0, true]);
  });
});

describe("login hash", () => {
  test.each(["hunter2\n", "hunter2", "hunter2\r\n"])("of %j on standard input", async (input) => {
    const { code, out, err } = await rockpool(["login", "hash"], { input });
    expect([code, err]).toEqual([0, ""]);
    expect(await verifyPassword("hunter2", out.trim())).toBe(true);
  });

  test.each([
    ["", "empty"],
    ["a\nb\n", "one line"],
    ["x".repeat(5000), "longer"],
  ])("of %j is refused", async (input, why) => {
    const { code, out, err } = await rockpool(["login", "hash"], { input });
    expect([code, out, err.includes(why)]).toEqual([64, "", true]);
  });
});

test.each([
  ["edge", EDGE, "listen: {http: {port: 0}, admin: {port: 0}}", "http"],
  ["origin", ORIGIN, "listen: {backhaul: {port: 0}, admin: {port: 0}}", "backhaul"],
])("it runs an %s until SIGTERM", async (name, config, listen, door) => {
  const path = file(config + listen);
  const child = spawn(process.execPath, [MAIN, name, "--config", path], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "ignore"],
  });
  cleanup.push(() => child.kill("SIGKILL"));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    child.once("exit", (code) => reject(new Error(`exited with ${code}`)));
  });
  expect(JSON.parse(line)).toHaveProperty(door);
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
});
