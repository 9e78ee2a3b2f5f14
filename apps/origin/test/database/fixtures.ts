import { Buffer } from "node:buffer";
import type { Clock, DatabaseError, RawColumn, StatementEnd, Timers } from "@rockpool/base";
import type { PrivateDatabase } from "@rockpool/devdb";
import {
  type DatabaseConnection,
  type DatabaseConnectionOptions,
  openDatabaseConnection,
} from "../../src/database/database-connection.ts";
import type { DatabaseAccount, DatabaseTarget } from "../../src/database/database-target.ts";
import type { ResultSink } from "../../src/database/result-sink.ts";

/** The process's own clock. */
export const realClock: Clock = { now: () => performance.now(), wallMs: () => Date.now() };

/** The process's own timers. */
export const realTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The private database's administrator as an account. */
export function adminAccount(
  database: PrivateDatabase,
  changes: Partial<DatabaseAccount> = {},
): DatabaseAccount {
  const { user, password } = database;
  return { name: "admin", user, password, database: database.database, foundRows: true, ...changes };
}

/** The private database as a target without TLS. */
export function plainTarget(database: PrivateDatabase): DatabaseTarget {
  return { host: database.host, port: database.port, tls: { mode: "off" } };
}

/** Opens a connection as the administrator. */
export function openAdminConnection(
  database: PrivateDatabase,
  changes: Partial<DatabaseConnectionOptions> = {},
): Promise<DatabaseConnection> {
  return openDatabaseConnection({
    target: plainTarget(database),
    account: adminAccount(database),
    clock: realClock,
    timers: realTimers,
    ...changes,
  });
}

/** One result set or OK as the sink saw it; `end` is null where an error cut it off. */
export interface CapturedResult {
  columns: readonly RawColumn[];
  rows: Buffer[];
  end: StatementEnd | null;
  more: boolean;
}

/** A sink that keeps everything. */
function createCapture(): ResultSink & { readonly results: CapturedResult[] } {
  const results: CapturedResult[] = [];
  let current: CapturedResult | null = null;
  const open = (): CapturedResult => {
    current ??= results[results.push({ columns: [], rows: [], end: null, more: false }) - 1] ?? null;
    if (current === null) throw new Error("unreachable");
    return current;
  };
  return {
    results,
    columns: (columns) => {
      open().columns = columns;
    },
    row: (payload) => {
      open().rows.push(Buffer.from(payload));
    },
    end: (end, more) => {
      Object.assign(open(), { end, more });
      current = null;
    },
  };
}

/** What a statement answered: all of its results, and the error if it ended with one. */
export interface Captured {
  readonly results: readonly CapturedResult[];
  readonly error: DatabaseError | null;
}

/** Runs a statement and keeps its results. */
export async function capture(connection: DatabaseConnection, sql: string): Promise<Captured> {
  const sink = createCapture();
  const outcome = await connection.execute(Buffer.from(sql), sink);
  return { results: sink.results, error: outcome.kind === "error" ? outcome.error : null };
}

/** The cells of a statement's first result as text; throws when the statement failed. */
export async function selectText(connection: DatabaseConnection, sql: string): Promise<(string | null)[][]> {
  const { results, error } = await capture(connection, sql);
  if (error !== null) throw new Error(`${error.errno}: ${error.message}`);
  return (results[0]?.rows ?? []).map(splitCells);
}

/** The cells of one text row, decoded here once more so that tests do not lean on the product's decoder. */
function splitCells(row: Buffer): (string | null)[] {
  const cells: (string | null)[] = [];
  for (let at = 0; at < row.length; ) {
    const lead = row[at] ?? 0;
    at += 1;
    if (lead === 0xfb) {
      cells.push(null);
      continue;
    }
    const width = lead < 0xfb ? 0 : lead === 0xfc ? 2 : lead === 0xfd ? 3 : 8;
    const length = width === 0 ? lead : row.readUIntLE(at, Math.min(width, 6));
    at += width;
    cells.push(row.toString("utf8", at, at + length));
    at += length;
  }
  return cells;
}
