import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";

/** A running database server. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** As the server's greeting says it. */
  readonly serverVersion: string;
  /** Resolves once the process is gone, however it went. */
  readonly exited: Promise<void>;
}

/** What `startServerProcess` needs. */
export interface ServerProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly socketPath: string;
  readonly logPath: string;
  readonly startTimeoutMs: number;
  /** Told the process id as soon as there is one. */
  readonly onSpawn: (pid: number) => void;
}

/** The chosen port was taken by someone else in the meantime: ask for another one. */
export class PortTakenError extends Error {
  override name = "PortTakenError";
}

const POLL_INTERVAL_MS = 15;
const LOG_TAIL_CHARS = 2_000;

/**
 * Starts the server and waits until it greets a client on its unix socket. Throws `PortTakenError`, or an `Error` with
 * the end of the server's log when it died or was not ready in time; the process is gone in both cases.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const log = openSync(options.logPath, "w");
  // Its own process group: Ctrl-C in a terminal is the owner's to handle, in its own order.
  const child = spawn(options.program, options.args, { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.program} could not be started`);
  options.onSpawn(pid);

  const deadline = performance.now() + options.startTimeoutMs;
  for (;;) {
    const serverVersion = await readGreeting(options.socketPath);
    if (serverVersion !== null) return { child, pid, serverVersion, exited };
    const isGone = child.exitCode !== null || child.signalCode !== null;
    if (isGone || performance.now() > deadline) {
      child.kill("SIGKILL");
      await exited;
      throw startFailure(options.logPath, isGone ? "ended" : "was not ready in time");
    }
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))]);
  }
}

function startFailure(logPath: string, what: string): Error {
  const log = readFileSync(logPath, "utf8");
  if (/Address already in use|Do you already have another .*server running/i.test(log)) {
    return new PortTakenError("the chosen port is in use");
  }
  return new Error(`the database server ${what}; the end of its log:\n${log.slice(-LOG_TAIL_CHARS)}`);
}

/**
 * The version in the server's first packet (protocol 10: 4 bytes of header, 0x0a, then the version as a C string), or
 * null while nobody greets. A connection by TCP would count towards `max_connect_errors`; one by socket does not.
 */
function readGreeting(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (version: string | null): void => {
      socket.destroy();
      resolve(version);
    };
    socket.setTimeout(1_000, () => settle(null));
    socket.on("error", () => settle(null));
    socket.on("close", () => settle(null));
    socket.once("data", (bytes: Buffer) => {
      const end = bytes.indexOf(0, 5);
      // MariaDB 10 puts "5.5.5-" in front of its version for the sake of old replicas.
      settle(bytes[4] === 10 && end > 5 ? bytes.toString("latin1", 5, end).replace(/^5\.5\.5-/, "") : null);
    });
  });
}
