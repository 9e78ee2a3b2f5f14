import { Buffer } from "node:buffer";
import { type DatabaseError, RockpoolError } from "@rockpool/base";
import { decodeTextRow } from "@rockpool/protocol/mysql";
import { COM_QUERY, type RawConnection } from "./raw-relay.ts";

/** Rows that our own small questions may have; more is a bug of the question. */
const ROW_MAX_COUNT = 10_000;

/** A database error as the cause of one of ours. Its text may quote data: for logs only. */
export class DatabaseRefusal extends Error {
  override name = "DatabaseRefusal";
  readonly error: DatabaseError;

  constructor(error: DatabaseError) {
    super(`(${error.errno}) ${error.message}`);
    this.error = error;
  }
}

/** Runs one of our own statements and answers its rows as text. Throws `database-lost`, or `internal` with a `DatabaseRefusal`. */
export async function queryRows(raw: RawConnection, sql: string): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  let columnCount = 0;
  const outcome = await raw.command(COM_QUERY, Buffer.from(sql, "utf8"), {
    columns(columns) {
      columnCount = columns.length;
    },
    row(payload) {
      if (rows.length === ROW_MAX_COUNT) throw new RockpoolError("internal");
      rows.push(
        decodeTextRow(payload, columnCount).map((cell) => cell && Buffer.from(cell).toString("utf8")),
      );
    },
    end() {},
  });
  if (outcome.kind === "error")
    throw new RockpoolError("internal", { cause: new DatabaseRefusal(outcome.error) });
  return rows;
}
