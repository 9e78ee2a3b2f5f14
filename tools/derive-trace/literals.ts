/** A statement cut at its literals. */
export interface Dissected {
  /** The text with one `?` for every literal, and one for a whole list of literals in parentheses. */
  readonly template: string;
  /** What stood at each `?`, as it was written. */
  readonly literals: readonly string[];
}

const STRING = "'(?:[^'\\\\]|\\\\.|'')*'";
const NUMBER = "-?\\b\\d+(?:\\.\\d+)?\\b";
// Backticked names come first so that digits in them are never taken for numbers.
const TOKEN = new RegExp(`\`[^\`]*\`|${STRING}(?:, *${STRING})*|${NUMBER}(?:, *${NUMBER})*`, "g");

/** Cuts a statement of the trace at its literals. TRUE, FALSE and NULL stay in the template. */
export function dissect(sql: string): Dissected {
  const literals: string[] = [];
  const template = sql.replace(TOKEN, (token) => {
    if (token.startsWith("`")) return token;
    literals.push(token);
    return "?";
  });
  return { template, literals };
}

/** The elements of a `(…)` list at its top level: `a, 'b, c', f(d, e)` gives three. */
export function splitList(text: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let current = "";
  for (const [token] of text.matchAll(new RegExp(`${STRING}|\`[^\`]*\`|[\\s\\S]`, "g"))) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) {
      elements.push(current.trim());
      current = "";
    } else {
      current += token;
    }
  }
  if (current.trim() !== "") elements.push(current.trim());
  return elements;
}

/** The name inside backticks, or a bare name as it is. */
export function unquoteName(name: string): string {
  return name.trim().replace(/^`(.*)`$/, "$1");
}
