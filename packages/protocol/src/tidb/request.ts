import { RockpoolError } from "@rockpool/base";
import { parseBoundedJson } from "../text/parse-bounded-json.ts";

/** The statement of a request's JSON body; `""` when there is none. Other members are ignored. Throws `RockpoolError("bad-request")`. */
export function parseTidbQuery(body: string): string {
  let value: unknown;
  try {
    value = parseBoundedJson(body);
  } catch (cause) {
    throw new RockpoolError("bad-request", { cause, context: { reason: "not JSON" } });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("not an object");
  const query = "query" in value ? (value.query ?? "") : "";
  if (typeof query !== "string") throw badRequest("query");
  return query;
}

const LEVELS: ReadonlySet<string> = new Set([
  "READ UNCOMMITTED",
  "READ COMMITTED",
  "REPEATABLE READ",
  "SERIALIZABLE",
]);

/** The value of `TiDB-Isolation-Level` as SQL has it; null for an absent or empty one. Throws `RockpoolError("bad-request")`. */
export function parseIsolationLevel(header: string | undefined): string | null {
  const level = (header ?? "")
    .trim()
    .replace(/[\s-]+/g, " ")
    .toUpperCase();
  if (level === "") return null;
  if (!LEVELS.has(level)) throw badRequest("isolation level");
  return level;
}

function badRequest(reason: string): RockpoolError {
  return new RockpoolError("bad-request", { context: { reason } });
}
