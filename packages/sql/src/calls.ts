import {
  BARE_VOLATILE_WORDS,
  CALL_FREE_WORDS,
  CLOCK_WITHOUT_ARGUMENTS,
  SPACE_SENSITIVE_FUNCTIONS,
  STABLE_FUNCTIONS,
  VOLATILE_FUNCTIONS,
} from "./function-lists.ts";
import { isName, symbolAt, type Token } from "./token.ts";

/**
 * What a call is. `session` leaves state on the connection but no data (GET_LOCK, LAST_INSERT_ID(x)); `sequence` alters a
 * sequence named in the text; `unlisted` may be anything, also a stored function.
 */
export type CallKind = "stable" | "volatile" | "session" | "sequence" | "unlisted";

/** One function call, as the tokens show it: no parser can hide one. */
export interface Call {
  readonly kind: CallKind;
  /** As written, unescaped. */
  readonly name: string;
  /** The qualifier of `schema.name(`, `null` without one. */
  readonly schema: string | null;
  /** No arguments. */
  readonly empty: boolean;
}

const SESSION_FUNCTIONS = new Set(["get_lock", "release_lock", "release_all_locks"]);
const SEQUENCE_FUNCTIONS = new Set(["nextval", "setval", "lastval"]);

/**
 * Every call in `tokens`. `tableNames` holds the indexes of names known to be tables (`INSERT INTO t (a)`), which are
 * no calls although `(` follows. `isFunction` tells the names of stored functions: not even a keyword hides those.
 */
export function findCalls(
  tokens: readonly Token[],
  tableNames: ReadonlySet<number>,
  isFunction: (name: string) => boolean = () => false,
): Call[] {
  const calls: Call[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const bare = bareCall(tokens, at, token);
    if (bare !== null) calls.push(bare);
    else if (symbolAt(tokens, at + 1) === "(" && isName(token) && !tableNames.has(at)) {
      const call = readCall(tokens, at, token, isFunction);
      if (call !== null) calls.push(call);
    }
  }
  return calls;
}

function bareCall(tokens: readonly Token[], at: number, token: Token): Call | null {
  if (token.symbol === "") return null;
  const next = symbolAt(tokens, at + 1);
  if (token.symbol === "VALUE" && next === "FOR" && ["NEXT", "PREVIOUS"].includes(symbolAt(tokens, at - 1)))
    return { kind: "sequence", name: "nextval", schema: null, empty: false };
  const name = token.symbol.toLowerCase();
  if (next === "(" || !BARE_VOLATILE_WORDS.has(name)) return null;
  return { kind: "volatile", name, schema: null, empty: true };
}

/** Keywords that MariaDB lets functions have as names, and what stands before them when they are not: nothing is called there. */
const NEVER_AFTER: Readonly<Record<string, readonly string[]>> = {
  against: [")"],
  lateral: ["JOIN"],
  until: [";"],
};

function readCall(
  tokens: readonly Token[],
  at: number,
  token: Token,
  isFunction: (name: string) => boolean,
): Call | null {
  const glued = tokens[at + 1]?.glued === true;
  const empty = symbolAt(tokens, at + 2) === ")";
  if (symbolAt(tokens, at - 1) === ".") {
    const qualifier = tokens[at - 2];
    return { kind: "unlisted", name: token.text, schema: isName(qualifier) ? qualifier.text : "", empty };
  }
  const name = token.symbol.toLowerCase();
  if (token.kind === "word" && !isFunction(token.text)) {
    if (CALL_FREE_WORDS.has(name) || NEVER_AFTER[name]?.includes(symbolAt(tokens, at - 1)) === true)
      return null;
  }
  if (isTypeOrAlias(tokens, at)) return null;
  return { kind: callKind(token, name, glued, empty), name: token.text, schema: null, empty };
}

/** `CAST(x AS CHAR(10))`, `AS new (a, b)`, `WITH c (a) AS (…)`. */
function isTypeOrAlias(tokens: readonly Token[], at: number): boolean {
  const before = symbolAt(tokens, at - 1);
  if (before === "AS") return true;
  if (before !== "WITH" && before !== "RECURSIVE" && before !== "," && before !== ")") return false;
  let end = at + 2;
  while (isName(tokens[end]) || symbolAt(tokens, end) === ",") end += 1;
  if (symbolAt(tokens, end) !== ")") return false;
  // `(SELECT …) d (a, b)` names the columns of a derived table; nothing can be called right after `)`.
  return before === ")" || (symbolAt(tokens, end + 1) === "AS" && symbolAt(tokens, end + 2) === "(");
}

function callKind(token: Token, name: string, glued: boolean, empty: boolean): CallKind {
  // A quoted name, or a blank after some built-in names, makes it the call of a stored function.
  if (token.kind === "quoted" || (!glued && SPACE_SENSITIVE_FUNCTIONS.has(name))) return "unlisted";
  if (SESSION_FUNCTIONS.has(name)) return "session";
  if (SEQUENCE_FUNCTIONS.has(name)) return "sequence";
  if (name === "last_insert_id" && !empty) return "session";
  if (CLOCK_WITHOUT_ARGUMENTS.has(name)) return empty ? "volatile" : "stable";
  if (STABLE_FUNCTIONS.has(name)) return "stable";
  return VOLATILE_FUNCTIONS.has(name) ? "volatile" : "unlisted";
}
