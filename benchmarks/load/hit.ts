import { check } from "k6";
import { createOptions, execute, formatSummary } from "./execute.ts";

/** One statement that is in the edge's cache, again and again. */
export const options = createOptions();

export default function readHot(): void {
  const response = execute(
    `SELECT id, name, price, quantity FROM ${__ENV["ROCKPOOL_BENCH_TABLE"]} WHERE id = 1`,
  );
  check(response, {
    "is a hit": ({ headers }) => headers["Rockpool-Cache"]?.startsWith("hit; reason=current") === true,
  });
}

/** Replaces k6's screen. */
export function handleSummary(data: unknown): Record<string, string> {
  return formatSummary(data);
}
