import { splitList, unquoteName } from "./literals.ts";

/** One recorded INSERT. */
export interface TraceInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** The SQL text of each column's value. */
  readonly values: readonly string[];
  /** What follows the value list, for example `ON DUPLICATE KEY UPDATE …`; empty when nothing does. */
  readonly suffix: string;
}

/** The recording, sorted by what the demo needs of it. */
export interface Trace {
  /** All statements in order. */
  readonly statements: readonly string[];
  /** INSERT, UPDATE and DELETE in order, inside transactions or not. */
  readonly writes: readonly string[];
  /** SELECTs that ran outside any transaction, in order. */
  readonly autocommitReads: readonly string[];
  readonly inserts: readonly TraceInsert[];
}

/** Reads a trace of one statement a line. BEGIN and COMMIT stand on lines of their own. */
export function parseTrace(text: string): Trace {
  const statements = text.split("\n").filter((line) => line !== "");
  const writes: string[] = [];
  const autocommitReads: string[] = [];
  let isInTransaction = false;
  for (const statement of statements) {
    const verb = /^\w+/.exec(statement)?.[0].toUpperCase();
    if (verb === "BEGIN") isInTransaction = true;
    else if (verb === "COMMIT" || verb === "ROLLBACK") isInTransaction = false;
    else if (verb === "INSERT" || verb === "UPDATE" || verb === "DELETE") writes.push(statement);
    else if (verb === "SELECT" && !isInTransaction) autocommitReads.push(statement);
    else if (verb !== "SELECT" && verb !== "SHOW" && verb !== "SET") {
      throw new Error(`the trace has an unknown kind of statement: ${statement.slice(0, 80)}`);
    }
  }
  const inserts = writes.filter((write) => write.startsWith("INSERT")).map(parseInsert);
  return { statements, writes, autocommitReads, inserts };
}

/** Takes an INSERT with one row apart; throws on any other form. */
export function parseInsert(sql: string): TraceInsert {
  const head = /^INSERT INTO `?(\w+)`? \(([^)]*)\) VALUES \(/.exec(sql);
  const [whole, table, columnList] = head ?? [];
  if (whole === undefined || table === undefined || columnList === undefined) {
    throw new Error(`not a one-row INSERT: ${sql.slice(0, 80)}`);
  }
  const rest = sql.slice(whole.length);
  const end = endOfList(rest);
  const columns = splitList(columnList).map(unquoteName);
  const values = splitList(rest.slice(0, end));
  if (columns.length !== values.length) throw new Error(`columns and values differ: ${sql.slice(0, 80)}`);
  return { table, columns, values, suffix: rest.slice(end + 1).trim() };
}

/** An INSERT's text again. */
export function formatInsert(insert: TraceInsert): string {
  const columns = insert.columns.map((column) => `\`${column}\``).join(", ");
  const text = `INSERT INTO \`${insert.table}\` (${columns}) VALUES (${insert.values.join(", ")})`;
  return insert.suffix === "" ? text : `${text} ${insert.suffix}`;
}

function endOfList(text: string): number {
  let depth = 0;
  for (const match of text.matchAll(/'(?:[^'\\]|\\.|'')*'|[()]/g)) {
    if (match[0] === "(") depth += 1;
    if (match[0] !== ")") continue;
    if (depth === 0) return match.index;
    depth -= 1;
  }
  throw new Error("a value list does not end");
}
