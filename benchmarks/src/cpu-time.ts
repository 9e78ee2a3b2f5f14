import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/**
 * Seconds of CPU that a process has used so far, all threads, user and system. From `/proc/PID/task/TID/schedstat`
 * (nanoseconds), or `/proc/PID/stat` (hundredths of a second) on kernels without it; null where there is no `/proc`.
 */
export function readCpuSeconds(pid: number): number | null {
  try {
    const folder = `/proc/${pid}/task`;
    const nanos = readdirSync(folder).map((thread) => readThreadNanos(`${folder}/${thread}/schedstat`));
    return nanos.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    return readClockTicks(pid);
  }
}

function readThreadNanos(file: string): number {
  return Number(readFileSync(file, "utf8").split(" ", 1)[0]);
}

function readClockTicks(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in brackets, which may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}
