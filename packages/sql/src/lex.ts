import { isLiteral, type Token, type TokenKind } from "./token.ts";

/** How the session's modes change the reading of text; see `parseTextModes`. */
export interface LexOptions {
  readonly noBackslashEscapes: boolean;
  readonly ansiQuotes: boolean;
  /** At this many tokens (after lists are collapsed) lexing stops with `tooManyTokens`. */
  readonly tokenMax: number;
  /** Gives `;` as tokens, for the bodies of stored code; otherwise text after one is `severalStatements`. */
  readonly keepSemicolons?: boolean;
}

/** What the lexer found. It never throws: a text that cannot be read has `invalid` or `tooManyTokens`. */
export interface Lexed {
  readonly source: string;
  /** Comments dropped, the insides of executable comments kept, lists of literals and of equal rows collapsed. */
  readonly tokens: readonly Token[];
  /** NUL, unterminated quote or comment, a stray backslash, or a form that servers read differently. */
  readonly invalid: boolean;
  readonly tooManyTokens: boolean;
  /** An executable comment, `/*!` or `/*M!`. */
  readonly executableComment: boolean;
  /** An optimizer hint, `/*+`. */
  readonly hint: boolean;
  /** A character set introducer: `_utf8mb4'x'`, `N'x'`. */
  readonly introducer: boolean;
  /** More text after a `;`. */
  readonly severalStatements: boolean;
}

/** Plain reading: no special mode, at most 20,000 tokens. */
export const PLAIN_LEX: LexOptions = { noBackslashEscapes: false, ansiQuotes: false, tokenMax: 20_000 };

/** Splits a MySQL or MariaDB statement into tokens. Total: any string gives an answer. */
export function lex(source: string, options: LexOptions = PLAIN_LEX): Lexed {
  return new Lexer(source, options).run();
}

const TWO = new Set(["<=", ">=", "<>", "!=", ":=", "||", "&&", "<<", ">>", "->"]);
const THREE = new Set(["<=>", "->>"]);

class Lexer {
  readonly #source: string;
  readonly #options: LexOptions;
  readonly #tokens: Token[] = [];
  /** Index of each open `(` in the token list. */
  readonly #open: number[] = [];
  #at = 0;
  /** Where the last token ended; a token that starts there is glued to it. */
  #lastEnd = -1;
  /** Per depth: the comma-separated list of groups that was closed last, its end and the shapes seen in it. */
  readonly #lists: { end: number; shapes: Set<string> }[] = [];
  #invalid = false;
  #executable = false;
  #insideExecutable = false;
  #hint = false;
  #introducer = false;
  #semicolon = false;
  #several = false;

  constructor(source: string, options: LexOptions) {
    this.#source = source;
    this.#options = options;
  }

