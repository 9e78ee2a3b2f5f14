import type { StatementOutcome } from "./statement-run.ts";

/** ER_PARSE_ERROR and ER_EMPTY_QUERY. */
const PARSE_ERROR = 1064;
const EMPTY_QUERY = 1065;

/**
 * Whether the server refused the text before it began: then neither data nor session can have changed. A parse error
 * can also come from SQL that the statement itself put together, after it had done other things, so a text that may
 * do that (CALL, EXECUTE, PREPARE) does not count; nor does any error 1064 in other words, as SIGNAL can raise.
 */
export function hasRunNothing(outcome: StatementOutcome, sql: Uint8Array): boolean {
  if (outcome.kind !== "error") return false;
  if (outcome.error.errno === EMPTY_QUERY) return true;
  if (outcome.error.errno !== PARSE_ERROR) return false;
  if (!outcome.error.message.startsWith("You have an error in your SQL syntax")) return false;
  return !/call|execute|prepare/i.test(Buffer.from(sql).toString("latin1"));
}
