/** What a statement answered, as far as every client can see it: to compare two ways to the same database. */
export type Answer =
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: "ok"; readonly affectedRows: string; readonly insertId: string }
  | { readonly kind: "error"; readonly errno: number; readonly sqlState: string; readonly message: string };

/** A cell's bytes in hex; null = NULL. */
export type Cell = string | null;

/** A cell's bytes as text, for tests that read values. */
export function cellText(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined ? null : Buffer.from(cell, "hex").toString("utf8");
}

/** The rows of an answer as text; throws when it is not made of rows. */
export function textRows(answer: Answer): (string | null)[][] {
  if (answer.kind !== "rows") throw new Error(`no rows: ${JSON.stringify(answer)}`);
  return answer.rows.map((row) => row.map(cellText));
}