  run(): Lexed {
    const length = this.#source.length;
    // Inside a comment the server takes NUL as its end, in a string as a character: no reading is safe.
    this.#invalid = this.#source.includes("\0");
    while (this.#at < length && !this.#invalid && this.#tokens.length < this.#options.tokenMax) this.#step();
    const tooManyTokens = this.#at < length && !this.#invalid;
    return {
      source: this.#source,
      tokens: this.#tokens,
      invalid: this.#invalid || this.#insideExecutable,
      tooManyTokens,
      executableComment: this.#executable,
      hint: this.#hint,
      introducer: this.#introducer,
      severalStatements: this.#several,
    };
  }

  #step(): void {
    const code = this.#source.charCodeAt(this.#at);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.#at += 1;
    else if (code === 0x27) this.#string(0x27);
    else if (code === 0x22 && this.#options.ansiQuotes) this.#quoted('"');
    else if (code === 0x22) this.#string(0x22);
    else if (code === 0x60) this.#quoted("`");
    else if (code === 0x40) this.#variable();
    else if (code === 0x23) this.#lineComment();
    else if (code === 0x5c) this.#invalid = true;
    else if (isWordCode(code)) this.#word(code);
    else this.#operator(code);
  }

  #operator(code: number): void {
    const next = this.#source.charCodeAt(this.#at + 1);
    if (code === 0x2d && next === 0x2d && isBlankOrEnd(this.#source.charCodeAt(this.#at + 2)))
      return this.#lineComment();
    if (code === 0x2f && next === 0x2a) return this.#comment();
    if (code === 0x2a && next === 0x2f && this.#insideExecutable) {
      this.#insideExecutable = false;
      this.#at += 2;
      return;
    }
    if (code === 0x2e && isDigit(next) && !this.#isAfterName()) return this.#fraction(this.#at);
    if (code === 0x3b && this.#options.keepSemicolons !== true) {
      this.#semicolon = true;
      this.#at += 1;
      return;
    }
    if (code === 0x3f) return this.#push("parameter", "?p", "", this.#at, this.#at + 1);
    const text = this.#operatorText(code);
    if (text === ")") return this.#closeGroup();
    if (text === "(") this.#open.push(this.#tokens.length);
    this.#push("operator", text, text, this.#at, this.#at + text.length);
  }

  #operatorText(code: number): string {
    // Only these begin an operator of several characters: < > = ! : | & -
    const single = ![0x3c, 0x3e, 0x3d, 0x21, 0x3a, 0x7c, 0x26, 0x2d].includes(code);
    if (single) return this.#source.charAt(this.#at);
    const three = this.#source.slice(this.#at, this.#at + 3);
    if (THREE.has(three)) return three;
    return TWO.has(three.slice(0, 2)) ? three.slice(0, 2) : three.slice(0, 1);
  }

  #lineComment(): void {
    const end = this.#source.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#source.length : end + 1;
  }

  #comment(): void {
    const mark = this.#source.charAt(this.#at + 2);
    const mariadb = mark === "M" && this.#source.charAt(this.#at + 3) === "!";
    if (mark === "!" || mariadb) {
      this.#invalid ||= this.#insideExecutable;
      this.#executable = true;
      this.#insideExecutable = true;
      this.#at += mariadb ? 4 : 3;
      while (isDigit(this.#source.charCodeAt(this.#at))) this.#at += 1;
      return;
    }
    if (mark === "+") this.#hint = true;
    const end = this.#source.indexOf("*/", this.#at + 2);
    if (end < 0) this.#invalid = true;
    this.#at = end + 2;
  }

  #string(quote: number): void {
    const start = this.#at;
    const end = this.#endOfString(quote, start + 1);
    if (end < 0) {
      this.#invalid = true;
      return;
    }
    const previous = this.#tokens.at(-1);
    if (previous?.kind === "word" && previous.text.startsWith("_")) this.#introducer = true;
    this.#at = end;
    // Neighbouring strings are one string to the server.
    if (previous?.kind === "string" && !this.#semicolon) {
      this.#lastEnd = end;
      this.#tokens[this.#tokens.length - 1] = { ...previous, end };
    } else this.#push("string", "?s", "", start, end);
  }

  #endOfString(quote: number, from: number): number {
    const source = this.#source;
    for (let at = from; at < source.length; at++) {
      const code = source.charCodeAt(at);
      if (code === 0x5c && !this.#options.noBackslashEscapes) at += 1;
      else if (code === quote) {
        if (source.charCodeAt(at + 1) !== quote) return at + 1;
        at += 1;
      }
    }
    return -1;
  }

  #quoted(quote: string): void {
    const start = this.#at;
    const end = this.#endOfQuoted(quote, start + 1);
    if (end < 0) {
      this.#invalid = true;
      return;
    }
    const text = this.#source.slice(start + 1, end - 1).replaceAll(quote + quote, quote);
    if (text === "") this.#invalid = true;
    this.#push("quoted", text, "", start, end);
  }

  #endOfQuoted(quote: string, from: number): number {
    let end = this.#source.indexOf(quote, from);
    while (end >= 0 && this.#source.charAt(end + 1) === quote) end = this.#source.indexOf(quote, end + 2);
    return end < 0 ? -1 : end + 1;
  }

