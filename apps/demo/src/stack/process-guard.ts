import { spawn } from "node:child_process";

/** Kills a process when this process ends without having called `dismiss`, SIGKILL included. */
export interface ProcessGuard {
  dismiss(): void;
}

// End of input without a line means that this process is gone.
const SCRIPT = `read -r _ && exit 0; kill -KILL "$1"; rm -rf "$2"; rmdir "\${2%/*}"`;

/**
 * Starts a guard that kills `pid` when this process ends, and removes `folder`, and the folder around it once that is
 * empty. It polls nothing.
 */
export function createProcessGuard(pid: number, folder: string): ProcessGuard {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "rockpool-guard", String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    // Its own session: a Ctrl-C at the terminal must not take the guard along with the guarded.
    detached: true,
    cwd: "/",
  });
  // Losing the guard costs tidiness, not correctness.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return { dismiss: () => void shell.stdin.end("dismiss\n") };
}
