import type { AnswerKind, FiguresView, Latency } from "./figures.ts";

/** Constant facts that the texts mention. */
export interface RunFacts {
  readonly serverVersion: string;
  readonly edgeCount: number;
  readonly roundTripMs: number;
  readonly boundMs: number;
  readonly coreCount: number;
  /** The system's load over the last minute: how many processors all programs together could have used. */
  readonly coresWanted: () => number;
}

const NAMES: Readonly<Record<AnswerKind, string>> = {
  hit: "hit, at the edge",
  miss: "miss, through the edge",
  bypass: "not cacheable, through the edge",
  write: "write, through the edge",
  "warm-pool": "warm pool, no edge",
  "new-connection": "new connection per request",
};

const BAR_CELLS = 40;

/** The table of latencies, one line a kind; `withRatio` adds how often a hit's p50 goes into the others. */
function formatLatencies(latencies: Readonly<Record<AnswerKind, Latency>>, withRatio: boolean): string[] {
  const rows: AnswerKind[] = ["hit", "miss", "warm-pool", "new-connection", "write"];
  if (latencies.bypass.count > 0) rows.splice(2, 0, "bypass");
  const head = `${"".padEnd(33)}${"answers".padStart(9)}${"p50".padStart(12)}${"p99".padStart(12)}`;
  return [
    withRatio ? `${head}${"p50 : hit".padStart(12)}` : head,
    ...rows.map((kind) => {
      const { count, p50Ms, p99Ms } = latencies[kind];
      const ratio = p50Ms / latencies.hit.p50Ms;
      const cells = [
        NAMES[kind].padEnd(33),
        formatCount(count).padStart(9),
        (count === 0 ? "-" : formatMs(p50Ms)).padStart(12),
        (count === 0 ? "-" : formatMs(p99Ms)).padStart(12),
      ];
      if (withRatio)
        cells.push((Number.isFinite(ratio) && count > 0 ? formatRatio(ratio) : "-").padStart(12));
      return cells.join("");
    }),
  ];
}

/** The whole screen at a moment of the run, one line each. */
export function formatScreen(view: FiguresView, facts: RunFacts, elapsedS: number, totalS: number): string[] {
  const filled = Math.round(view.hitRatio * BAR_CELLS);
  return [
    `Rockpool  ${facts.serverVersion}  <- origin <= ${facts.roundTripMs} ms => ${facts.edgeCount} edges <- ${formatCount(view.clientsNow)} clients   ${Math.floor(elapsedS)} of ${totalS} s`,
    "",
    `hits     ${formatPercent(view.hitRatio).padStart(7)}  ${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}  of ${formatCount(view.reads)} reads`,
    "",
    ...formatLatencies(view.latencies, false),
    "",
    formatClients(view),
    formatChecks(view, facts),
    ...formatTrouble(view),
  ];
}

/** One line for where a screen cannot be drawn. */
export function formatProgress(view: FiguresView, facts: RunFacts, elapsedS: number): string {
  const { hit, miss } = view.latencies;
  return [
    `${String(Math.round(elapsedS)).padStart(4)} s`,
    `hits ${formatPercent(view.hitRatio)} of ${formatCount(view.reads)} reads`,
    `hit p50 ${formatMs(hit.p50Ms)} p99 ${formatMs(hit.p99Ms)}`,
    `miss p50 ${formatMs(miss.p50Ms)}`,
    `${view.clientsNow} clients, ${view.databaseConnections} database connections`,
    formatChecks(view, facts),
    ...formatTrouble(view),
  ].join(" | ");
}

/** The end of a run. */
export function formatSummary(view: FiguresView, facts: RunFacts, totalS: number): string[] {
  return [
    `In ${totalS} s: ${formatPercent(view.hitRatio)} of ${formatCount(view.reads)} reads were answered at the edge.`,
    "",
    ...formatLatencies(view.latencies, true),
    "",
    `Measured around each client's own call, from clients beside the edges: a hit goes no further than that. Everything`,
    `else pays the ${facts.roundTripMs} ms round trip to the database, also the two kinds of clients without an edge (reads only).`,
    ...formatBusyNote(facts),
    "",
    formatClients(view),
    formatChecks(view, facts),
    ...formatTrouble(view),
  ];
}

function formatClients(view: FiguresView): string {
  return `clients  ${formatCount(view.clientsSoFar)} short-lived ones, ${formatCount(view.clientsMost)} at a time, on ${view.databaseConnections} database connections (${view.databaseConnectionsMost} at most)`;
}

function formatChecks({ checked, older, undecided }: FiguresView, { boundMs }: RunFacts): string {
  const open = undecided === 0 ? "" : `, ${formatCount(undecided)} undecided`;
  return `checked  ${formatCount(checked)} answers again at the database: ${formatCount(older)} older than ${formatCount(boundMs)} ms${open}`;
}

/** Everything runs on one machine: when it is short of processors, latencies are mostly waiting for one. */
function formatBusyNote({ coreCount, coresWanted }: RunFacts): string[] {
  const wanted = coresWanted();
  if (wanted <= coreCount) return [];
  return [
    `This machine was busy (load ${wanted.toFixed(1)} on ${coreCount} processors): all latencies include waiting for a processor.`,
  ];
}

function formatTrouble({ errors, firstError, deadlocks }: FiguresView): string[] {
  return [
    ...(deadlocks === 0 ? [] : [`deadlocks ${formatCount(deadlocks)}, sent again`]),
    ...(errors === 0 ? [] : [`ERRORS   ${formatCount(errors)}, the first one: ${firstError}`]),
  ];
}

function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 1 : 0)}x`;
}
