import { openClientsRig } from "./clients-rig.ts";
import type { ProgramReport } from "./program-report.ts";
import { type Cell, runCell } from "./run-cell.ts";

/** A cell and what came of it. */
export interface CellResult {
  readonly cell: Cell;
  readonly report: ProgramReport;
  readonly seconds: number;
}

/** Programs that run at once: the machine has to run edge, origin and database besides. */
const PARALLEL = 2;

/** Runs all cells on one Rockpool, each with a login and a database of its own. */
export async function runMatrix(cells: readonly Cell[]): Promise<CellResult[]> {
  const clients = await openClientsRig(cells.length);
  const results: CellResult[] = [];
  const waiting = [...cells.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, cell] = next;
      const startedAt = performance.now();
      const report = await runCell(cell, {
        target: clients.target(index, cell.transport),
        caFile: clients.caFile,
      });
      results.push({ cell, report, seconds: (performance.now() - startedAt) / 1000 });
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  } finally {
    await clients.close();
  }
  return results;
}
