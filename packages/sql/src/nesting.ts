import type { Token } from "./token.ts";

/**
 * Deepest nesting of parentheses and CASE that is parsed. The parser backtracks: `CAST(` nested in itself costs five
 * times more with each level, unclosed ones a hundred times, and nothing can stop it once it runs. At this depth the
 * worst shape found takes some tens of milliseconds (test/nesting.test.ts).
 */
const NESTING_MAX = 6;

/** Whether every group that is opened is closed, in order, and none is nested deeper than `NESTING_MAX`. */
export function isShallow(tokens: readonly Token[]): boolean {
  const open: ("(" | "CASE")[] = [];
  for (const { kind, symbol } of tokens) {
    if (symbol === "(" || (kind === "word" && symbol === "CASE")) {
      open.push(symbol === "(" ? "(" : "CASE");
      if (open.length > NESTING_MAX) return false;
    } else if (symbol === ")") {
      if (open.pop() !== "(") return false;
    } else if (kind === "word" && symbol === "END" && open.pop() !== "CASE") return false;
  }
  return open.length === 0;
}
