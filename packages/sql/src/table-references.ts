import { isName, symbolAt, type Token } from "./token.ts";

/** A table as the text names it. */
export interface TableName {
  /** `null` = unqualified. */
  readonly schema: string | null;
  readonly name: string;
}

/** Table names in the places where tables stand, and the indexes of their last tokens. */
export interface TableReferences {
  readonly names: readonly TableName[];
  readonly indexes: ReadonlySet<number>;
}

const ENDS_FROM = new Set(
  "SELECT WHERE GROUP HAVING ORDER LIMIT SET WINDOW UNION EXCEPT INTERSECT VALUES PROCEDURE RETURNING".split(
    " ",
  ),
);
/** Functions whose arguments hold a FROM of their own. */
const FROM_FUNCTIONS = new Set(["EXTRACT", "SUBSTRING", "SUBSTR", "MID", "TRIM", "OVERLAY"]);

interface Scope {
  inFrom: boolean;
  readonly special: boolean;
}

/**
 * Reads the table names of a SELECT or DML statement straight from its tokens, at any depth. It may name too much
 * (an expression after a comma in ON), never too little for the grammar of tables in FROM, JOIN, UPDATE and INTO.
 */
export function scanTableReferences(tokens: readonly Token[], from: number): TableReferences {
  const names: TableName[] = [];
  const indexes = new Set<number>();
  const stack: Scope[] = [];
  let scope: Scope = { inFrom: false, special: false };
  let expecting = false;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const symbol = token.symbol;
    if (symbol === "(") {
      stack.push(scope);
      scope = { inFrom: expecting, special: FROM_FUNCTIONS.has(symbolAt(tokens, at - 1)) };
    } else if (symbol === ")") {
      scope = stack.pop() ?? { inFrom: false, special: false };
      expecting = false;
    } else if (startsTables(tokens, at, scope)) {
      scope.inFrom = symbol !== "INTO" && symbol !== "TABLE";
      expecting = true;
    } else if (symbol === "," || symbol === "STRAIGHT_JOIN") expecting = scope.inFrom;
    else if (endsFrom(tokens, at)) {
      scope.inFrom = false;
      expecting = false;
    } else if (expecting && isName(token) && !SKIPPED.has(symbol)) {
      const end = readTableName(tokens, at, names);
      indexes.add(end);
      at = end;
      expecting = false;
    }
  }
  return { names, indexes };
}

function endsFrom(tokens: readonly Token[], at: number): boolean {
  const symbol = symbolAt(tokens, at);
  if (symbol === "FOR") return isRowLock(symbolAt(tokens, at + 1));
  // `USE INDEX FOR ORDER BY (i), t` goes on.
  return ENDS_FROM.has(symbol) && symbolAt(tokens, at - 1) !== "FOR";
}

function isRowLock(symbol: string): boolean {
  return symbol === "UPDATE" || symbol === "SHARE";
}

const SKIPPED = new Set(["LOW_PRIORITY", "IGNORE", "ONLY", "LATERAL", "DUAL", "AS"]);

function startsTables(tokens: readonly Token[], at: number, scope: Scope): boolean {
  const before = symbolAt(tokens, at - 1);
  switch (symbolAt(tokens, at)) {
    case "FROM":
      return !scope.special;
    case "UPDATE":
      return before !== "FOR" && before !== "KEY" && before !== "ON";
    case "INTO":
    case "TABLE":
    case "JOIN":
      return true;
    case "USING":
      return scope.inFrom && symbolAt(tokens, at + 1) !== "(";
    default:
      return false;
  }
}

/** Adds the name at `at` and gives the index of its last token. */
export function readTableName(tokens: readonly Token[], at: number, names: TableName[]): number {
  const first = tokens[at];
  const second = tokens[at + 2];
  if (!isName(first)) return at;
  if (symbolAt(tokens, at + 1) === "." && isName(second)) {
    names.push({ schema: first.text, name: second.text });
    return at + 2;
  }
  names.push({ schema: null, name: first.text });
  return at;
}
