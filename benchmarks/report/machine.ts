import { execFile } from "node:child_process";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import type { Machine } from "./report.ts";

const run = promisify(execFile);

/** This machine, now. */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    coreCount: all.length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    loadAverage: loadavg()[0] ?? Number.NaN,
  };
}

/** The checked-out commit, with `+` when files differ from it; null outside a git checkout. */
export async function readCommit(): Promise<string | null> {
  try {
    const options = { cwd: import.meta.dirname };
    const commit = await run("git", ["rev-parse", "--short=12", "HEAD"], options);
    const changes = await run("git", ["status", "--porcelain", "--untracked-files=no"], options);
    return commit.stdout.trim() + (changes.stdout === "" ? "" : "+");
  } catch {
    // No git, or a tree without its history: the report then says so with null.
    return null;
  }
}
