import { readFileSync } from "node:fs";
import * as http from "node:http";
import { execute } from "./raw-client.ts";
import type { Rig } from "./rig.ts";

/** What an attack did to a client that had nothing to do with it, and to the edge. */
export interface Harm {
  readonly statementCount: number;
  readonly failures: readonly string[];
  readonly p99Ms: number;
  readonly rssMiB: number;
}

const AFTERMATH_MS = 500;
const SQL = "SELECT 1 AS bystander";

/** Runs an attack while another client repeats a statement over a connection of its own, one at a time. */
export async function watchHarm(rig: Rig, attack: () => Promise<void>): Promise<Harm> {
  const [edge] = rig.edges;
  if (edge === undefined) throw new Error("no edge");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  const latenciesMs: number[] = [];
  const stop = new AbortController();
  const bystander = async (): Promise<void> => {
    do {
      const startedAt = performance.now();
      try {
        const { status, body } = await execute(edge.line.http, rig.login, SQL, { agent });
        if (status !== 200 || body.error !== undefined) failures.push(`${status} ${body.error?.message}`);
      } catch (error) {
        failures.push(String(error));
      }
      latenciesMs.push(performance.now() - startedAt);
    } while (!stop.signal.aborted);
  };
  const running = bystander();
  try {
    await attack();
    // A short attack may still have its effect.
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
  } finally {
    stop.abort();
    await running;
    agent.destroy();
  }
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  return { statementCount: sorted.length, failures, p99Ms, rssMiB: residentMiB(edge.pid) };
}

function residentMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN) / 1024;
}
