import type { Catalogue, RoutineEntry, TableEntry } from "./catalogue-index.ts";
import { fold, isSystemSchema } from "./catalogue-index.ts";
import { isName, symbolAt, type Token } from "./token.ts";

/** The safety floor: what a statement can mean by the names in it, needing no grammar at all. */
export interface Floor {
  readonly tables: readonly TableEntry[];
  /** A system schema is named, or is the default. */
  readonly systemSchema: boolean;
}

/** Tables of the default schema, and of any schema named in the text, whose names occur in the text. */
export function findFloor(
  tokens: readonly Token[],
  catalogue: Catalogue,
  defaultSchema: string | null,
  additionalSchemas: readonly string[] = [],
): Floor {
  const names = new Set<string>();
  let systemSchema = defaultSchema !== null && isSystemSchema(defaultSchema);
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!isName(token)) continue;
    if (!RESERVED.has(token.symbol)) names.add(fold(token.text));
    if (symbolAt(tokens, at + 1) === "." && isSystemSchema(token.text)) systemSchema = true;
  }
  const schemas = new Set(
    [...additionalSchemas, ...(defaultSchema === null ? [] : [defaultSchema])].map(fold),
  );
  for (const name of names) if (catalogue.schemasNamed(name).length > 0) schemas.add(name);
  const tables: TableEntry[] = [];
  for (const name of names)
    for (const entry of catalogue.tablesNamed(name)) if (schemas.has(fold(entry.schema))) tables.push(entry);
  return { tables, systemSchema };
}

/** Reserved in every version of both servers: unquoted and not after a dot, they cannot name a table. */
const RESERVED = new Set(
  (
    "ALL ALTER AND AS ASC BETWEEN BY CASE CHECK CREATE CROSS DEFAULT DELETE DESC DISTINCT DROP ELSE EXISTS FOR FORCE FROM " +
    "GROUP HAVING IF IGNORE IN INDEX INNER INSERT INTERVAL INTO IS JOIN KEY KEYS LEFT LIKE LIMIT MATCH NATURAL NOT NULL ON " +
    "OR ORDER OUTER PRIMARY REPLACE RIGHT SELECT SET TABLE THEN TO UNION UNIQUE UPDATE USE USING VALUES WHEN WHERE WITH"
  ).split(" "),
);

/** The routines a call can mean: in the named schema, or in the default one when it is unqualified. */
export function findRoutines(
  catalogue: Catalogue,
  defaultSchema: string | null,
  call: { readonly name: string; readonly schema: string | null },
): readonly RoutineEntry[] {
  const schema = call.schema ?? defaultSchema;
  if (schema === null) return [];
  return catalogue.routinesNamed(call.name).filter((entry) => fold(entry.schema) === fold(schema));
}
