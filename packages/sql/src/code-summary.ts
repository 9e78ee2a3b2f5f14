import { type Call, findCalls } from "./calls.ts";
import type { Environment } from "./environment.ts";
import type { PinReason } from "./facts.ts";
import { findFloor, findRoutines } from "./floor.ts";
import { ReachSet } from "./reach.ts";
import type { Token } from "./token.ts";

/** What the functions called in a stretch of tokens do. */
export interface CodeSummary {
  /** What they may write. */
  readonly reach: ReachSet;
  /** A call of something that is not a known built-in. */
  readonly unlisted: boolean;
  /** Their names, as written. */
  readonly storedNames: readonly string[];
  readonly volatile: boolean;
  /** A call that leaves state, or writes a sequence. */
  readonly effects: boolean;
  /** LAST_INSERT_ID(x), which sets the session's value. */
  readonly setsLastInsertId: boolean;
  readonly pin: PinReason | null;
  readonly needsCleanConnection: boolean;
  readonly resetAfter: boolean;
  readonly usesLastInsertId: boolean;
  readonly usesDiagnostics: boolean;
}

const DIAGNOSTIC_FUNCTIONS = new Set(["found_rows", "row_count"]);

/** Sums up the calls in `tokens`; `tableNames` are indexes of names that are tables, not functions. */
export function summarizeCode(
  tokens: readonly Token[],
  environment: Environment,
  tableNames: ReadonlySet<number>,
): CodeSummary {
  const { catalogue } = environment;
  const calls = findCalls(tokens, tableNames, (name) => (catalogue?.routinesNamed(name).length ?? 0) > 0);
  const reach = new ReachSet();
  const stored: { pin: PinReason | null; clean: boolean; any: boolean } = {
    pin: null,
    clean: true,
    any: false,
  };
  const unlisted = calls.filter((call) => isMaybeStored(call, environment));
  for (const call of unlisted) {
    stored.any = true;
    if (!addRoutine(reach, call, environment)) stored.clean = false;
  }
  const names = calls.map((call) => call.name.toLowerCase());
  const sequences = calls.some((call) => call.kind === "sequence");
  if (sequences) addSequences(reach, tokens, environment);
  const locks = calls.some((call) => call.kind === "session" && call.name.toLowerCase() === "get_lock");
  return {
    reach,
    unlisted: unlisted.length > 0,
    storedNames: unlisted.map((call) => call.name),
    volatile: calls.some((call) => call.kind === "volatile"),
    effects: sequences || calls.some((call) => call.kind === "session"),
    setsLastInsertId: calls.some((call) => !call.empty && call.name.toLowerCase() === "last_insert_id"),
    pin: locks ? "user-lock" : stored.clean ? null : "routine",
    needsCleanConnection: stored.any,
    resetAfter: stored.any,
    usesLastInsertId: calls.some((call) => call.empty && call.name.toLowerCase() === "last_insert_id"),
    usesDiagnostics: names.some((name) => DIAGNOSTIC_FUNCTIONS.has(name)),
  };
}

/** An unlisted call, or a built-in name that a stored function of a possible schema has too (the other server's built-ins). */
function isMaybeStored(call: Call, environment: Environment): boolean {
  if (call.kind === "unlisted") return true;
  if (environment.catalogue === null) return false;
  return findRoutines(environment.catalogue, environment.defaultSchema, call).some(
    (entry) => entry.routine.kind === "function",
  );
}

/** Adds what the function may write; false when it, or what it leaves behind, is not known. */
function addRoutine(reach: ReachSet, call: Call, environment: Environment): boolean {
  const { catalogue, defaultSchema } = environment;
  const entries = (catalogue === null ? [] : findRoutines(catalogue, defaultSchema, call)).filter(
    (entry) => entry.routine.kind === "function",
  );
  if (entries.length === 0) reach.addEverything();
  for (const entry of entries) reach.add(entry.routine.writeReach);
  return entries.length > 0 && entries.every((entry) => entry.routine.clean);
}

function addSequences(reach: ReachSet, tokens: readonly Token[], environment: Environment): void {
  const { catalogue, defaultSchema } = environment;
  const floor = catalogue === null ? null : findFloor(tokens, catalogue, defaultSchema);
  const sequences = floor?.tables.filter((entry) => entry.table.kind === "other") ?? [];
  if (sequences.length === 0) reach.addEverything();
  for (const entry of sequences) reach.addWritten(entry);
}
