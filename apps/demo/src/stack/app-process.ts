import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createProcessGuard } from "./process-guard.ts";

/** What `openApp` needs. */
export interface AppOptions {
  /** The folder under `apps/`. */
  readonly app: "edge" | "origin";
  /** Unique within the stack; names the files. */
  readonly name: string;
  /** Written as the program's configuration file. */
  readonly config: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An existing private folder; the program's files go into a new one inside. */
  readonly folder: string;
  /** True: the log goes to our standard error instead of a file. */
  readonly verbose: boolean;
  /** Gives up the start. */
  readonly signal: AbortSignal;
}

/** How a program ended. */
export interface AppEnd {
  /** False after `stop`, and when someone sent it a signal to end, as a fault test does. */
  readonly isCrash: boolean;
  /** For people; after a crash with the end of its log. */
  readonly message: string;
}

/** A running edge or origin. */
export interface AppProcess {
  readonly name: string;
  readonly pid: number;
  /** Its doors by name, as it printed them: base URLs. */
  readonly doors: Readonly<Record<string, string>>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<AppEnd>;
  /** SIGTERM, then SIGKILL after the bound. Resolves once it is gone. */
  stop(): Promise<void>;
}

/** Longer than what the programs give their own clients to finish. */
const STOP_MAX_MS = 25_000;
const START_MAX_MS = 30_000;
const READY_POLL_MS = 20;
const LOG_TAIL_CHARS = 2_000;
/** Someone's decision to end a process; all other signals are crashes. */
const DELIBERATE_SIGNALS: readonly (NodeJS.Signals | null)[] = ["SIGTERM", "SIGINT", "SIGKILL"];

/**
 * Starts a program and waits until it is ready. Throws when it is not within 30 s, with the end of its log, and with the
 * signal's reason when that gives up the start; the process is gone in both cases.
 */
export async function openApp(options: AppOptions): Promise<AppProcess> {
  const { name } = options;
  const folder = join(options.folder, name);
  const logFile = join(folder, "log");
  mkdirSync(folder);
  const child = spawnApp(options, folder, logFile);
  const logTail = (): string => (options.verbose ? "" : readTail(logFile));
  const ended = watchEnd(child, name, logTail);
  const pid = child.pid;
  if (pid === undefined) throw new Error((await ended).message);
  const guard = createProcessGuard(pid, folder);
  const attempt = new AbortController();
  void ended.then(() => {
    guard.dismiss();
    attempt.abort();
  });

  const stop = (): Promise<void> => endProcess(child, ended);
  const givenUp = AbortSignal.any([options.signal, attempt.signal, AbortSignal.timeout(START_MAX_MS)]);
  try {
    const doors = await readDoors(child, givenUp);
    await waitUntilReady(doors, givenUp);
    return { name, pid, doors, ended, stop };
  } catch (cause) {
    await stop();
    options.signal.throwIfAborted();
    const { isCrash, message } = await ended;
    const why = isCrash ? message : `${name} was not ready within ${START_MAX_MS} ms${logTail()}`;
    throw new Error(why, { cause });
  }
}

function spawnApp(options: AppOptions, folder: string, logFile: string): ChildProcess {
  const configFile = join(folder, "config.json");
  writeFileSync(configFile, JSON.stringify(options.config, null, 2), { mode: 0o600 });
  const main = fileURLToPath(new URL(`../../../${options.app}/src/main.ts`, import.meta.url));
  const log = options.verbose ? null : openSync(logFile, "w");
  const child = spawn(process.execPath, [main, "--config", configFile], {
    stdio: ["ignore", "pipe", log ?? "inherit"],
    // Its own process group: Ctrl-C in a terminal is the stack's to handle, in its own order.
    detached: true,
    env: options.env,
  });
  if (log !== null) closeSync(log);
  return child;
}

function watchEnd(child: ChildProcess, name: string, logTail: () => string): Promise<AppEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) =>
      resolve({ isCrash: true, message: `${name} could not be started: ${error.message}` }),
    );
    child.once("exit", (code, signal) => {
      const isCrash = code === null ? !DELIBERATE_SIGNALS.includes(signal) : code !== 0;
      const how = code === null ? `of ${signal}` : `with status ${code}`;
      resolve({ isCrash, message: `${name} (pid ${child.pid}) ended ${how}${isCrash ? logTail() : ""}` });
    });
  });
}

/** The program's one line on standard output. */
async function readDoors(child: ChildProcess, signal: AbortSignal): Promise<Record<string, string>> {
  if (child.stdout === null) throw new Error("the program's output is not a pipe");
  // Left open: what else it may print is read and dropped, so that it never blocks.
  const [line] = await once(createInterface(child.stdout), "line", { signal });
  // The programs' own contract: one line, a JSON object of URLs.
  return JSON.parse(String(line)) as Record<string, string>;
}

async function waitUntilReady(doors: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const url = new URL("/readyz", doors["admin"]);
  for (;;) {
    const isReady = await fetch(url, { signal }).then(
      async (response) => {
        await response.body?.cancel();
        return response.ok;
      },
      () => false,
    );
    if (isReady) return;
    await setTimeout(READY_POLL_MS, undefined, { signal });
  }
}

async function endProcess(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  // A frozen process acts on SIGTERM only once it runs again.
  child.kill("SIGCONT");
  const bound = new AbortController();
  void setTimeout(STOP_MAX_MS, undefined, { signal: bound.signal, ref: false }).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  );
  await gone;
  bound.abort();
}

function readTail(file: string): string {
  try {
    return `; the end of its log:\n${readFileSync(file, "utf8").slice(-LOG_TAIL_CHARS)}`;
  } catch {
    return "";
  }
}
