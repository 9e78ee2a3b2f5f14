import type { StatementKind } from "./facts.ts";
import { symbolAt, type Token } from "./token.ts";

/** A statement's kind and the index of the word that decides it (`SELECT`, or the verb after `WITH …`). */
export interface StatementHead {
  readonly kind: StatementKind;
  readonly verbAt: number;
}

const KINDS: Readonly<Record<string, StatementKind>> = {
  SELECT: "select",
  VALUES: "select",
  SHOW: "show",
  EXPLAIN: "show",
  DESCRIBE: "show",
  DESC: "show",
  HELP: "show",
  INSERT: "dml",
  UPDATE: "dml",
  DELETE: "dml",
  REPLACE: "dml",
  DO: "dml",
  CREATE: "ddl",
  ALTER: "ddl",
  DROP: "ddl",
  RENAME: "ddl",
  TRUNCATE: "ddl",
  OPTIMIZE: "ddl",
  ANALYZE: "ddl",
  REPAIR: "ddl",
  CHECK: "ddl",
  CHECKSUM: "ddl",
  GRANT: "rights",
  REVOKE: "rights",
  FLUSH: "rights",
  BEGIN: "begin",
  START: "begin",
  COMMIT: "commit",
  ROLLBACK: "rollback",
  SAVEPOINT: "savepoint",
  RELEASE: "savepoint",
  SET: "set",
  USE: "use",
  CALL: "call",
  LOCK: "lock",
  UNLOCK: "unlock",
  PREPARE: "prepare",
  EXECUTE: "prepare",
  DEALLOCATE: "prepare",
  XA: "xa",
  HANDLER: "handler",
  LOAD: "load",
};

/** Decides the kind by leading tokens; a form that is not fully understood is `other`. */
export function readStatementHead(tokens: readonly Token[]): StatementHead {
  if (tokens.length === 0) return { kind: "empty", verbAt: 0 };
  let at = 0;
  while (symbolAt(tokens, at) === "(") at += 1;
  const verb = symbolAt(tokens, at);
  if (verb === "WITH") return readWith(tokens, at);
  const kind = Object.hasOwn(KINDS, verb) ? KINDS[verb] : undefined;
  // Only queries may stand in parentheses. `TABLE t` is a query too.
  if (verb === "TABLE") return { kind: "select", verbAt: at };
  if (kind === undefined || (at > 0 && kind !== "select")) return { kind: "other", verbAt: at };
  return { kind: refine(tokens, kind, verb), verbAt: at };
}

/** The verb of `WITH a AS (…), b AS (…) SELECT|UPDATE|DELETE|INSERT …` stands outside all parentheses. */
function readWith(tokens: readonly Token[], from: number): StatementHead {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const symbol = symbolAt(tokens, at);
    if (symbol === "(") depth += 1;
    else if (symbol === ")") depth -= 1;
    else if (depth === 0) {
      if (["UPDATE", "DELETE", "INSERT", "REPLACE"].includes(symbol)) return { kind: "dml", verbAt: at };
      if (symbol === "SELECT" || symbol === "VALUES") return { kind: "select", verbAt: at };
    }
  }
  return { kind: from > 0 ? "other" : "select", verbAt: from };
}

function refine(tokens: readonly Token[], kind: StatementKind, verb: string): StatementKind {
  const next = symbolAt(tokens, 1);
  switch (verb) {
    case "BEGIN":
      return tokens.length === 1 || (next === "WORK" && tokens.length === 2) ? kind : "other";
    case "START":
      return next === "TRANSACTION" ? kind : "other";
    case "COMMIT":
      return isEndOfTransaction(tokens) ? kind : "other";
    case "ROLLBACK":
      if (next === "TO" || (next === "WORK" && symbolAt(tokens, 2) === "TO")) return "savepoint";
      return isEndOfTransaction(tokens) ? kind : "other";
    case "RELEASE":
      return next === "SAVEPOINT" ? kind : "other";
    case "ANALYZE":
      return isAnalyzeTable(tokens) ? kind : "show";
    case "CREATE":
    case "ALTER":
    case "DROP":
    case "RENAME":
      return isAboutAccounts(tokens) ? "rights" : kind;
    case "SET":
      return isSetOfRights(tokens) ? "rights" : kind;
    case "LOCK":
      return next === "TABLE" || next === "TABLES" || next === "INSTANCE" ? kind : "other";
    case "CHECK":
    case "CHECKSUM":
    case "OPTIMIZE":
    case "REPAIR":
      return tokens.slice(1, 4).some((token) => ["TABLE", "TABLES", "VIEW"].includes(token.symbol))
        ? kind
        : "other";
    case "LOAD":
      return next === "DATA" || next === "XML" ? kind : "other";
    default:
      return kind;
  }
}

/** `COMMIT [WORK] [AND [NO] CHAIN] [NO RELEASE]`; plain RELEASE ends the connection, which nobody here models. */
function isEndOfTransaction(tokens: readonly Token[]): boolean {
  const rest = tokens.slice(1).map((token) => token.symbol);
  return /^(?:WORK)?(?: ?AND (?:NO )?CHAIN)?(?: ?NO RELEASE)?$/.test(rest.join(" ").trim());
}

/** MariaDB's `ANALYZE [FORMAT=JSON] SELECT|UPDATE|…` runs the statement; `ANALYZE [LOCAL] TABLE t` does not. */
function isAnalyzeTable(tokens: readonly Token[]): boolean {
  const next = symbolAt(tokens, 1);
  return next === "TABLE" || next === "TABLES" || next === "LOCAL" || next === "NO_WRITE_TO_BINLOG";
}

function isAboutAccounts(tokens: readonly Token[]): boolean {
  return tokens.slice(1, 4).some((token) => ["USER", "ROLE"].includes(token.symbol));
}

function isSetOfRights(tokens: readonly Token[]): boolean {
  const next = symbolAt(tokens, 1);
  return next === "PASSWORD" || (next === "DEFAULT" && symbolAt(tokens, 2) === "ROLE");
}
