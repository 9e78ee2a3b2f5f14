import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The line that `npm run stack -- --json` prints, as far as benchmarks read it. */
export interface StackLine {
  readonly db: DatabaseAddress;
  readonly login: { readonly user: string; readonly password: string };
  /** `http` and `admin` are base URLs. */
  readonly edges: readonly StackEdge[];
  readonly origin: { readonly admin: string; readonly pid: number };
}

/** The database and an account that may do anything in `database`. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** One edge of the stack. */
export interface StackEdge {
  readonly http: string;
  /** Null when the stack was given no certificate. */
  readonly https: string | null;
  readonly admin: string;
  readonly pid: number;
}

/** A running stack. */
export interface StackProcess {
  readonly line: StackLine;
  readonly edge: StackEdge;
  /** SIGTERM, and waits until everything is stopped. May be called again. */
  close(): Promise<void>;
}

const START_MAX_MS = 60_000;
const ROOT = join(import.meta.dirname, "../..");

/**
 * Starts a private database, one origin and one edge, with `env` beside our own; throws when they are not ready within
 * a minute.
 */
export async function openStackProcess(env: Readonly<Record<string, string>> = {}): Promise<StackProcess> {
  const child = spawn(process.execPath, ["apps/demo/src/stack-main.ts", "--json"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const ended = once(child, "close");
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  };
  try {
    const line = once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(START_MAX_MS) });
    const [text] = await Promise.race([
      line,
      ended.then(() => Promise.reject(new Error("the stack ended before it was ready"))),
    ]);
    // The contract of `stack --json`.
    const parsed = JSON.parse(String(text)) as StackLine;
    const [edge] = parsed.edges;
    if (edge === undefined) throw new Error("the stack has no edge");
    return { line: parsed, edge, close };
  } catch (error) {
    await close();
    throw error;
  }
}
