import {
  readTableName,
  scanTableReferences,
  type TableName,
  type TableReferences,
} from "./table-references.ts";
import { symbolAt, type Token } from "./token.ts";

/** The tables a DML statement, or any statement with queries in it, reads or writes, with `verbAt` at its verb. */
export function findStatementTables(tokens: readonly Token[], verbAt: number): TableReferences {
  const verb = symbolAt(tokens, verbAt);
  if (verb === "INSERT" || verb === "REPLACE") return insertTables(tokens, verbAt);
  if (verb === "DELETE") return deleteTables(tokens, verbAt);
  // Its update list may hold column names that look like nothing special; from the verb on all table places are read.
  return withCommonTables(tokens, verbAt, scanTableReferences(tokens, verbAt));
}

const INSERT_WORDS = new Set(["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]);

function insertTables(tokens: readonly Token[], verbAt: number): TableReferences {
  let at = verbAt + 1;
  while (INSERT_WORDS.has(symbolAt(tokens, at))) at += 1;
  const names: TableName[] = [];
  const end = readTableName(tokens, at, names);
  const rest = scanTableReferences(tokens, end + 1);
  return withCommonTables(tokens, verbAt, {
    names: [...names, ...rest.names],
    indexes: new Set([end, ...rest.indexes]),
  });
}

/** In `DELETE a FROM t AS a …` and `DELETE FROM a USING t AS a …` only the list after FROM or USING names tables. */
function deleteTables(tokens: readonly Token[], verbAt: number): TableReferences {
  let depth = 0;
  let start = verbAt;
  for (let at = verbAt; at < tokens.length; at++) {
    const symbol = symbolAt(tokens, at);
    if (symbol === "(") depth += 1;
    else if (symbol === ")") depth -= 1;
    else if (symbol === "WHERE" && depth === 0) break;
    else if (symbol === "USING" && depth === 0 && symbolAt(tokens, at + 1) !== "(") start = at;
  }
  const head = symbolAt(tokens, start) === "USING" ? withFrom(tokens, start) : tokens;
  return withCommonTables(tokens, verbAt, scanTableReferences(head, start));
}

/** Reads USING as the FROM it is here. */
function withFrom(tokens: readonly Token[], at: number): readonly Token[] {
  return tokens.map((token, index) => (index === at ? { ...token, text: "FROM", symbol: "FROM" } : token));
}

/** Leaves out the names of common table expressions, and adds the tables inside a WITH before the verb. */
function withCommonTables(tokens: readonly Token[], verbAt: number, found: TableReferences): TableReferences {
  const common = new Set<string>();
  for (let at = 1; at < tokens.length; at++) {
    const before = symbolAt(tokens, at - 1);
    if (before !== "WITH" && before !== "RECURSIVE" && before !== ",") continue;
    let end = at + 1;
    if (symbolAt(tokens, end) === "(")
      end = tokens.findIndex((token, index) => index > end && token.symbol === ")") + 1;
    const token = tokens[at];
    if (token !== undefined && symbolAt(tokens, end) === "AS" && symbolAt(tokens, end + 1) === "(")
      common.add(token.text);
  }
  const head = verbAt > 0 ? scanTableReferences(tokens.slice(0, verbAt), 0) : null;
  const names = [...(head?.names ?? []), ...found.names];
  return {
    names: names.filter((name) => name.schema !== null || !common.has(name.name)),
    indexes: new Set([...(head?.indexes ?? []), ...found.indexes]),
  };
}