  #variable(): void {
    const start = this.#at;
    const system = this.#source.charCodeAt(start + 1) === 0x40;
    let end = start + (system ? 2 : 1);
    for (let more = true; more; ) {
      const code = this.#source.charCodeAt(end);
      if (code === 0x60) end = this.#endOfQuoted("`", end + 1);
      else if (!system && end === start + 1 && code === 0x27) end = this.#endOfString(0x27, end + 1);
      else if (!system && end === start + 1 && code === 0x22) end = this.#endOfString(0x22, end + 1);
      else end = this.#endOfWord(end);
      if (end < 0) {
        this.#invalid = true;
        return;
      }
      more = this.#source.charCodeAt(end) === 0x2e && !isNaN(this.#source.charCodeAt(end + 1));
      if (more) end += 1;
    }
    const text = this.#source.slice(start, end).toLowerCase();
    if (text === "@@") this.#invalid = true;
    this.#push(system ? "system-variable" : "user-variable", text, "", start, end);
  }

  #word(code: number): void {
    const start = this.#at;
    const end = this.#endOfWord(start);
    const afterDot = this.#tokens.at(-1)?.symbol === ".";
    if (isDigit(code) && !(afterDot && this.#isAfterName())) {
      const run = this.#source.slice(start, end);
      if (/^[0-9]+$/.test(run) || /^[0-9]+[eE]$/.test(run)) return this.#number(start, end, run);
      // The server ends `1e5INTO` behind the 5: a word may follow without a blank.
      const exponent = /^[0-9]+[eE][0-9]+/.exec(run);
      if (exponent !== null) return this.#push("number", "?n", "", start, start + exponent[0].length);
      if (/^0x[0-9a-fA-F]+$/.test(run) || /^0b[01]+$/.test(run))
        return this.#push("hex", "?x", "", start, end);
    }
    if (this.#source.charCodeAt(end) === 0x27 && end === start + 1 && this.#prefixedLiteral(start, end))
      return;
    const text = this.#source.slice(start, end);
    // MySQL 9 reads $tag$ ... $tag$ as a string; everybody else as a word.
    if (code === 0x24) this.#invalid = true;
    // Before a dot as behind one it names something, whatever it is elsewhere: `order.items` needs no quotes.
    const beforeDot = this.#source.charCodeAt(end) === 0x2e && isWordCode(this.#source.charCodeAt(end + 1));
    this.#push("word", text, afterDot || beforeDot ? "" : text.toUpperCase(), start, end);
  }

  /** x'41', b'01', n'text': the letter belongs to the literal. */
  #prefixedLiteral(start: number, quoteAt: number): boolean {
    const letter = this.#source.charAt(start).toLowerCase();
    if (letter !== "x" && letter !== "b" && letter !== "n") return false;
    const end = this.#endOfString(0x27, quoteAt + 1);
    if (end < 0) this.#invalid = true;
    else if (letter === "n") {
      this.#introducer = true;
      this.#push("string", "?s", "", start, end);
    } else this.#push("hex", "?x", "", start, end);
    return true;
  }

  #number(start: number, end: number, run: string): void {
    const exponent = /^[0-9]+[eE]$/.test(run);
    const code = this.#source.charCodeAt(end);
    if (exponent) {
      const signed = (code === 0x2b || code === 0x2d) && isDigit(this.#source.charCodeAt(end + 1));
      if (!signed) return this.#push("word", run, run.toUpperCase(), start, end);
      return this.#push("number", "?n", "", start, this.#endOfDigits(end + 1));
    }
    if (code === 0x2e) return this.#fraction(end, start);
    this.#push("number", "?n", "", start, end);
  }

  #fraction(dotAt: number, start = dotAt): void {
    let end = this.#endOfDigits(dotAt + 1);
    const exponent = /^[eE][+-]?[0-9]+/.exec(this.#source.slice(end, end + 24));
    if (exponent !== null) end = this.#endOfDigits(end + exponent[0].length);
    this.#push("number", "?n", "", start, end);
  }

  #endOfDigits(from: number): number {
    let at = from;
    while (isDigit(this.#source.charCodeAt(at))) at += 1;
    return at;
  }

  #endOfWord(from: number): number {
    let at = from;
    while (isWordCode(this.#source.charCodeAt(at))) at += 1;
    return at;
  }

  /** Whether the dot (or the dot just pushed) is glued to a name, so that what follows is a name too. */
  #isAfterName(): boolean {
    const last = this.#tokens.at(-1);
    const name = last?.symbol === "." ? this.#tokens.at(-2) : last;
    const glued = last?.symbol === "." ? last.glued : this.#lastEnd === this.#at;
    return glued && (name?.kind === "word" || name?.kind === "quoted");
  }

  #push(kind: TokenKind, text: string, symbol: string, start: number, end: number): void {
    const tokens = this.#tokens;
    if (this.#semicolon) this.#several = true;
    if (kind === "hex" && tokens.at(-1)?.text.startsWith("_") === true) this.#introducer = true;
    const glued = start === this.#lastEnd;
    this.#at = end;
    this.#lastEnd = end;
    const token: Token = { kind, text, symbol, glued, start, end };
    if (isLiteral(token) && tokens.at(-1)?.symbol === ",") {
      const before = tokens.at(-2);
      if (isLiteral(before) && before.kind === kind) {
        tokens.length -= 2;
        tokens.push({ ...before, text: `${text}+`, end });
        return;
      }
    }
    tokens.push(token);
  }

  /** Pushes `)`; a group shaped like an earlier one of its list, as in `VALUES (1,'a'),(2,'b')`, is dropped with its comma. */
  #closeGroup(): void {
    const tokens = this.#tokens;
    this.#push("operator", ")", ")", this.#at, this.#at + 1);
    const start = this.#open.pop();
    if (start === undefined) return;
    const depth = this.#open.length;
    const list = this.#lists[depth];
    const shape = tokens.length - start <= GROUP_TOKEN_MAX ? shapeOf(tokens, start) : null;
    if (shape === null) this.#lists[depth] = { end: -1, shapes: new Set() };
    else if (list === undefined || list.end !== start - 2 || tokens[start - 1]?.symbol !== ",")
      this.#lists[depth] = { end: tokens.length - 1, shapes: new Set([shape]) };
    else if (list.shapes.has(shape)) tokens.length = start - 1;
    else {
      list.shapes.add(shape);
      list.end = tokens.length - 1;
    }
  }
}

/** Longer groups are not compared, so that deep nesting cannot make lexing quadratic. */
const GROUP_TOKEN_MAX = 512;

/** Equal for groups that differ in nothing but literals of one class. A gap before `(` counts: it decides what is called. */
function shapeOf(tokens: readonly Token[], start: number): string {
  let shape = "";
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    shape += `${token.kind.charAt(0)}${token.symbol === "(" && at > start && !token.glued ? " " : ""}${token.text}\0`;
  }
  return shape;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x24 ||
    code >= 0x80
  );
}

/** `--` starts a comment only before a blank, a control character or the end (NaN). */
function isBlankOrEnd(code: number): boolean {
  return !(code > 0x20) || code === 0x7f;
}
