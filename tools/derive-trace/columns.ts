import type { Trace } from "./trace.ts";

/** What the trace shows of one column. */
export interface ObservedColumn {
  readonly name: string;
  /** Distinct literals written to it or compared with it, as SQL text. */
  readonly literals: Set<string>;
  /** How many of its table's INSERTs name it. */
  insertCount: number;
  /** Found by equality, IN or a join, so an index helps. */
  isLookedUp: boolean;
}

/** What the trace shows of one table. */
export interface ObservedTable {
  readonly name: string;
  readonly columns: Map<string, ObservedColumn>;
  insertCount: number;
  /** The column that ON DUPLICATE KEY relies on; `id` where there is none. */
  primaryKey: string;
}

const LITERAL = "'(?:[^'\\\\]|\\\\.|'')*'|-?\\d+(?:\\.\\d+)?|TRUE|FALSE|NULL";
const COMPARED = new RegExp(
  `\`(\\w+)\`\\.\`(\\w+)\` (=|!=|IN|NOT IN) (\\(?)((?:${LITERAL})(?:, *(?:${LITERAL}))*)`,
  "g",
);
const JOINED = /`(\w+)`\.`(\w+)` = `(\w+)`\.`(\w+)`/g;

/** Collects tables, columns and the literals that show their types, in the order in which the trace names them. */
export function observeTables(trace: Trace): Map<string, ObservedTable> {
  const tables = new Map<string, ObservedTable>();
  for (const { table } of trace.inserts) openTable(tables, table);
  for (const statement of trace.statements) observeSelectList(tables, statement);
  for (const insert of trace.inserts) {
    const table = openTable(tables, insert.table);
    table.insertCount += 1;
    insert.columns.forEach((name, index) => {
      const column = openColumn(table, name);
      column.insertCount += 1;
      column.literals.add(insert.values[index] ?? "NULL");
    });
    if (insert.suffix.startsWith("ON DUPLICATE KEY")) table.primaryKey = insert.columns[0] ?? "id";
  }
  for (const statement of trace.statements) observeComparisons(tables, statement);
  for (const table of tables.values()) if (table.primaryKey !== "id") table.columns.delete("id");
  return tables;
}

/** Rails names every column of an eager-loaded table, in the table's own order: "`t`.`c` AS t0_r0". */
function observeSelectList(tables: Map<string, ObservedTable>, statement: string): void {
  for (const [, tableName, columnName] of statement.matchAll(/`(\w+)`\.`(\w+)` AS t\d+_r\d+/g)) {
    const table = tables.get(tableName ?? "");
    if (table !== undefined && columnName !== undefined) openColumn(table, columnName);
  }
}

function observeComparisons(tables: Map<string, ObservedTable>, statement: string): void {
  for (const [, tableName, columnName, operator, , list] of statement.matchAll(COMPARED)) {
    const table = tables.get(tableName ?? "");
    if (table === undefined || columnName === undefined) continue;
    const column = openColumn(table, columnName);
    for (const [literal] of (list ?? "").matchAll(new RegExp(LITERAL, "g"))) column.literals.add(literal);
    const isFilter = !statement.startsWith("UPDATE") || columnName === table.primaryKey;
    if (isFilter && (operator === "=" || operator === "IN")) column.isLookedUp = true;
  }
  for (const [, leftTable, leftColumn, rightTable, rightColumn] of statement.matchAll(JOINED)) {
    for (const [tableName, columnName] of [
      [leftTable, leftColumn],
      [rightTable, rightColumn],
    ]) {
      const table = tables.get(tableName ?? "");
      if (table !== undefined && columnName !== undefined) openColumn(table, columnName).isLookedUp = true;
    }
  }
}

function openTable(tables: Map<string, ObservedTable>, name: string): ObservedTable {
  let table = tables.get(name);
  if (table === undefined) {
    table = { name, columns: new Map(), insertCount: 0, primaryKey: "id" };
    openColumn(table, "id");
    tables.set(name, table);
  }
  return table;
}

function openColumn(table: ObservedTable, name: string): ObservedColumn {
  let column = table.columns.get(name);
  if (column === undefined) {
    column = { name, literals: new Set(), insertCount: 0, isLookedUp: false };
    table.columns.set(name, column);
  }
  return column;
}
