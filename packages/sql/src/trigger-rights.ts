import type { TriggerRightRow } from "./catalogue-rows.ts";

/** Tells whether the account is sure to see a schema's triggers; without the right the server hides them silently. */
export function createTriggerSight(rights: readonly TriggerRightRow[]): (schema: string) => boolean {
  const names = new Set<string>();
  for (const { schema_pattern: pattern } of rights) {
    if (pattern === null || pattern === "%") return () => true;
    // A granted name is a LIKE pattern: it covers the schema of that name, escaped or not. Wider patterns do not count.
    names.add(pattern);
    names.add(pattern.replaceAll("\\_", "_").replaceAll("\\%", "%"));
  }
  return (schema) => names.has(schema);
}
