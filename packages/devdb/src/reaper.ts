import { spawn } from "node:child_process";

/**
 * A watchdog beside a throwaway server. It is a detached `sh` that reads process ids from a pipe whose other end only
 * this process holds: when this process ends in any way, SIGKILL included, the pipe closes, and the shell kills the
 * last id it was told and removes the folder. It polls nothing and needs no exit handlers here.
 */
export interface Reaper {
  /** Names the process to kill, or null when there is none at the moment. */
  watch(pid: number | null): void;
  /** Stands the watchdog down: it ends without killing or removing anything. */
  dismiss(): void;
}

// `rm` is tried again after a moment because a dying server may still be creating files. The loop is bounded: in a
// container whose init reaps nothing the id of a dead process answers for ever.
const SCRIPT = `
pid=
while read -r line; do
  case $line in dismiss) exit 0 ;; none) pid= ;; *) pid=$line ;; esac
done
if [ -n "$pid" ]; then
  kill -KILL "$pid"
  tries=0
  while kill -0 "$pid" && [ $tries -lt 20 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
rm -rf "$1"
`;

/** Starts a reaper that removes `folder` when this process ends without having dismissed it. */
export function createReaper(folder: string): Reaper {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "rockpool-reaper", folder], {
    stdio: ["pipe", "ignore", "ignore"],
    // Its own session: a Ctrl-C at the terminal must not take the watchdog along with the watched.
    detached: true,
    cwd: "/",
  });
  // Losing the watchdog costs tidiness, not correctness.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return {
    watch: (pid) => void shell.stdin.write(`${pid ?? "none"}\n`),
    dismiss: () => void shell.stdin.end("dismiss\n"),
  };
}
