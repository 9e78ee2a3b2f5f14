import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Which cores the measured server has to itself, and where everything else runs. In `taskset` notation. */
export interface CorePlan {
  readonly server: string;
  readonly others: string;
}

/** Of util-linux. */
const PIN_PROGRAM = "taskset";

/** Gives the first core to the server. Null where nothing can be pinned: one core, no `taskset`, not Linux. */
export function planCores(): CorePlan | null {
  const [server, ...others] = listAllowedCores();
  if (server === undefined || others.length === 0) return null;
  return pinProcess(process.pid, String(others)) ? { server: String(server), others: String(others) } : null;
}

/** Moves all threads of a process; processes it starts later inherit it. False when that could not be done. */
export function pinProcess(pid: number, cores: string): boolean {
  const { status } = spawnSync(PIN_PROGRAM, ["-a", "-c", "-p", cores, String(pid)], { stdio: "ignore" });
  return status === 0;
}

function listAllowedCores(): number[] {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    // Not Linux.
    return [];
  }
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
