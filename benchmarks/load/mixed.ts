import { createOptions, execute, formatSummary } from "./execute.ts";

/** Reads of a few hundred ids, one statement in twenty an autocommit write to one of them. */
export const options = createOptions();

const ID_COUNT = 300;
const WRITE_SHARE = 0.05;

export default function readOrWrite(): void {
  const table = __ENV["ROCKPOOL_BENCH_TABLE"];
  const id = 1 + Math.floor(Math.random() * ID_COUNT);
  if (Math.random() < WRITE_SHARE) execute(`UPDATE ${table} SET quantity = quantity + 1 WHERE id = ${id}`);
  else execute(`SELECT id, name, price, quantity FROM ${table} WHERE id = ${id}`);
}

/** Replaces k6's screen. */
export function handleSummary(data: unknown): Record<string, string> {
  return formatSummary(data);
}
