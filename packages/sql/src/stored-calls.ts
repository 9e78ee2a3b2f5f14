import { fold } from "./catalogue-index.ts";
import type { CodeSummary } from "./code-summary.ts";
import type { Environment } from "./environment.ts";
import type { StatementKind } from "./facts.ts";
import { findFloor } from "./floor.ts";
import { readReachOf } from "./reach.ts";
import { symbolAt, type Token } from "./token.ts";

const NONE: readonly string[] = [];

/** Kinds that run no stored code but what their tables and calls bring along. */
const BY_NAMES: ReadonlySet<StatementKind> = new Set(["select", "dml", "show", "load", "set"]);
/** What CREATE and ALTER only write down: nothing in it runs. */
const WRITTEN_DOWN = new Set(["VIEW", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"]);

/**
 * Names of the calls in a statement that may be stored functions, if those are all the stored code that it can run; null
 * if there may be more: triggers, views that call functions, procedures, texts that are put together while it runs.
 * What the catalogue does not know counts as not there.
 */
export function findStoredCalls(
  tokens: readonly Token[],
  kind: StatementKind,
  code: () => CodeSummary,
  environment: Environment,
): readonly string[] | null {
  switch (kind) {
    case "rights":
    case "xa":
      return NONE;
    case "ddl":
      return runsQuery(tokens) ? null : NONE;
    default:
      // SET STATEMENT … FOR may be followed by anything.
      if (!BY_NAMES.has(kind) || symbolAt(tokens, 1) === "STATEMENT") return null;
      if (runsCode(tokens, environment)) return null;
      return code().storedNames.map(fold);
  }
}

/** Whether DDL may run a query: CREATE TABLE … SELECT, but not CREATE VIEW or a stored routine. */
function runsQuery(tokens: readonly Token[]): boolean {
  const head = tokens.slice(1, 16).map((token) => token.symbol);
  if (head.some((word) => WRITTEN_DOWN.has(word))) return false;
  return tokens.some((token, at) => {
    const isQuery = token.symbol === "SELECT" || token.symbol === "WITH" || token.symbol === "TABLE";
    // The first TABLE is what is created; VALUES of a partition are not followed by a parenthesis.
    if (isQuery)
      return token.symbol !== "TABLE" || tokens.slice(0, at).some(({ symbol }) => symbol === "TABLE");
    return token.symbol === "VALUES" && symbolAt(tokens, at + 1) === "(";
  });
}

/** Whether a table that its names can mean has triggers, or is a view that calls functions or can be written through. */
function runsCode(tokens: readonly Token[], environment: Environment): boolean {
  const { catalogue, defaultSchema } = environment;
  if (catalogue === null) return true;
  return findFloor(tokens, catalogue, defaultSchema).tables.some((entry) => {
    if (entry.table.runsCode) return true;
    return entry.table.kind === "view" && readReachOf(entry)?.length !== 0;
  });
}
