import type { TableId } from "@rockpool/base";
import type { CatalogueData, CatalogueRoutine, CatalogueSchema, CatalogueTable } from "./catalogue.ts";

/** A table or view with the schema it is in. */
export interface TableEntry {
  readonly schema: string;
  readonly id: TableId;
  readonly table: CatalogueTable;
}

/** A routine with the schema it is in. */
export interface RoutineEntry {
  readonly schema: string;
  readonly routine: CatalogueRoutine;
}

/** The origin's catalogue with the look-ups that analysis needs. Immutable. */
export interface Catalogue {
  readonly data: CatalogueData;
  /** The schema a name means to the server, honouring `lowerCaseTableNames`. */
  schema(name: string): CatalogueSchema | undefined;
  /** The table or view that a qualified name means to the server. */
  table(schema: string, name: string): TableEntry | undefined;
  /** Every table, in any schema, whose name equals `name` without regard to case: wider than the server's reading. */
  tablesNamed(name: string): readonly TableEntry[];
  /** Every routine, in any schema, of that name (routine names ignore case). */
  routinesNamed(name: string): readonly RoutineEntry[];
  /** Every schema whose name equals `name` without regard to case. */
  schemasNamed(name: string): readonly CatalogueSchema[];
}

/** Builds the look-ups for `data`. */
export function createCatalogue(data: CatalogueData): Catalogue {
  const exact = data.lowerCaseTableNames === 0;
  const spell = (name: string): string => (exact ? name : fold(name));
  const schemas = new Map<string, CatalogueSchema>();
  const tables = new Map<string, TableEntry>();
  const tablesByName = new Map<string, TableEntry[]>();
  const routinesByName = new Map<string, RoutineEntry[]>();
  const schemasByName = new Map<string, CatalogueSchema[]>();
  for (const schema of data.schemas) {
    schemas.set(spell(schema.name), schema);
    addTo(schemasByName, fold(schema.name), schema);
    for (const table of schema.tables) {
      const entry = { schema: schema.name, id: `${schema.name}.${table.name}`, table };
      tables.set(`${spell(schema.name)}\0${spell(table.name)}`, entry);
      addTo(tablesByName, fold(table.name), entry);
    }
    for (const routine of schema.routines)
      addTo(routinesByName, fold(routine.name), { schema: schema.name, routine });
  }
  return {
    data,
    schema: (name) => schemas.get(spell(name)),
    table: (schema, name) => tables.get(`${spell(schema)}\0${spell(name)}`),
    tablesNamed: (name) => tablesByName.get(fold(name)) ?? [],
    routinesNamed: (name) => routinesByName.get(fold(name)) ?? [],
    schemasNamed: (name) => schemasByName.get(fold(name)) ?? [],
  };
}

/** Lower case for wide comparison. */
export function fold(name: string): string {
  return name.toLowerCase();
}

/** Schemas whose tables are never cached and whose changes are changes of everything. */
export function isSystemSchema(name: string): boolean {
  return SYSTEM_SCHEMAS.has(fold(name));
}

const SYSTEM_SCHEMAS = new Set(["information_schema", "mysql", "performance_schema", "sys", "ndbinfo"]);

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
