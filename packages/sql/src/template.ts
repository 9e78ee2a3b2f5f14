import type { Lexed } from "./lex.ts";
import type { Token } from "./token.ts";

/** Lists in a rendered text have two members: enough for any grammar. */
const RENDERED = new Map([
  ["?n", "1"],
  ["?n+", "1, 1"],
  ["?s", "'s'"],
  ["?s+", "'s', 's'"],
  ["?x", "0x00"],
  ["?x+", "0x00, 0x00"],
  ["?p", "1"],
]);

/**
 * The statement with its literals replaced by their class (`?n`, `?s`, `?x`, `?p`) and comments dropped. Two statements
 * of one template have equal facts, but for those that read literals (SET). Flags of the lexer are part of it.
 */
export function formatTemplate(lexed: Lexed): string {
  const flags = `${lexed.executableComment ? "!" : ""}${lexed.hint ? "+" : ""}${lexed.introducer ? "_" : ""}${lexed.severalStatements ? ";" : ""}`;
  return flags + joinTokens(lexed.tokens, (token) => token.text);
}

/** The statement as the parser gets it: canonical blanks, no comments, a sample literal for each literal. */
export function renderForParser(tokens: readonly Token[]): string {
  return joinTokens(tokens, (token) => RENDERED.get(token.text) ?? token.text);
}

/** Joins with single blanks; none around dots and inside parentheses, and none before a `(` that is glued to its name. */
export function joinTokens(tokens: readonly Token[], textOf: (token: Token) => string): string {
  let text = "";
  let before: Token | undefined;
  for (const token of tokens) {
    const last = before?.symbol;
    const tight =
      [".", ",", ")"].includes(token.symbol) ||
      last === "." ||
      last === "(" ||
      (token.symbol === "(" && token.glued);
    if (before !== undefined && !tight) text += " ";
    text += token.kind === "quoted" ? `\`${token.text.replaceAll("`", "``")}\`` : textOf(token);
    before = token;
  }
  return text;
}
