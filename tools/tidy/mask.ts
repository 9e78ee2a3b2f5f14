/** A comment with its place. */
export interface Comment {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
}

/** A TypeScript source taken apart as far as line-level rules need it. */
export interface MaskedSource {
  /** The code with comments, and the insides of strings, templates and regular expressions, turned into blanks. */
  readonly code: string;
  /** Like `code`, but strings are kept: for rules about module names. */
  readonly codeWithStrings: string;
  readonly comments: readonly Comment[];
}

/** After one of these a slash starts a regular expression, not a division. */
const BEFORE_REGEX =
  /(?:^|[=(,:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|yield|await|void|throw|delete|new))$/;

/**
 * Separates code from text without a parser: TypeScript 7 has no compiler API for JavaScript. Newlines stay where
 * they are, so offsets and line numbers of all three views agree with the source.
 */
export function maskSource(source: string): MaskedSource {
  return new Masker(source).run();
}

class Masker {
  readonly #source: string;
  readonly #code: string[] = [];
  readonly #withStrings: string[] = [];
  readonly #comments: Comment[] = [];
  /** For each open `${`, how many braces are open inside it. */
  readonly #templateBraces: number[] = [];
  #at = 0;
  #line = 1;
  /** The end of the code so far, enough to tell a division from a regular expression. */
  #tail = "";

  constructor(source: string) {
    this.#source = source;
  }

  run(): MaskedSource {
    while (this.#at < this.#source.length) this.#step();
    return {
      code: this.#code.join(""),
      codeWithStrings: this.#withStrings.join(""),
      comments: this.#comments,
    };
  }

  #step(): void {
    const char = this.#source[this.#at] ?? "";
    const next = this.#source[this.#at + 1] ?? "";
    if (char === "/" && next === "/") this.#comment(this.#indexOf("\n", this.#at));
    else if (char === "/" && next === "*") this.#comment(this.#indexOf("*/", this.#at + 2) + 2);
    else if (char === '"' || char === "'") this.#text(this.#endOfString(char), true);
    else if (char === "`") this.#template();
    else if (char === "/" && BEFORE_REGEX.test(this.#tail.trimEnd())) this.#text(this.#endOfRegex(), false);
    else if (char === "}" && this.#templateBraces.at(-1) === 0) this.#template();
    else {
      this.#countBrace(char);
      this.#emit(char, char);
      this.#at += 1;
    }
  }

  #countBrace(char: string): void {
    const depth = this.#templateBraces.at(-1);
    if (depth === undefined) return;
    if (char === "{") this.#templateBraces[this.#templateBraces.length - 1] = depth + 1;
    if (char === "}") this.#templateBraces[this.#templateBraces.length - 1] = depth - 1;
  }

  #comment(end: number): void {
    const text = this.#source.slice(this.#at, end);
    this.#comments.push({ line: this.#line, text });
    this.#emit(blank(text), blank(text));
    this.#at += text.length;
  }

  /** A string or a regular expression from here to `end`: its delimiters stay, its inside goes. */
  #text(end: number, isString: boolean): void {
    const text = this.#source.slice(this.#at, end);
    const masked = text.length < 2 ? text : (text[0] ?? "") + blank(text.slice(1, -1)) + (text.at(-1) ?? "");
    this.#emit(masked, isString ? text : masked);
    this.#at = Math.max(end, this.#at + 1);
  }

  /** From a backtick, or from the brace that ends `${…}`, to the next `${` or the closing backtick. */
  #template(): void {
    if (this.#source[this.#at] === "}") this.#templateBraces.pop();
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== "`" && !this.#source.startsWith("${", end)) {
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    const opens = this.#source.startsWith("${", end);
    if (opens) this.#templateBraces.push(0);
    end += opens ? 2 : 1;
    const text = this.#source.slice(this.#at, end);
    const inside = text.slice(1, opens ? -2 : -1);
    const masked = (text[0] ?? "") + blank(inside) + text.slice(1 + inside.length);
    this.#emit(masked, masked);
    this.#at = end;
  }

  #endOfString(quote: string): number {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote && this.#source[end] !== "\n") {
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    return Math.min(end + 1, this.#source.length);
  }

  #endOfRegex(): number {
    let end = this.#at + 1;
    let inClass = false;
    while (end < this.#source.length && this.#source[end] !== "\n") {
      const char = this.#source[end];
      if (char === "\\") end += 1;
      else if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if (char === "/" && !inClass) return end + 1;
      end += 1;
    }
    // No end on this line: it was a division after all.
    return this.#at + 1;
  }

  #emit(code: string, withStrings: string): void {
    this.#code.push(code);
    this.#withStrings.push(withStrings);
    this.#line += code.split("\n").length - 1;
    // Blanks count once, so that a long comment does not push the code before it out.
    const blankRun = code.trim() === "";
    if (!blankRun || !this.#tail.endsWith(" "))
      this.#tail = (this.#tail + (blankRun ? " " : code)).slice(-24);
  }

  #indexOf(text: string, from: number): number {
    const found = this.#source.indexOf(text, from);
    return found === -1 ? this.#source.length : found;
  }
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}
