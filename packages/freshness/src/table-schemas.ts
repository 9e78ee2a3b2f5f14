import type { TableId } from "@rockpool/base";

/**
 * Calls `visit` for every schema that `table` can belong to and returns the greatest result. Names may contain
 * dots themselves, so each dot is a possible end of the schema's name: more schemas can only invalidate more.
 */
export function maxOverSchemas(table: TableId, visit: (schema: string) => number): number {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let dot = table.indexOf("."); dot >= 0; dot = table.indexOf(".", dot + 1)) {
    const found = visit(table.slice(0, dot));
    if (found > greatest) greatest = found;
  }
  return greatest;
}

/** Whether `table` can belong to one of `schemas`. */
export function hasSchemaIn(table: TableId, schemas: readonly string[]): boolean {
  return schemas.some((schema) => table.startsWith(`${schema}.`));
}
