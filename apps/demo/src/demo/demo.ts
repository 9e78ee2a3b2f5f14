import { availableParallelism, loadavg } from "node:os";
import { createConnection } from "mysql2/promise";
import { formatClientHints } from "../stack/format-clients.ts";
import { aborted } from "../stack/shutdown-signal.ts";
import { openStack, type Stack } from "../stack/stack.ts";
import type { StackDatabase } from "../stack/stack-accounts.ts";
import { loadInto, loadWorkload, type Workload } from "../workload.ts";
import { createSeededRandom } from "../workload-random.ts";
import type { DemoArguments } from "./demo-arguments.ts";
import type { FiguresView } from "./figures.ts";
import { formatProgress, formatScreen, formatSummary, type RunFacts } from "./format-view.ts";
import { runMeasured } from "./measured-run.ts";
import { createScreen, type ScreenOutput } from "./screen.ts";

/** Options of `runDemo`. */
export interface DemoOptions extends DemoArguments {
  readonly output: ScreenOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the demo. */
  readonly signal: AbortSignal;
}

const EDGES = 2;
const ROUND_TRIP_MS = 40;
const BOUND_MS = 1_000;
const CONCURRENCY = 200;
const PROGRESS_EVERY_MS = 5_000;
/** A read that people can try by hand. */
const HINT_SQL = "SELECT id, title FROM stories WHERE id = 7";

/**
 * Runs the demo from nothing to its summary and, without `exit`, stays up until the signal. Resolves with what failed,
 * for people; an empty list when nothing did. Throws when the stack cannot start or one of its programs crashes.
 */
export async function runDemo(options: DemoOptions): Promise<string[]> {
  const { output, signal } = options;
  const print = (lines: readonly string[]): void => void output.write(`${lines.join("\n")}\n`);
  const workload = await loadWorkload();
  print([
    `Rockpool demo: a database, one origin, ${EDGES} edges behind a round trip of ${ROUND_TRIP_MS} ms.`,
  ]);
  const stack = await openStack({
    edges: EDGES,
    roundTripMs: ROUND_TRIP_MS,
    boundMs: BOUND_MS,
    useFreshDatabase: true,
    prepareDatabase: (db) => load(db, workload, print),
    signal,
    onNotice: (message) => print([message]),
  });
  try {
    const crash = stack.crashed.then((error) => Promise.reject(error));
    // Awaited only while there is something to interrupt.
    crash.catch(() => undefined);
    const view = await Promise.race([crash, measure(options, stack, workload)]);
    if (signal.aborted) return [];
    print([
      "",
      ...formatSummary(view, factsOf(stack), options.seconds),
      "",
      ...formatClientHints(stack.info, HINT_SQL),
    ]);
    const failures = findFailures(view);
    if (failures.length > 0) print(failures.map((failure) => `FAILED   ${failure}`));
    if (!options.exit) {
      print(["Everything stays up until Ctrl-C."]);
      await Promise.race([crash, aborted(signal)]);
    }
    return failures;
  } finally {
    await stack.close();
  }
}

async function load(
  db: StackDatabase,
  workload: Workload,
  print: (lines: readonly string[]) => void,
): Promise<void> {
  const startMs = performance.now();
  const { host, port, user, password, database } = db;
  const connection = await createConnection({ host, port, user, password, database });
  await loadInto(connection, workload);
  await connection.end();
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  print([`Loaded ${workload.writes.length} writes of a recorded Rails session in ${seconds} s.`]);
}

async function measure(options: DemoOptions, stack: Stack, workload: Workload): Promise<FiguresView> {
  const { output, env, seconds, signal } = options;
  const facts = factsOf(stack);
  const screen = createScreen(output, env);
  let lastProgressMs = 0;
  try {
    return await runMeasured({
      stack,
      workload,
      random: createSeededRandom(Number(env["SEED"] ?? 1)),
      seconds,
      roundTripMs: ROUND_TRIP_MS,
      boundMs: BOUND_MS,
      concurrency: CONCURRENCY,
      signal,
      onFrame(view, elapsedMs) {
        screen.draw(formatScreen(view, facts, elapsedMs / 1_000, seconds));
        if (screen.isLive || elapsedMs - lastProgressMs < PROGRESS_EVERY_MS) return;
        lastProgressMs = elapsedMs;
        output.write(`${formatProgress(view, facts, elapsedMs / 1_000)}\n`);
      },
    });
  } finally {
    screen.end();
  }
}

function factsOf({ serverVersion }: Stack): RunFacts {
  return {
    serverVersion,
    edgeCount: EDGES,
    roundTripMs: ROUND_TRIP_MS,
    boundMs: BOUND_MS,
    coreCount: availableParallelism(),
    coresWanted: () => loadavg()[0] ?? 0,
  };
}

function findFailures({ errors, firstError, older, checked, latencies }: FiguresView): string[] {
  return [
    ...(errors > 0 ? [`${errors} error answers, the first one: ${firstError}`] : []),
    ...(older > 0 ? [`${older} answers were older than ${BOUND_MS} ms`] : []),
    ...(latencies.hit.count === 0 ? ["no read was answered at an edge"] : []),
    ...(checked === 0 ? ["no answer was checked"] : []),
  ];
}
