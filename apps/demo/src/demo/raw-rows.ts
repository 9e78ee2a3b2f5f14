import type { Cast } from "@planetscale/database";
import type { Connection } from "mysql2/promise";

/** Leaves the driver's cells as they came: a string with one character for each byte. */
export const keepRawCell: Cast = (_field, value) => value;

/** Rows in a form that compares: their order is not promised by most statements, so it does not count. */
export function formatState(rows: readonly (readonly unknown[])[]): string {
  return rows
    .map((row) => JSON.stringify(row))
    .toSorted()
    .join("\n");
}

/** Runs a read on a direct connection and gives its rows in the form of `formatState`. */
export async function readState(connection: Connection, sql: string): Promise<string> {
  const [rows] = await connection.query({
    sql,
    rowsAsArray: true,
    typeCast: (field) => field.buffer()?.toString("latin1") ?? null,
  });
  // With `rowsAsArray` a read's rows are arrays of what `typeCast` returned.
  return formatState(rows as unknown as (string | null)[][]);
}
