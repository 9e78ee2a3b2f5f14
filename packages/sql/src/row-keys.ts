import type { ReadPlan } from "./facts.ts";
import type { Lexed } from "./lex.ts";

/**
 * Binds a template's plan to the literals of one text (CORRECTNESS R6, R7): a plan with row keys instead of a table where a
 * predicate proves them. No predicate is taken as proven while changes name tables only; this is the one place to read them.
 */
export function bindRowKeys(plan: ReadPlan, _lexed: Lexed): ReadPlan {
  return plan;
}
