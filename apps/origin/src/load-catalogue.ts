import { RockpoolError } from "@rockpool/base";
import { decodeColumnDefinition, decodeTextRow } from "@rockpool/protocol/mysql";
import { CATALOGUE_QUERIES, type CatalogueRows } from "@rockpool/sql";
import type { ConnectionPool } from "./database/connection-pool.ts";
import type { DatabaseConnection } from "./database/database-connection.ts";
import { DatabaseRefusal } from "./database/query-rows.ts";

type Row = Readonly<Record<string, string | null>>;

/** Rows of one catalogue query; a database with more has no catalogue, and so no cache. */
const ROWS_MAX = 1_000_000;

/** Reads the definitions of all visible schemas, on one connection of the main account. */
export async function loadCatalogue(pool: ConnectionPool, account: string): Promise<CatalogueRows> {
  const connection = await pool.acquire({ account, purpose: "shared", login: "" });
  try {
    await queryRows(connection, "SET SESSION sql_mode = ''");
    const answers: Record<string, unknown> = {};
    for (const [name, sql] of Object.entries(CATALOGUE_QUERIES))
      answers[name] = await queryRows(connection, sql);
    const [setting] = answers["lowerCaseTableNames"] as Row[]; // what queryRows answered just now
    // The queries name their columns as the row types do, and every column of theirs is text or NULL.
    return { ...answers, lowerCaseTableNames: Number(setting?.["value"] ?? 0) } as unknown as CatalogueRows;
  } finally {
    pool.release(connection, { reset: true });
  }
}

async function queryRows(connection: DatabaseConnection, sql: string): Promise<Row[]> {
  const rows: Row[] = [];
  let names: string[] = [];
  const outcome = await connection.execute(Buffer.from(sql), {
    columns(columns) {
      names = columns.map((column) => decodeColumnDefinition(column.definition).name);
    },
    row(payload) {
      if (rows.length >= ROWS_MAX) throw new RockpoolError("internal");
      const cells = decodeTextRow(payload, names.length);
      rows.push(Object.fromEntries(names.map((name, index) => [name, textOf(cells[index] ?? null)])));
    },
    end() {},
  });
  if (outcome.kind === "error") throw new DatabaseRefusal(outcome.error);
  return rows;
}

function textOf(cell: Uint8Array | null): string | null {
  return cell === null ? null : Buffer.from(cell).toString("utf8");
}
