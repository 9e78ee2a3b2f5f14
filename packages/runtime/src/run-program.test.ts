import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";

const MAIN = join(import.meta.dirname, "../test/fixtures/program-main.ts");
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

/** The fixture in a process of its own. */
function start(how: string, args: string[] = []) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    env: { PROGRAM: how, PATH: process.env["PATH"] ?? "" },
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

function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 10 });
}

describe("a program that starts", () => {
  test("reads its file, prints one JSON line, and keeps running", async () => {
    const folder = mkdtempSync(join(tmpdir(), "run-program-"));
    cleanup.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "c.yaml"), "a: 1\n");
    const { said } = start("warns", ["--config", join(folder, "c.yaml")]);
    await until(() => said.out.endsWith("\n"));
    expect(JSON.parse(said.out)).toEqual({ http: "http://127.0.0.1:1", text: "a: 1\n" });
    expect(JSON.parse(said.err)).toMatchObject({ level: "warn", name: "fixture", msg: "a warning" });
    expect(said.isOver).toBe(false);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s: it drains and exits 0", async (signal) => {
    const { child, said } = start("");
    await until(() => said.out.includes("\n"));
    child.kill(signal);
    await until(() => said.isOver);
    expect([said.code, said.out.split("\n")[1]]).toEqual([0, "draining 20000"]);
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
    ["a file that is not there", ["--config", "/nowhere/c.yaml"], "ENOENT"],
    ["an unknown option", ["--confg", "c.yaml"], "--confg"],
  ])("%s: exit 1", async (_name, args, why) => {
    const { said } = start("", args);
    await until(() => said.isOver);
    expect([said.code, said.err.includes(why), said.out]).toEqual([1, true, ""]);
  });
});
