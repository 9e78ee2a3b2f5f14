import type { PinReason, VirtualSet } from "./facts.ts";
import type { Lexed } from "./lex.ts";
import { parseTextModes } from "./text-modes.ts";
import { symbolAt, type Token } from "./token.ts";
import { isTransparentCharset } from "./virtual-sets.ts";

/** What a SET statement is. */
export type ParsedSet =
  | { readonly kind: "virtual"; readonly sets: readonly VirtualSet[]; readonly boost: boolean | null }
  | {
      readonly kind: "pinned";
      readonly pin: PinReason;
      /** It assigns GLOBAL or PERSIST variables too. */
      readonly global: boolean;
      /** It may change how the session's later texts read (character set, sql_mode) to something not known. */
      readonly unreadableAfter: boolean;
    };

/** System variables of the session that only shape answers or limits and can be replayed on any connection. */
const VIRTUAL_NAMES = new Set(
  (
    "autocommit character_set_client character_set_connection character_set_results collation_connection " +
    "default_week_format div_precision_increment foreign_key_checks group_concat_max_len " +
    "information_schema_stats_expiry innodb_lock_wait_timeout interactive_timeout lc_messages lc_time_names " +
    "lock_wait_timeout max_execution_time max_join_size max_length_for_sort_data max_sort_length max_statement_time " +
    "net_read_timeout net_write_timeout optimizer_switch sql_auto_is_null sql_big_selects sql_mode sql_notes " +
    "sql_quote_show_create sql_safe_updates sql_select_limit sql_warnings time_zone unique_checks wait_timeout"
  ).split(" "),
);
const BOOST = "boost_cached_queries";
const CHARSET_NAMES = new Set(["character_set_client", "character_set_connection", "collation_connection"]);

/**
 * Reads the tokens of a SET statement, `SET` first. Virtual only if every assignment names an allow-listed session variable
 * and gives a literal, a bare word or DEFAULT; expressions, other variables, GLOBAL and the like pin the session.
 */
export function parseSet(lexed: Lexed): ParsedSet {
  const tokens = lexed.tokens.slice(1);
  if (symbolAt(tokens, 0) === "TRANSACTION") return pinned("set-transaction", tokens, []);
  const sets: VirtualSet[] = [];
  let boost: boolean | null = null;
  const assignments = splitAssignments(tokens);
  for (const assignment of assignments) {
    const set = readAssignment(assignment, lexed.source);
    if (set === null) {
      const unreadable = assignments.filter((part) => !keepsReading(part, lexed.source));
      return pinned(pinReason(tokens), tokens, unreadable);
    }
    if (set.name === BOOST) boost = readBoolean(set.value) ?? boost;
    else sets.push(set);
  }
  return { kind: "virtual", sets, boost };
}

function pinned(pin: PinReason, tokens: readonly Token[], unreadable: readonly unknown[]): ParsedSet {
  return { kind: "pinned", pin, global: mentionsGlobal(tokens), unreadableAfter: unreadable.length > 0 };
}

/** Whether later texts read as before, or as `describeVirtualSets` cannot tell but we can: transparent charsets, harmless modes. */
function keepsReading(tokens: readonly Token[], source: string): boolean {
  const symbols = tokens.map((token) => token.symbol);
  if (symbols[0] === "NAMES" || symbols[0] === "CHARSET" || symbols[0] === "CHARACTER") {
    const name = readBareName(tokens[symbols[0] === "CHARACTER" ? 2 : 1], source);
    return name !== null && isTransparentCharset(name);
  }
  if (tokens[0]?.kind === "user-variable") return true;
  const scoped = ["SESSION", "LOCAL", "GLOBAL"].includes(symbols[0] ?? "") && !isSign(symbols[1]) ? 1 : 0;
  const name = assignedName(tokens[scoped]);
  // A name in a form that is not known here (`@@session . sql_mode`) may be any variable.
  if (name === null || !isSign(symbols[scoped + 1])) return false;
  const value = tokens.slice(scoped + 2);
  if (name === "character_set_client") {
    const charset = readBareName(value[0], source);
    return value.length === 1 && charset !== null && isTransparentCharset(charset);
  }
  return name !== "sql_mode" || value.every((token) => isHarmlessModePart(token, source));
}

function isSign(symbol: string | undefined): boolean {
  return symbol === "=" || symbol === ":=";
}

/** The variable that a SET assigns, quoted or not, without its scope; null when it cannot be told. */
function assignedName(target: Token | undefined): string | null {
  if (target === undefined) return null;
  if (target.kind === "word" || target.kind === "quoted") return target.text.toLowerCase();
  if (target.kind !== "system-variable") return null;
  const bare = target.text.replaceAll("`", "");
  return /^@@(?:(?:session|local|global)\.)?([a-z_0-9]+)$/.exec(bare)?.[1] ?? null;
}

