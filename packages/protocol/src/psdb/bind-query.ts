import { RockpoolError } from "@rockpool/base";
import { formatBindLiteral } from "./bind-literal.ts";
import { refuseUnsafeIntroducers, skipToken } from "../text/skip-token.ts";
import type { BindVariable } from "./execute-request.ts";

const COLON = 0x3a;
/** With what else may stand in a word, so that a literal never runs into the text behind it. */
const NAME = /[A-Za-z_][\w$\u0080-\uffff]*/y;
const WORD_END = /[\w$\u0080-\uffff]/;

/**
 * The query with every `:name` outside strings, quoted identifiers and comments replaced by its literal. Without
 * variables the query is returned as it is. Reads quotes as MySQL does by default (backslash escapes). The text grows
 * to `textMaxLength` characters at most.
 *
 * Throws `RockpoolError`: `bind-variable-missing` for a name that was not sent (`::lists` count as such),
 * `bind-variable-invalid` for a value that has no literal, `statement-too-large` at the bound,
 * `unsupported-statement` for variables in a query with an executable comment, or with the introducer of a character
 * set whose characters can end in a backslash.
 */
export function bindQuery(
  query: string,
  bindVariables: ReadonlyMap<string, BindVariable>,
  textMaxLength: number,
): string {
  if (bindVariables.size === 0) return query;
  refuseUnsafeIntroducers(query);
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
