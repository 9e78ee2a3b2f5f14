import { waitUntil } from "../../src/index.ts";
import { type ClientsRig, openClientsRig } from "./clients-rig.ts";
import { countOpened, type OpenedConnections } from "./opened-connections.ts";
import type { ProgramReport } from "./program-report.ts";
import { type Cell, runCell } from "./run-cell.ts";

/** A cell and what came of it. */
export interface CellResult {
  readonly cell: Cell;
  readonly report: ProgramReport;
  readonly seconds: number;
}

/** Cells that run while no others do. */
export interface GroupResult {
  readonly results: readonly CellResult[];
  /** Connections that the edge counted meanwhile. */
  readonly opened: OpenedConnections;
}

/** What came of a matrix. */
export interface MatrixResult {
  readonly groups: readonly GroupResult[];
  /** Whether the edge's count of open connections fell to 0 once all programs had ended. */
  readonly allClosed: boolean;
}

/** Programs that run at once: the machine has to run edge, origin and database besides. */
const PARALLEL = 2;

/** Runs groups of cells one after the other on one Rockpool, each cell with a login and a database of its own. */
export async function runMatrix(groups: readonly (readonly Cell[])[]): Promise<MatrixResult> {
  const clients = await openClientsRig(groups.flat().length);
  try {
    let first = 0;
    const results: GroupResult[] = [];
    for (const cells of groups) {
      results.push(await runGroup(clients, cells, first));
      first += cells.length;
    }
    return { groups: results, allClosed: await allCloses(clients) };
  } finally {
    await clients.close();
  }
}

async function runGroup(clients: ClientsRig, cells: readonly Cell[], first: number): Promise<GroupResult> {
  const waiting = [...cells.entries()];
  const results: CellResult[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, cell] = next;
      const startedAt = performance.now();
      const target = clients.target(first + index, cell.transport);
      const report = await runCell(cell, { target, caFile: clients.caFile });
      results.push({ cell, report, seconds: (performance.now() - startedAt) / 1000 });
    }
  };
  const opened = await countOpened(clients.rig, async () => {
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  });
  return { results, opened };
}

async function allCloses({ rig }: ClientsRig): Promise<boolean> {
  const admin = rig.edges[0]?.line.admin ?? "";
  try {
    await waitUntil(async () => (await rig.metric(admin, "rockpool_edge_connections")) === 0);
    return true;
  } catch {
    return false;
  }
}