/** Parts of `CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')`, which neither add nor take away a mode that changes reading. */
function isHarmlessModePart(token: Token, source: string): boolean {
  if (token.kind === "string") {
    const text = source.slice(token.start + 1, token.end - 1);
    return parseTextModes(text).harmless;
  }
  if (token.kind === "system-variable")
    return /^@@(?:session\.|local\.|global\.)?`?sql_mode`?$/.test(token.text);
  return ["(", ")", ",", "CONCAT", "REPLACE", "DEFAULT"].includes(token.symbol);
}

function pinReason(tokens: readonly Token[]): PinReason {
  return tokens.some((token) => token.kind === "user-variable") ? "user-variable" : "session-variable";
}

function mentionsGlobal(tokens: readonly Token[]): boolean {
  return tokens.some(
    (token) =>
      ["GLOBAL", "PERSIST", "PERSIST_ONLY"].includes(token.symbol) ||
      /^@@(?:global|persist|persist_only)\./.test(token.text),
  );
}

function splitAssignments(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.symbol === "(") depth += 1;
    else if (token.symbol === ")") depth -= 1;
    if (token.symbol === "," && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function readAssignment(tokens: readonly Token[], source: string): VirtualSet | null {
  if (symbolAt(tokens, 0) === "NAMES") return readNames(tokens, source);
  const scoped = ["SESSION", "LOCAL"].includes(symbolAt(tokens, 0)) && symbolAt(tokens, 1) !== "=" ? 1 : 0;
  const target = tokens[scoped];
  const sign = symbolAt(tokens, scoped + 1);
  if (target === undefined || (sign !== "=" && sign !== ":=")) return null;
  const name = targetName(target, scoped > 0);
  const value = name === null ? null : readValue(tokens.slice(scoped + 2), source);
  if (name === null || value === null) return null;
  if (name === BOOST) return { name, value };
  if (!VIRTUAL_NAMES.has(name) || !isAllowedValue(name, value)) return null;
  return { name, value };
}

function targetName(target: Token, scoped: boolean): string | null {
  if (target.kind === "word") return target.text.toLowerCase();
  if (target.kind !== "system-variable" || scoped) return null;
  const match = /^@@(?:session\.|local\.)?`?([a-z_0-9]+)`?$/.exec(target.text);
  return match?.[1] ?? null;
}

/** `NAMES utf8mb4 [COLLATE utf8mb4_bin]`; the names may be quoted. */
function readNames(tokens: readonly Token[], source: string): VirtualSet | null {
  const charset = readBareName(tokens[1], source);
  if (charset === null || charset === "default") return null;
  if (tokens.length === 2) return { name: "names", value: charset };
  const collation =
    symbolAt(tokens, 2) === "COLLATE" && tokens.length === 4 ? readBareName(tokens[3], source) : null;
  return collation === null ? null : { name: "names", value: `${charset} COLLATE ${collation}` };
}

function readBareName(token: Token | undefined, source: string): string | null {
  if (token === undefined || (token.kind !== "word" && token.kind !== "string")) return null;
  const text = source.slice(token.start, token.end).replace(/^(['"])(.*)\1$/, "$2");
  return /^[A-Za-z0-9_]+$/.test(text) ? text.toLowerCase() : null;
}

/** One literal or bare word as canonical text, `null` for anything else. */
function readValue(tokens: readonly Token[], source: string): string | null {
  const signed = tokens.length === 2 && (symbolAt(tokens, 0) === "-" || symbolAt(tokens, 0) === "+");
  const token = tokens[signed ? 1 : 0];
  if (token === undefined || tokens.length !== (signed ? 2 : 1)) return null;
  const text = source.slice(token.start, token.end);
  if (token.kind === "number" && !token.text.endsWith("+"))
    return signed && symbolAt(tokens, 0) === "-" ? `-${text}` : text;
  if (signed) return null;
  if (token.kind === "word") return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : null;
  if (token.kind !== "string" || token.text.endsWith("+")) return null;
  const inner = text.slice(1, -1);
  // Printable ASCII without quotes and backslashes reads the same in every mode and character set.
  return /^[\x20-\x21\x23-\x26\x28-\x5b\x5d-\x7e]*$/.test(inner) && /^['"]/.test(text) ? `'${inner}'` : null;
}

function isAllowedValue(name: string, value: string): boolean {
  if (name === "autocommit") return /^(?:0|1|ON|OFF|TRUE|FALSE|'ON'|'OFF')$/i.test(value);
  // The default is the server's own affair: it may be a character set whose text we cannot read.
  if (CHARSET_NAMES.has(name))
    return /^'?[A-Za-z0-9_]+'?$/.test(value) && !/^(?:DEFAULT|NULL|[0-9]+)$/i.test(value);
  // Switched on, `id IS NULL` means the connection's last insert id, once: state that cannot be replayed.
  if (name === "sql_auto_is_null") return /^(?:0|OFF|FALSE|'OFF')$/i.test(value);
  // A number is a bit mask of modes, which nobody here decodes.
  if (name === "sql_mode") return !/^[0-9]/.test(value);
  return true;
}

function readBoolean(value: string): boolean | null {
  if (/^'?(?:1|ON|TRUE)'?$/i.test(value)) return true;
  return /^'?(?:0|OFF|FALSE)'?$/i.test(value) ? false : null;
}
