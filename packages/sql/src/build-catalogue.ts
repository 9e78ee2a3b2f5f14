import type { TableId } from "@rockpool/base";
import type { CatalogueData, CatalogueRoutine, CatalogueSchema, CatalogueTable } from "./catalogue.ts";
import { fold, isSystemSchema } from "./catalogue-index.ts";
import type { CatalogueRows, ColumnRow, RoutineRow, TableRow } from "./catalogue-rows.ts";
import { type CodeGraph, createCodeGraph } from "./code-graph.ts";
import { readStoredBody } from "./stored-body.ts";
import { createTriggerSight } from "./trigger-rights.ts";

/** Engines whose every change is in the log, and whose tables hold what they hold (R12). */
const LOGGED_ENGINES = new Set(["innodb", "myisam", "aria"]);

/** Turns rows of information_schema into the catalogue: views expanded, triggers, routines and foreign keys followed. */
export function buildCatalogue(rows: CatalogueRows): CatalogueData {
  const graph = createCodeGraph(rows);
  const columns = groupBy(rows.columns, (row) => tableKey(row.table_schema, row.table_name));
  const tables = groupBy(rows.tables, (row) => row.table_schema);
  const routines = groupBy(rows.routines, (row) => row.routine_schema);
  const names = new Set([
    ...rows.schemas.map((row) => row.schema_name),
    ...tables.keys(),
    ...routines.keys(),
  ]);
  const steady = steadyTables(rows, columns);
  const schemas: CatalogueSchema[] = [];
  for (const name of names) {
    // System schemas keep their names, so that the floor knows them, and nothing else.
    const system = isSystemSchema(name);
    schemas.push({
      name,
      tables: system ? [] : (tables.get(name) ?? []).map((row) => buildTable(row, columns, graph, steady)),
      routines: system ? [] : (routines.get(name) ?? []).map((row) => buildRoutine(row, graph)),
    });
  }
  const seesTriggers = createTriggerSight(rows.triggerRights);
  const blindSchemas = [...tables.keys()].filter((name) => !seesTriggers(name)).toSorted();
  return { lowerCaseTableNames: rows.lowerCaseTableNames, schemas, blindSchemas };
}

/** The tables that R12 allows: of a logged engine, not system-versioned, without unsteady generated columns. */
function steadyTables(rows: CatalogueRows, columns: ReadonlyMap<string, ColumnRow[]>): ReadonlySet<TableId> {
  const steady = rows.tables.filter((row) => {
    const own = columns.get(tableKey(row.table_schema, row.table_name)) ?? [];
    const base = row.table_type.toUpperCase() === "BASE TABLE";
    return base && LOGGED_ENGINES.has(fold(row.engine ?? "")) && own.every(isSteadyColumn);
  });
  return new Set(steady.map((row) => `${row.table_schema}.${row.table_name}`));
}

function buildTable(
  row: TableRow,
  columns: ReadonlyMap<string, ColumnRow[]>,
  graph: CodeGraph,
  steady: ReadonlySet<TableId>,
): CatalogueTable {
  const { table_schema: schema, table_name: name } = row;
  const id: TableId = `${schema}.${name}`;
  const type = row.table_type.toUpperCase();
  if (type === "VIEW") return buildView(schema, name, graph, steady);
  const own = columns.get(tableKey(schema, name)) ?? [];
  const code = graph.codeOf(id);
  const defaults = own.filter((column) => runsCodeByDefault(column));
  return {
    name,
    kind: type === "BASE TABLE" || type === "SYSTEM VERSIONED" ? "table" : "other",
    cacheable: steady.has(id),
    baseTables: [id],
    baseSchemas: [schema],
    writeReach: graph.writeReachOf(id),
    runsCode: code.any || defaults.length > 0,
    leavesState: code.leavesState,
    integerColumns: own.flatMap(integerColumn),
  };
}

function buildView(
  schema: string,
  name: string,
  graph: CodeGraph,
  steady: ReadonlySet<TableId>,
): CatalogueTable {
  const view = graph.expandView(`${schema}.${name}`);
  return {
    name,
    kind: "view",
    cacheable: view.cacheable && view.baseTables.every((id) => steady.has(id)),
    baseTables: view.baseTables,
    baseSchemas: view.baseSchemas,
    writeReach: view.writeReach,
    runsCode: view.runsCode,
    leavesState: view.leavesState,
    readReach: view.readReach,
    integerColumns: [],
  };
}

function buildRoutine(row: RoutineRow, graph: CodeGraph): CatalogueRoutine {
  const kind = row.routine_type.toUpperCase() === "FUNCTION" ? "function" : "procedure";
  const { reach, clean } = graph.routineOf(row.routine_schema, row.routine_name, kind);
  return { name: row.routine_name, kind, writeReach: reach, clean };
}

/** A generated column is steady when its expression is made of stable built-ins only (R12). */
function isSteadyColumn(column: ColumnRow): boolean {
  const text = column.generation_expression;
  if (text === null || text === "") return true;
  return readStoredBody(text, "", new Set()).stable;
}

/** A default that calls more than stable built-ins and the clock: it may use the session's state, or a sequence. */
function runsCodeByDefault(column: ColumnRow): boolean {
  const text = column.column_default;
  if (text === null || !text.includes("(") || text.startsWith("'")) return false;
  if (
    /^\(?current_timestamp\(\d*\)\)?$/i.test(text) ||
    /^\(?(?:uuid|now|curdate|curtime)\(\)\)?$/i.test(text)
  )
    return false;
  return !readStoredBody(text, "", new Set()).stable;
}

const INTEGER_BITS = new Map([
  ["tinyint", 8],
  ["smallint", 16],
  ["mediumint", 24],
  ["int", 32],
  ["integer", 32],
  ["bigint", 64],
]);

function integerColumn(column: ColumnRow): CatalogueTable["integerColumns"][number][] {
  const bits = INTEGER_BITS.get(fold(column.data_type));
  const generated = (column.generation_expression ?? "") !== "";
  if (bits === undefined || column.column_key === "" || generated) return [];
  return [{ name: column.column_name, unsigned: /\bunsigned\b/i.test(column.column_type), bits }];
}

function tableKey(schema: string, name: string): string {
  return `${schema}\0${name}`;
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  return Map.groupBy(rows, keyOf);
}
