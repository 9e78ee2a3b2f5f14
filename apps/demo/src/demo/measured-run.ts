import type { Random } from "@rockpool/base";
import { openDelayRelay } from "@rockpool/devdb";
import type { Connection } from "mysql2/promise";
import type { Stack } from "../stack/stack.ts";
import type { Workload } from "../workload.ts";
import { checkAnswer } from "./answer-checker.ts";
import { runDirectClients } from "./direct-clients.ts";
import { DirectConnections } from "./direct-connections.ts";
import { runEdgeClients } from "./edge-clients.ts";
import { Figures, type FiguresView } from "./figures.ts";
import { pause } from "./pause.ts";
import { openSnapshotRing } from "./snapshot-ring.ts";

/** Options of `runMeasured`. */
export interface MeasuredRunOptions {
  readonly stack: Pick<Stack, "info">;
  readonly workload: Workload;
  readonly random: Random;
  readonly seconds: number;
  /** Of the link that the clients without an edge use. */
  readonly roundTripMs: number;
  /** What the edges were told. */
  readonly boundMs: number;
  /** Short-lived clients at a time. */
  readonly concurrency: number;
  /** Shows the figures so far; called every quarter of a second. */
  readonly onFrame: (view: FiguresView, elapsedMs: number) => void;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

const FRAME_MS = 250;

/** Runs all clients and the checker for the given time and resolves with the figures. Throws only when it cannot begin. */
export async function runMeasured(options: MeasuredRunOptions): Promise<FiguresView> {
  const { stack, workload, random, boundMs, concurrency } = options;
  const figures = new Figures();
  const connections = new DirectConnections(stack.info.db);
  await using resources = new AsyncDisposableStack();
  resources.defer(() => connections.close());
  const { host, port } = stack.info.db;
  const link = await openDelayRelay({ target: { host, port }, roundTripMs: options.roundTripMs });
  resources.defer(() => link.close());
  const checker = await connections.open();
  const counter = await connections.open();
  const ring = await openSnapshotRing(
    () => connections.open(),
    (error) => figures.recordError("snapshot", error),
  );
  resources.defer(() => ring.close());

  const startMs = performance.now();
  const time = AbortSignal.timeout(options.seconds * 1_000);
  const signal = AbortSignal.any([options.signal, time]);
  const common = { workload, random, figures, signal };
  await Promise.all([
    runEdgeClients({
      ...common,
      info: stack.info,
      concurrency,
      check: (answer) => checkAnswer(answer, { connection: checker, ring, boundMs, figures }),
    }),
    runDirectClients({ ...common, connections, link }),
    showFrames(options, { figures, connections, counter, startMs, signal }),
  ]);
  return figures.view();
}

interface FrameSources {
  readonly figures: Figures;
  readonly connections: DirectConnections;
  readonly counter: Connection;
  readonly startMs: number;
  readonly signal: AbortSignal;
}

async function showFrames(
  { onFrame }: MeasuredRunOptions,
  { figures, connections, counter, startMs, signal }: FrameSources,
): Promise<void> {
  while (!signal.aborted) {
    try {
      figures.recordDatabaseConnections(await connections.countOthers(counter));
    } catch (error) {
      figures.recordError("counting connections", error);
      return;
    }
    onFrame(figures.view(), performance.now() - startMs);
    await pause(FRAME_MS, signal);
  }
}
