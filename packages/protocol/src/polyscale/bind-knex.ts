import { RockpoolError } from "@rockpool/base";
import { quoteText } from "../text/quote-text.ts";
import { refuseUnsafeIntroducers, skipToken } from "../text/skip-token.ts";
import type { KnexBindings, KnexValue } from "./sql-request.ts";

/*
 * The placeholders of Knex's raw queries: `?` value and `??` identifier by position, `:name` value and `:name:`
 * identifier by name, `\?` and `\:name` the characters themselves. Unlike Knex this leaves strings, quoted names and
 * comments alone.
 */

const QUESTION = 0x3f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const NAME = /\w+/y;
const ESCAPED = /\\(?:\?\??|:\w+:?)/y;

/** A placeholder: where the text goes on behind it, and what stands in its place. */
interface Placeholder {
  readonly end: number;
  readonly text: string;
}

/**
 * The text with every placeholder replaced; the server must read it by MySQL's default rules (backslash escapes). It
 * grows to `textMaxLength` characters at most. Without bindings it is returned as it is.
 *
 * Throws `RockpoolError`: `bind-variable-missing` for a placeholder without a value, `bind-variable-invalid` for a value
 * without a literal or a placeholder, `statement-too-large` at the bound, `unsupported-statement` for what `skipToken`
 * and `refuseUnsafeIntroducers` refuse.
 */
export function bindKnex(sql: string, bindings: KnexBindings, textMaxLength: number): string {
  if (bindings === null) return sql;
  refuseUnsafeIntroducers(sql);
  const source = Array.isArray(bindings)
    ? new ByPosition(bindings)
    : new ByName(bindings as ReadonlyMap<string, KnexValue>); // the other member of the union, which isArray does not narrow
  const parts: string[] = [];
  let length = sql.length;
  let copied = 0;
  let at = 0;
  while (at < sql.length) {
    const found = escapedAt(sql, at) ?? source.at(sql, at);
    if (found === null) {
      at = skipToken(sql, at);
      continue;
    }
    parts.push(sql.slice(copied, at), found.text);
    length += found.text.length - (found.end - at);
    if (length > textMaxLength) throw new RockpoolError("statement-too-large");
    at = found.end;
    copied = at;
  }
  source.finish();
  parts.push(sql.slice(copied));
  return parts.join("");
}

function escapedAt(sql: string, at: number): Placeholder | null {
  if (sql.charCodeAt(at) !== BACKSLASH) return null;
  ESCAPED.lastIndex = at;
  const found = ESCAPED.exec(sql)?.[0];
  return found === undefined ? null : { end: at + found.length, text: found.slice(1) };
}

class ByPosition {
  readonly #values: readonly KnexValue[];
  #next = 0;

  constructor(values: readonly KnexValue[]) {
    this.#values = values;
  }

  at(sql: string, at: number): Placeholder | null {
    if (sql.charCodeAt(at) !== QUESTION) return null;
    const value = this.#values[this.#next];
    if (value === undefined) throw new RockpoolError("bind-variable-missing");
    this.#next += 1;
    const isIdentifier = sql.charCodeAt(at + 1) === QUESTION;
    return isIdentifier
      ? { end: at + 2, text: formatIdentifier(value) }
      : { end: at + 1, text: formatValue(value) };
  }

  finish(): void {
    if (this.#next < this.#values.length) throw invalid("more bindings than placeholders");
  }
}

class ByName {
  readonly #values: ReadonlyMap<string, KnexValue>;

  constructor(values: ReadonlyMap<string, KnexValue>) {
    this.#values = values;
  }

  at(sql: string, at: number): Placeholder | null {
    if (sql.charCodeAt(at) !== COLON) return null;
    NAME.lastIndex = at + 1;
    const name = NAME.exec(sql)?.[0];
    if (name === undefined) return null;
    const value = this.#values.get(name);
    if (value === undefined) throw new RockpoolError("bind-variable-missing");
    const end = at + 1 + name.length;
    const isIdentifier = sql.charCodeAt(end) === COLON;
    return isIdentifier ? { end: end + 1, text: formatIdentifier(value) } : { end, text: formatValue(value) };
  }

  finish(): void {}
}

function formatValue(value: KnexValue): string {
  if (Array.isArray(value)) {
    if (value.length === 0) throw invalid("empty list");
    return value.map((item) => formatScalar(item)).join(", ");
  }
  return formatScalar(value as Exclude<KnexValue, readonly unknown[]>); // what is left of the union
}

function formatScalar(value: string | number | boolean | null): string {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoteText(value);
  if (!Number.isFinite(value)) throw invalid("number");
  return String(value);
}

/** `a.b` → `` `a`.`b` ``, `a as b` → `` `a` as `b` ``, `*` stays; a list is a list of these. */
function formatIdentifier(value: KnexValue): string {
  if (Array.isArray(value)) {
    if (value.length === 0) throw invalid("empty list");
    return value.map((item) => formatIdentifier(item)).join(", ");
  }
  if (typeof value !== "string") throw invalid("identifier");
  const alias = /^(.+?)\s+as\s+(.+)$/is.exec(value);
  if (alias === null) return formatPath(value);
  return `${formatPath(alias[1] ?? "")} as ${formatName(alias[2] ?? "")}`;
}

function formatPath(path: string): string {
  return path
    .split(".")
    .map((name) => formatName(name))
    .join(".");
}

function formatName(name: string): string {
  const bare = name.trim();
  if (bare === "*") return "*";
  // A NUL ends the server's reading of a name.
  if (bare === "" || bare.includes("\0")) throw invalid("identifier");
  return `\`${bare.replaceAll("`", "``")}\``;
}

function invalid(reason: string): RockpoolError {
  return new RockpoolError("bind-variable-invalid", { context: { reason } });
}
