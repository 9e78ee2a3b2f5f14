import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NodeBinary } from "./node-binaries.ts";
import type { ClientTarget, ProgramReport } from "./program-report.ts";
import type { Transport } from "./transports.ts";

/** One cell of the matrix. */
export interface Cell {
  /** Its program is `<client>-main.ts`. */
  readonly client: string;
  readonly node: NodeBinary;
  readonly transport: Transport;
}

/** How a cell's process is to be run. */
export interface CellTarget {
  readonly target: ClientTarget;
  /** PEM file of the authority that signed the edge's certificate. */
  readonly caFile: string;
}

const PROGRAM_MAX_MS = 90_000;
const PRELOAD = new URL("./client-transport.ts", import.meta.url).href;

/** Runs a cell's program in a process of its own; a program that dies or prints nothing is a report with one failed check. */
export function runCell(cell: Cell, { target, caFile }: CellTarget): Promise<ProgramReport> {
  const program = fileURLToPath(new URL(`./${cell.client}-main.ts`, import.meta.url));
  const child = spawn(cell.node.path, ["--import", PRELOAD, program], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      CLIENT_TARGET: JSON.stringify(target),
      CLIENT_TRANSPORT: cell.transport,
      NODE_EXTRA_CA_CERTS: caFile,
    },
    timeout: PROGRAM_MAX_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(failed(cell, error.message)));
    child.once("close", (code, signal) => {
      const report = parseReport(output);
      resolve(report ?? failed(cell, `exit code ${code}, signal ${signal}\n${output}\n${errors}`));
    });
  });
}

function parseReport(output: string): ProgramReport | null {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as ProgramReport; // the programs of this folder print it last
  } catch {
    return null;
  }
}

function failed({ client, node }: Cell, detail: string): ProgramReport {
  return {
    client,
    node: node.name,
    requests: 0,
    checks: [{ name: "it runs to its end", ok: false, detail }],
  };
}
