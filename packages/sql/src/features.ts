import { symbolAt, type Token } from "./token.ts";

/** What single tokens give away, whatever the grammar around them. Each errs towards `true`. */
export interface Features {
  readonly into: boolean;
  readonly lockingRead: boolean;
  readonly userVariable: boolean;
  /** `@x := …` or `INTO @x`. */
  readonly assignsUserVariable: boolean;
  readonly systemVariable: boolean;
  /** SQL_CALC_FOUND_ROWS. */
  readonly foundRows: boolean;
  readonly noCache: boolean;
  /** FOR SYSTEM_TIME. */
  readonly temporal: boolean;
  /** PROCEDURE ANALYSE. */
  readonly procedure: boolean;
  readonly readsLastInsertId: boolean;
  readonly readsDiagnostics: boolean;
  /** A name that holds U+FFFD: the bytes it stands for are unknown. */
  readonly garbledName: boolean;
}

const LAST_ID = /^@@(?:session\.|local\.)?`?(?:last_insert_id|identity)`?$/;
const DIAGNOSTIC = /^@@(?:session\.|local\.)?`?(?:warning_count|error_count)`?$/;

/** Reads the features of a statement's tokens. */
export function readFeatures(tokens: readonly Token[]): Features {
  const symbols = new Set<string>();
  const found = {
    locking: false,
    user: false,
    assigns: false,
    system: false,
    lastId: false,
    diagnostics: false,
  };
  let garbledName = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    symbols.add(token.symbol);
    if (token.kind === "user-variable") {
      found.user = true;
      if (symbolAt(tokens, at + 1) === ":=" || symbolAt(tokens, at - 1) === "INTO") found.assigns = true;
    } else if (token.kind === "system-variable") {
      found.system = true;
      if (LAST_ID.test(token.text)) found.lastId = true;
      if (DIAGNOSTIC.test(token.text)) found.diagnostics = true;
    } else if (token.kind === "word" || token.kind === "quoted") {
      if (token.text.includes("\uFFFD")) garbledName = true;
    }
    if (isLockAt(tokens, at, token.symbol)) found.locking = true;
  }
  return {
    into: symbols.has("INTO"),
    lockingRead: found.locking,
    userVariable: found.user,
    assignsUserVariable: found.assigns || (found.user && symbols.has(":=")),
    systemVariable: found.system,
    foundRows: symbols.has("SQL_CALC_FOUND_ROWS"),
    noCache: symbols.has("SQL_NO_CACHE"),
    temporal: symbols.has("SYSTEM_TIME"),
    procedure: symbols.has("PROCEDURE"),
    readsLastInsertId: found.lastId,
    readsDiagnostics: found.diagnostics,
    garbledName,
  };
}

function isLockAt(tokens: readonly Token[], at: number, symbol: string): boolean {
  const next = symbolAt(tokens, at + 1);
  return (
    (symbol === "FOR" && (next === "UPDATE" || next === "SHARE")) || (symbol === "LOCK" && next === "IN")
  );
}
