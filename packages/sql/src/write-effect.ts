import { type ChangeSet, EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { isSystemSchema, type TableEntry } from "./catalogue-index.ts";
import type { CodeSummary } from "./code-summary.ts";
import type { Environment } from "./environment.ts";
import { findFloor } from "./floor.ts";
import { ReachSet } from "./reach.ts";
import type { TableName } from "./table-references.ts";
import type { Token } from "./token.ts";

/** What a DML statement may change, and whether it runs triggers or other stored code. */
export interface WriteReading {
  readonly effect: ChangeSet;
  readonly runsCode: boolean;
  /** That code may leave session state behind. */
  readonly leavesState: boolean;
  /** It names a system schema: rights or definitions may have changed. */
  readonly system: boolean;
}

/**
 * The effect of a DML statement: every table its names can mean, widened by views, triggers, foreign keys and functions
 * (R14). A table in a table's place that the catalogue does not know makes it everything.
 */
export function readWrite(
  tokens: readonly Token[],
  names: readonly TableName[],
  code: CodeSummary,
  environment: Environment,
): WriteReading {
  const { catalogue, defaultSchema } = environment;
  const unknown: WriteReading = { effect: EVERYTHING, runsCode: true, leavesState: false, system: false };
  if (catalogue === null) return unknown;
  const floor = findFloor(tokens, catalogue, defaultSchema);
  if (floor.systemSchema) return { ...unknown, system: true };
  if (names.length === 0 || hasUnknownTable(names, environment)) return unknown;
  const reach = new ReachSet();
  for (const entry of floor.tables) {
    reach.addWritten(entry);
    reach.addRead(entry);
  }
  return {
    effect: uniteReach(reach, code),
    runsCode: floor.tables.some((entry) => entry.table.runsCode),
    leavesState: floor.tables.some((entry) => entry.table.leavesState === true),
    system: false,
  };
}

/** What a query that is not proven pure may write: through functions it calls, directly or inside views. */
export function readQueryEffect(
  tokens: readonly Token[],
  names: readonly TableName[],
  code: CodeSummary,
  environment: Environment,
): ChangeSet {
  const { catalogue, defaultSchema } = environment;
  if (catalogue === null || hasUnknownTable(names, environment)) return EVERYTHING;
  const reach = new ReachSet();
  for (const entry of findFloor(tokens, catalogue, defaultSchema).tables) reach.addRead(entry);
  return uniteReach(reach, code);
}

function uniteReach(reach: ReachSet, code: CodeSummary): ChangeSet {
  const own = reach.toChangeSet();
  const called = code.reach.toChangeSet();
  if (own.everything || called.everything) return EVERYTHING;
  return { ...NO_CHANGE, tables: [...new Set([...own.tables, ...called.tables])] };
}

function hasUnknownTable(names: readonly TableName[], environment: Environment): boolean {
  return names.some((name) => {
    const schema = name.schema ?? environment.defaultSchema;
    if (schema === null) return true;
    return !isSystemSchema(schema) && findTable(schema, name.name, environment) === undefined;
  });
}

function findTable(schema: string, name: string, environment: Environment): TableEntry | undefined {
  return environment.catalogue?.table(schema, name);
}
