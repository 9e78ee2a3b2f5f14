/** What a token is. `hex` covers hexadecimal and bit literals, `quoted` a quoted identifier. */
export type TokenKind =
  | "word"
  | "quoted"
  | "string"
  | "number"
  | "hex"
  | "parameter"
  | "user-variable"
  | "system-variable"
  | "operator";

/** One token of a statement. */
export interface Token {
  readonly kind: TokenKind;
  /** Words and operators as written, quoted identifiers unescaped, variables lower-cased, literals as `?n ?s ?x` (`+` = a list of them). */
  readonly text: string;
  /** What grammar compares: the upper-cased word, the operator, or `""` (literals, quoted names, words after a dot). */
  readonly symbol: string;
  /** Nothing stands between it and the token before: matters for `count(` and `a.b`. */
  readonly glued: boolean;
  /** Its place in the source text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** Whether the token can name something: a word or a quoted identifier. */
export function isName(token: Token | undefined): token is Token {
  return token !== undefined && (token.kind === "word" || token.kind === "quoted");
}

/** Whether the token is a string, number, hexadecimal or bit literal. */
export function isLiteral(token: Token | undefined): token is Token {
  return token !== undefined && (token.kind === "string" || token.kind === "number" || token.kind === "hex");
}

/** The symbol at `index`, `""` beyond the ends. */
export function symbolAt(tokens: readonly Token[], index: number): string {
  return tokens[index]?.symbol ?? "";
}
