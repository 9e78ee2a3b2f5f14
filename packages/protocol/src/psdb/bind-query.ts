import { RockpoolError } from "@rockpool/base";
import { formatBindLiteral } from "./bind-literal.ts";
import type { BindVariable } from "./execute-request.ts";

const QUOTE_SINGLE = 0x27;
const QUOTE_DOUBLE = 0x22;
const QUOTE_BACK = 0x60;
const BACKSLASH = 0x5c;
const HASH = 0x23;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;
const COLON = 0x3a;
/** With what else may stand in a word, so that a literal never runs into the text behind it. */
const NAME = /[A-Za-z_][\w$\u0080-\uffff]*/y;
const EXECUTABLE = /^(?:!|[Mm]!)/;
const WORD_END = /[\w$\u0080-\uffff]/;

/**
 * The query with every `:name` outside strings, quoted identifiers and comments replaced by its literal. Without
 * variables the query is returned as it is. Reads quotes as MySQL does by default (backslash escapes). The text grows
 * to `textMaxLength` characters at most.
 *
 * Throws `RockpoolError`: `bind-variable-missing` for a name that was not sent (`::lists` count as such),
 * `bind-variable-invalid` for a value that has no literal, `statement-too-large` at the bound,
 * `unsupported-statement` for variables in a query with an executable comment.
 */
export function bindQuery(
  query: string,
  bindVariables: ReadonlyMap<string, BindVariable>,
  textMaxLength: number,
): string {
  if (bindVariables.size === 0) return query;
  const literals = new Map<string, string>();
  const parts: string[] = [];
  let length = query.length;
  let copied = 0;
  let at = 0;
  while (at < query.length) {
    const name = query.charCodeAt(at) === COLON ? nameAfter(query, at) : null;
    if (name === null) {
      at = skipToken(query, at);
      continue;
    }
    const literal = literals.get(name) ?? lookUp(bindVariables, name);
    literals.set(name, literal);
    // `6--:v` needs no care: two dashes start a comment only before a blank, and no literal begins with one.
    parts.push(query.slice(copied, at), literal);
    length += literal.length - name.length - 1;
    if (length > textMaxLength) throw new RockpoolError("statement-too-large");
    at += name.length + 1;
    copied = at;
  }
  parts.push(query.slice(copied));
  return parts.join("");
}

/** The name of the variable at a colon; `""` for `::list`, null for `:=`, for a label's colon and any other. */
function nameAfter(query: string, at: number): string | null {
  if (WORD_END.test(query.charAt(at - 1))) return null;
  if (query.charCodeAt(at + 1) === COLON) return "";
  NAME.lastIndex = at + 1;
  return NAME.exec(query)?.[0] ?? null;
}

function lookUp(bindVariables: ReadonlyMap<string, BindVariable>, name: string): string {
  const variable = bindVariables.get(name);
  if (name === "" || variable === undefined) throw new RockpoolError("bind-variable-missing");
  return formatBindLiteral(variable);
}

/** Where the text goes on after the string, identifier, comment or single character at `at`. */
function skipToken(query: string, at: number): number {
  switch (query.charCodeAt(at)) {
    case QUOTE_SINGLE:
    case QUOTE_DOUBLE:
      return skipString(query, at);
    case QUOTE_BACK:
      return skipPast(query, "`", at + 1);
    case HASH:
      return skipPast(query, "\n", at + 1);
    case DASH:
      return isDashComment(query, at) ? skipPast(query, "\n", at + 2) : at + 1;
    case SLASH:
      return query.charCodeAt(at + 1) === STAR ? skipBlockComment(query, at) : at + 1;
    default:
      return at + 1;
  }
}

/** MySQL wants a blank or a control character (or the end) behind the two dashes. */
function isDashComment(query: string, at: number): boolean {
  if (query.charCodeAt(at + 1) !== DASH) return false;
  const next = query.charCodeAt(at + 2);
  return Number.isNaN(next) || next <= 0x20 || next === 0x7f;
}

/**
 * Where an executable comment ends depends on the server's version and on what nests in it; a literal set behind a
 * wrong end would stand inside a comment or string, where its text could become SQL.
 */
function skipBlockComment(query: string, at: number): number {
  if (EXECUTABLE.test(query.slice(at + 2, at + 4))) {
    throw new RockpoolError("unsupported-statement", {
      context: { reason: "bind variables beside an executable comment" },
    });
  }
  return skipPast(query, "*/", at + 2);
}

/** A doubled quote reads as the end of one string and the start of the next, which comes to the same. */
function skipString(query: string, start: number): number {
  const quote = query.charCodeAt(start);
  for (let at = start + 1; at < query.length; at++) {
    const unit = query.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === quote) return at + 1;
  }
  return query.length;
}

function skipPast(query: string, end: string, from: number): number {
  const found = query.indexOf(end, from);
  return found < 0 ? query.length : found + end.length;
}
