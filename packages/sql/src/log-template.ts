import type { AnalysisContext } from "./create-analyser.ts";
import { type Lexed, lex } from "./lex.ts";
import { joinTokens } from "./template.ts";
import { parseTextModes } from "./text-modes.ts";
import type { Token } from "./token.ts";

/** How a text that is to be logged reads. */
export interface LogTemplateContext extends AnalysisContext {
  /** Nothing unknown can have changed how the session's texts read; otherwise only texts that read alike in all modes pass. */
  readonly certain: boolean;
}

/** Longest text that is looked at, in UTF-16 units, and longest template that is given. */
const TEXT_CHARS_MAX = 64 * 1024;
const TEMPLATE_CHARS_MAX = 2_000;
const TOKEN_MAX = 2_000;

/**
 * The statement for a log: every literal is `?`, a list of them `?, ...`, comments are gone. Null when it cannot be said
 * for certain where literals begin and end: unterminated quotes, executable comments, several statements, modes or
 * character sets that change what a quote is, and texts that look as if a quote or a comment stood in the wrong place.
 */
export function formatLogTemplate(sql: string, context: LogTemplateContext): string | null {
  if (sql.length > TEXT_CHARS_MAX || context.sqlNotUtf8 === true) return null;
  const plain = context.certain && context.charsetUnsafe !== true && parseTextModes(context.modes).harmless;
  if (!plain && !READS_ALIKE.test(sql)) return null;
  const lexed = lex(sql, { noBackslashEscapes: false, ansiQuotes: false, tokenMax: TOKEN_MAX });
  if (!isSafe(lexed)) return null;
  const text = joinTokens(lexed.tokens, textOf);
  return text.length > TEMPLATE_CHARS_MAX ? `${text.slice(0, TEMPLATE_CHARS_MAX)} ...` : text;
}

/** ASCII without backslashes and double quotes: no mode and no character set makes anything else of its quotes. */
const READS_ALIKE = /^[\t\n\r -!#-[\]-~]*$/;

function isSafe(lexed: Lexed): boolean {
  if (lexed.invalid || lexed.tooManyTokens || lexed.executableComment || lexed.severalStatements)
    return false;
  return !lexed.tokens.some((token, at) => isMisplaced(token, lexed.tokens[at - 1]));
}

/** What no sound statement has: a word glued to a string, the end of a comment, a comment that lacks its blank. */
function isMisplaced({ kind, symbol, glued }: Token, before: Token | undefined): boolean {
  if (!glued || before === undefined) return false;
  if (kind === "word" || kind === "number" || kind === "hex") return before.kind === "string";
  if (kind === "string") return before.kind === "number" || before.kind === "hex";
  return (symbol === "/" && before.symbol === "*") || (symbol === "-" && before.symbol === "-");
}

/** Names that say nothing but what they name. */
const VARIABLE = /^@@?[a-z_][a-z0-9_.$]*$/;

function textOf({ kind, text }: Token): string {
  switch (kind) {
    case "string":
    case "number":
    case "hex":
    case "parameter":
      return text.endsWith("+") ? "?, ..." : "?";
    case "word":
      // `0123abc` may be a name, and may be a literal that somebody forgot to quote.
      return /^[0-9]/.test(text) ? "?" : text;
    case "user-variable":
    case "system-variable":
      return VARIABLE.test(text) ? text : "@?";
    case "quoted":
    case "operator":
      return text;
  }
}

const VERBS: ReadonlySet<string> = new Set(
  (
    "SELECT VALUES TABLE WITH SHOW EXPLAIN DESCRIBE DESC HELP INSERT UPDATE DELETE REPLACE DO CREATE ALTER DROP RENAME " +
    "TRUNCATE OPTIMIZE ANALYZE REPAIR CHECK CHECKSUM GRANT REVOKE FLUSH BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE " +
    "SET USE CALL LOCK UNLOCK PREPARE EXECUTE DEALLOCATE XA HANDLER LOAD KILL RESET SIGNAL GET"
  ).split(" "),
);

/** The statement's first word, out of a closed list; `OTHER` for everything else. For spans. */
export function readOperation(sql: string): string {
  const word = /^(?:[\s(]|\/\*(?![!M+])[^]*?\*\/|(?:--\s|#)[^\n]*\n)*([A-Za-z]+)/.exec(
    sql.slice(0, 1_024),
  )?.[1];
  const verb = word?.toUpperCase() ?? "";
  return VERBS.has(verb) ? verb : "OTHER";
}
