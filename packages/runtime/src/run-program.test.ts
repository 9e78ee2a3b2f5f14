import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";

const MAIN = join(import.meta.dirname, "../test/fixtures/program-main.ts");
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

/** The fixture in a process of its own. */
function start(how: string, args: string[] = [], env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    env: { PROGRAM: how, PATH: process.env["PATH"] ?? "", ...env },
  });
  cleanup.push(() => child.kill("SIGKILL"));
  const said = {
    out: "",
    err: "",
    code: null as number | null,
    signal: null as string | null,
    isOver: false,
  };
  child.stdout?.on("data", (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.err += chunk.toString()));
  child.on("close", (code, signal) => Object.assign(said, { code, signal, isOver: true }));
  return { child, said };
}

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "run-program-"));
  cleanup.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "c.yaml"), text);
  return join(folder, "c.yaml");
}

function logOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>); // the log's own lines
}

function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 10 });
}

describe("a program that starts", () => {
  test("reads its file, prints one JSON line, and keeps running", async () => {
    const { said } = start("warns", ["--config", configFile("a: 1\n")]);
    await until(() => said.out.endsWith("\n"));
    expect(JSON.parse(said.out)).toEqual({ http: "http://127.0.0.1:1", text: "a: 1\n" });
    expect(logOf(said.err)).toMatchObject([
      { level: "warn", name: "fixture", msg: "configuration", warning: "a warning" },
      { level: "info", msg: "started", http: "http://127.0.0.1:1", version: expect.stringMatching(/^\d/) },
    ]);
    expect(said.isOver).toBe(false);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s: it drains and exits 0", async (signal) => {
    const { child, said } = start("");
    await until(() => said.out.includes("\n"));
    child.kill(signal);
    await until(() => said.isOver);
    expect([said.code, said.out.split("\n").slice(1, 3)]).toEqual([0, ["not ready", "draining 20000"]]);
    expect(logOf(said.err).map(({ msg }) => msg)).toEqual(["started", "draining", "stopped"]);
  });

  test("before it drains it serves on for the delay, and says that it is not ready", async () => {
    const { child, said } = start("", [], { DELAY_MS: "300000" });
    await until(() => said.out.includes("\n"));
    child.kill("SIGTERM");
    await until(() => said.out.includes("not ready"));
    expect([said.isOver, said.out.includes("draining")]).toEqual([false, false]);
    child.kill("SIGINT");
    await until(() => said.isOver);
    expect([said.code, said.err.includes("at once")]).toEqual([1, true]);
  });

  test("a second signal ends the drain at once", async () => {
    const { child, said } = start("drains-for-ever");
    await until(() => said.out.includes("\n"));
    child.kill("SIGTERM");
    await until(() => said.out.includes("draining"));
    expect(said.isOver).toBe(false);
    child.kill("SIGTERM");
    await until(() => said.isOver);
    expect(said.code).toBe(1);
  });

  test("a drain that fails is no clean exit", async () => {
    const { child, said } = start("cannot-close");
    await until(() => said.out.includes("\n"));
    child.kill("SIGTERM");
    await until(() => said.isOver);
    expect(said.code).toBe(1);
  });
});

describe("SIGHUP", () => {
  test("applies the file, and says what waits for a restart", async () => {
    const file = configFile("a: 1\n");
    const { child, said } = start("", ["--config", file]);
    await until(() => said.out.includes("\n"));
    writeFileSync(file, "port: 2\n");
    child.kill("SIGHUP");
    await until(() => said.err.includes("configuration reloaded"));
    expect(said.out).toContain("reloaded port: 2\n");
    expect(logOf(said.err).at(-1)).toMatchObject({ changed: ["text"], needRestart: ["listen.door.port"] });
  });

  test("a file that is wrong changes nothing, and is one line of the log", async () => {
    const file = configFile("a: 1\n");
    const { child, said } = start("", ["--config", file]);
    await until(() => said.out.includes("\n"));
    writeFileSync(file, "bad: 1\n");
    child.kill("SIGHUP");
    await until(() => said.err.includes("not reloaded"));
    rmSync(file);
    child.kill("SIGHUP");
    await until(() => said.err.includes("no such file"));
    expect(logOf(said.err).map(({ level }) => level)).toEqual(["info", "error", "error"]);
    expect(said.err).toContain("listen.port: must be a number. Fix: a number");
    expect([said.out.includes("reloaded"), said.isOver]).toEqual([false, false]);
  });
});

describe("what it says of itself", () => {
  test.each(["--help", "-h"])("%s", async (option) => {
    const { said } = start("", [option]);
    await until(() => said.isOver);
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toContain("Usage: rockpool-fixture [--config FILE]");
  });

  test("--version", async () => {
    const { said } = start("", ["--version"]);
    await until(() => said.isOver);
    expect([said.code, said.out]).toEqual([0, expect.stringMatching(/^rockpool \d+\.\d+\.\d+\n$/)]);
  });
});

describe("a program that cannot go on", () => {
  test.each([
    ["bad-config", 78, "listen.port"],
    ["cannot-open", 1, "no such address"],
    ["rejects", 70, "unhandled rejection"],
    ["throws", 70, "uncaught exception"],
  ])("%s: exit %i, and why", async (how, code, why) => {
    const { said } = start(how);
    await until(() => said.isOver);
    expect([said.code, said.err.includes(why)]).toEqual([code, true]);
  });

  test.each([
    [
      "a file that is not there",
      ["--config", "/nowhere/c.yaml"],
      78,
      "/nowhere/c.yaml: --config: cannot be read",
    ],
    ["a folder", ["--config", tmpdir()], 78, "it is a folder"],
    ["an unknown option", ["--confg", "c.yaml"], 64, "unknown option --confg: did you mean --config?"],
    ["an option without its value", ["--config"], 64, "--config needs a value"],
    ["a file without its option", ["c.yaml"], 64, "unexpected c.yaml"],
  ])("%s: no stack", async (_name, args, code, why) => {
    const { said } = start("", args);
    await until(() => said.isOver);
    expect([said.code, said.out]).toEqual([code, ""]);
    expect(said.err).toContain(why);
    expect(said.err).not.toMatch(/^\s+at /m);
  });

  test("a port that is taken: which key, which address, no stack", async () => {
    const holder = createServer();
    cleanup.push(() => holder.close());
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, "127.0.0.1", () => {
        const address = holder.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const { said } = start("port-taken", [], { DOOR_PORT: String(port) });
    await until(() => said.isOver);
    expect(said.code).toBe(1);
    expect(said.err).toBe(
      `cannot listen on 127.0.0.1:${port} (listen.door): another program listens there. Fix: stop it, or set listen.door.port to a free port (0 = any) (EADDRINUSE)\n`,
    );
  });

  test("a key that does not fit its certificate: no stack", async () => {
    const { said } = start("bad-key");
    await until(() => said.isOver);
    expect([said.code, said.err.split("\n").length]).toEqual([1, 2]);
    expect(said.err).toContain("certFile and keyFile");
  });
});
