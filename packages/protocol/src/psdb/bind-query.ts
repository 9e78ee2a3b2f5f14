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
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * The query with every `:name` outside strings, quoted identifiers and comments replaced by its literal. Without
 * variables the query is returned as it is. Reads quotes as MySQL does by default (backslash escapes). The text grows
 * to `textMaxLength` characters at most.
 *
 * Throws `RockpoolError`: `bind-variable-missing` for a name that was not sent (`::lists` count as such),
 * `bind-variable-invalid` for a value that has no literal, `statement-too-large` at the bound.
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
    // `5 -:v` with a negative value must not become the start of a comment.
    const glue = query.charCodeAt(at - 1) === DASH ? " " : "";
    parts.push(query.slice(copied, at), glue, literal);
    length += glue.length + literal.length - name.length - 1;
    if (length > textMaxLength) throw new RockpoolError("statement-too-large");
    at += name.length + 1;
    copied = at;
  }
  parts.push(query.slice(copied));
  return parts.join("");
}

/** The name of the variable at a colon; `""` for `::list`, null for `:=` and any other colon. */
function nameAfter(query: string, at: number): string | null {
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
      return query.charCodeAt(at + 1) === STAR ? skipPast(query, "*/", at + 2) : at + 1;
    default:
      return at + 1;
  }
}

/** MySQL wants a blank or a control character (or the end) behind the two dashes. */
function isDashComment(query: string, at: number): boolean {
  if (query.charCodeAt(at + 1) !== DASH) return false;
  return at + 2 >= query.length || query.charCodeAt(at + 2) <= 0x20;
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
