import { type ChangeSet, isEmptyChange } from "@rockpool/base";
import type { CodeSummary } from "./code-summary.ts";
import type { Environment } from "./environment.ts";
import type { RightsFacts, StatementFacts, StatementKind } from "./facts.ts";
import type { Features } from "./features.ts";
import { findFloor } from "./floor.ts";
import type { Lexed } from "./lex.ts";
import { readNamedSchemas } from "./named-schemas.ts";
import { readReachOf } from "./reach.ts";
import { symbolAt, type Token } from "./token.ts";

/** What is known of a text that may be anything. */
export const UNSURE: RightsFacts = { unsure: true, reads: "no", schemas: null };

/** A statement as its rights are judged. */
export interface JudgedStatement {
  readonly lexed: Lexed;
  /** By its first words. */
  readonly kind: StatementKind;
  readonly features: Features;
  readonly environment: Environment;
  readonly facts: Omit<StatementFacts, "rights">;
}

/** What a login must be allowed for this statement. `code` sums up the calls in it. */
export function describeRights(statement: JudgedStatement, code: () => CodeSummary): RightsFacts {
  const { lexed, kind, facts, features, environment } = statement;
  const isUnsure =
    lexed.executableComment ||
    lexed.severalStatements ||
    features.garbledName ||
    facts.kind !== kind || // SET STATEMENT … FOR
    facts.pin === "unknown-statement";
  if (isUnsure) return UNSURE;
  return {
    unsure: false,
    reads: judgeRead(statement, code),
    schemas: readNamedSchemas(kind, lexed.tokens, environment),
  };
}

function judgeRead(statement: JudgedStatement, code: () => CodeSummary): RightsFacts["reads"] {
  const { kind, lexed, facts } = statement;
  switch (kind) {
    case "select":
      return judgeSelect(statement, code());
    case "show":
      return facts.pure ? "certainly" : "no";
    case "commit":
    case "rollback":
    case "savepoint":
    case "unlock":
    case "use":
    case "empty":
      return "certainly";
    case "begin":
      return hasSymbol(lexed.tokens, "WRITE") ? "no" : "certainly";
    case "set":
      return facts.virtualSets !== null || isReadOnlyTransaction(lexed.tokens) ? "certainly" : "no";
    default:
      return "no";
  }
}

/**
 * Whether a SELECT can do nothing but read. No parser is needed: nothing but a call, INTO, `:=` or a lock could, and the
 * lexer misses none. A table that the catalogue does not know may be a view with code in it: the server's read-only
 * transaction is there for that.
 */
function judgeSelect(
  { lexed, features, environment }: JudgedStatement,
  code: CodeSummary,
): RightsFacts["reads"] {
  const { catalogue, defaultSchema, modes } = environment;
  if (!modes.harmless || lexed.introducer) return "no";
  if (features.into || features.assignsUserVariable || features.procedure || code.effects) return "no";
  if (code.unlisted && (code.pin !== null || !isEmptyChange(reachOf(code)))) return "no";
  const tables = catalogue === null ? [] : findFloor(lexed.tokens, catalogue, defaultSchema).tables;
  if (tables.some((entry) => readReachOf(entry)?.length !== 0)) return "no";
  return features.lockingRead ? "with-locks" : "certainly";
}

function reachOf(code: CodeSummary): ChangeSet {
  return code.reach.toChangeSet();
}

/** `SET [SESSION] TRANSACTION …` for this session, that does not ask for writes. */
function isReadOnlyTransaction(tokens: readonly Token[]): boolean {
  const scoped = ["SESSION", "LOCAL"].includes(symbolAt(tokens, 1));
  return symbolAt(tokens, scoped ? 2 : 1) === "TRANSACTION" && !hasSymbol(tokens, "WRITE");
}

function hasSymbol(tokens: readonly Token[], symbol: string): boolean {
  return tokens.some((token) => token.symbol === symbol);
}
