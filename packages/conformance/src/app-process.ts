import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A running edge or origin process. */
export interface AppProcess<Line> {
  /** What it printed when it was ready to listen. */
  readonly line: Line;
  readonly pid: number;
  /** Everything it logged so far. */
  log(): string;
  /** Sends a signal without waiting. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then waits; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
}

const APPS = fileURLToPath(new URL("../../../apps/", import.meta.url));
const LOG_MAX_CHARS = 4 * 1024 * 1024;

/** Starts `apps/<name>/src/main.ts` with a config file of its own; resolves when it has printed its line. */
export async function startApp<Line>(name: "edge" | "origin", config: unknown): Promise<AppProcess<Line>> {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-app-"));
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const child = spawn(process.execPath, [join(APPS, name, "src", "main.ts"), "--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_MAX_CHARS);
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  void exited.then(() => rmSync(folder, { recursive: true, force: true }));
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);
  void exited.then(() => process.off("exit", killWithParent));
  const line = await readLine<Line>(child, exited, () => log);
  return {
    line,
    pid: child.pid ?? 0,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      return exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function readLine<Line>(
  child: ChildProcess,
  exited: Promise<number | null>,
  log: () => string,
): Promise<Line> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as Line); // the apps' own start-up line
    });
    void exited.then((code) => reject(new Error(`exited with ${code} before it was ready:\n${log()}`)));
  });
}
