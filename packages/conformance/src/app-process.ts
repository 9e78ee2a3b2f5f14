import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findLeaks, type Leak, leaveReport, secretsIn } from "./canary.ts";

/** A running edge or origin process. */
export interface AppProcess<Line> {
  /** What it printed when it was ready to listen. */
  readonly line: Line;
  readonly pid: number;
  /** Everything it logged so far. */
  log(): string;
  /** Writes another configuration into its file and asks for a reload (SIGHUP), without waiting. */
  reconfigure(config: unknown): void;
  /** Sends a signal without waiting. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then waits; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
  /** What it said, or answers at `/metrics` now, that nobody may hear; a process that is gone answers nothing. */
  leaks(): Promise<readonly Leak[]>;
}

/** Beyond the configuration: what a test needs to see more of a process. */
export interface AppOptions {
  /** For node, before the program: `--import`, a module. */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const APPS = fileURLToPath(new URL("../../../apps/", import.meta.url));
const LOG_MAX_CHARS = 4 * 1024 * 1024;

/** Starts `apps/<name>/src/main.ts` with a config file of its own; resolves when it has printed its line. */
export async function startApp<Line>(
  name: "edge" | "origin",
  config: unknown,
  options: AppOptions = {},
): Promise<AppProcess<Line>> {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-app-"));
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const main = join(APPS, name, "src", "main.ts");
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), main, "--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...options.env },
  });
  let log = "";
  const search = new LogSearch(name, config);
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_MAX_CHARS);
    search.push(chunk.toString());
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  child.once("close", () => search.end());
  void exited.then(() => rmSync(folder, { recursive: true, force: true }));
  const killWithParent = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithParent);
  void exited.then(() => process.off("exit", killWithParent));
  const line = await readLine<Line>(child, exited, () => log);
  return {
    line,
    pid: child.pid ?? 0,
    log: () => log,
    reconfigure(next) {
      search.alsoFind(next);
      writeFileSync(file, JSON.stringify(next), { mode: 0o600 });
      child.kill("SIGHUP");
    },
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
    async leaks() {
      const admin = adminOf(line);
      if (admin !== null && child.exitCode === null && child.signalCode === null) await search.metrics(admin);
      return search.found;
    },
  };
}

const METRICS_TIMEOUT_MS = 1_000;

/** Searches all that one process says, line by line, for what nobody may hear. */
class LogSearch {
  readonly #name: string;
  #secrets;
  #rest = "";
  #byteCount = 0;
  readonly found: Leak[] = [];

  constructor(name: string, config: unknown) {
    this.#name = name;
    this.#secrets = secretsIn(config);
  }

  /** Looks for the secrets of another configuration as well. */
  alsoFind(config: unknown): void {
    this.#secrets = [...this.#secrets, ...secretsIn(config)];
  }

  push(text: string): void {
    this.#byteCount += text.length;
    const lines = this.#rest + text;
    const end = lines.lastIndexOf("\n") + 1;
    this.#rest = lines.slice(end).slice(-LOG_MAX_CHARS);
    if (end > 0)
      this.found.push(...findLeaks(`log of the ${this.#name}`, lines.slice(0, end), this.#secrets, true));
  }

  async metrics(admin: string): Promise<void> {
    try {
      const answer = await fetch(`${admin}/metrics`, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
      // Their help is ours: it may well speak of SELECT.
      const text = (await answer.text()).replace(/^#.*\n/gm, "");
      this.#byteCount += text.length;
      this.found.push(...findLeaks(`metrics of the ${this.#name}`, text, this.#secrets, true));
    } catch {
      // It is frozen or stopping: what it logged is searched all the same.
    }
  }

  end(): void {
    this.push("\n");
    leaveReport({ name: this.#name, byteCount: this.#byteCount, leaks: this.found });
  }
}

function adminOf(line: unknown): string | null {
  if (typeof line !== "object" || line === null || !("admin" in line)) return null;
  return typeof line.admin === "string" ? line.admin : null;
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
