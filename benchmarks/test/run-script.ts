import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Report } from "../report/report.ts";

/** What a benchmark script said. */
export interface ScriptOutcome {
  readonly code: number | null;
  /** Standard output without its last line. */
  readonly screen: string;
  /** The last line. */
  readonly report: Report;
}

/** Runs a benchmark script to its end. SIGTERM stops it, with all it has started, when the test is given up. */
export async function runScript(
  script: string,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ScriptOutcome> {
  const file = join(import.meta.dirname, "..", script);
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  const lines = output.trimEnd().split("\n");
  const report = JSON.parse(lines.pop() ?? "");
  return { code, screen: lines.join("\n"), report };
}
