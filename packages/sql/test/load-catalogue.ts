import type { Connection } from "mysql2/promise";
import { buildCatalogue, CATALOGUE_QUERIES, type CatalogueData, type CatalogueRows } from "../src/index.ts";

/** Runs the catalogue's queries as a loader does. */
export async function loadCatalogue(connection: Connection): Promise<CatalogueData> {
  const read = async <Key extends keyof CatalogueRows>(key: Key): Promise<CatalogueRows[Key]> => {
    const [rows] = await connection.query(CATALOGUE_QUERIES[key]);
    // The queries name their columns as the row types do.
    return rows as unknown as CatalogueRows[Key];
  };
  const [setting] = (await read("lowerCaseTableNames")) as unknown as { value: number }[];
  return buildCatalogue({
    lowerCaseTableNames: Number(setting?.value),
    schemas: await read("schemas"),
    tables: await read("tables"),
    columns: await read("columns"),
    views: await read("views"),
    triggers: await read("triggers"),
    routines: await read("routines"),
    parameters: await read("parameters"),
    foreignKeys: await read("foreignKeys"),
    triggerRights: await read("triggerRights"),
  });
}
