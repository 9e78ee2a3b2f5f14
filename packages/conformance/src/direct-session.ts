import { createConnection, type FieldPacket, type ResultSetHeader } from "mysql2";
import type { Answer, Cell } from "./answer.ts";

/** Where the oracle logs in. */
export interface DirectTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A direct connection to the database: what it answers is right by definition. */
export interface DirectSession {
  execute(sql: string): Promise<Answer>;
  close(): void;
}

/**
 * Connects with what the origin's connections have too: utf8mb4, found rows, no flag that alters `sql_mode`. Session
 * tracking is off, so that a `SET NAMES` does not change how mysql2 itself encodes the statements.
 */
export async function openDirectSession(target: DirectTarget): Promise<DirectSession> {
  const connection = createConnection({
    ...target,
    charset: "utf8mb4",
    flags: ["FOUND_ROWS", "-IGNORE_SPACE", "-ODBC", "-LOCAL_FILES", "-SESSION_TRACK"],
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  connection.on("error", () => {}); // its statements tell; a lost idle connection is the test's own doing
  const query = (sql: string): Promise<Answer> =>
    new Promise((resolve) => {
      const options = { sql, rowsAsArray: true, typeCast: readBytes };
      connection.query(options, (error, result, fields) => {
        if (error === null) return resolve(readResult(result, fields));
        const { errno = 0, sqlState = "", message } = error;
        resolve({ kind: "error", errno, sqlState, message });
      });
    });
  const greeting = await query("SET NAMES utf8mb4");
  if (greeting.kind !== "ok") throw new Error(`no direct connection: ${JSON.stringify(greeting)}`);
  return { execute: query, close: () => connection.destroy() };
}

function readBytes(field: { buffer(): Buffer | null }): Cell {
  return field.buffer()?.toString("hex") ?? null;
}

function readResult(result: unknown, fields: FieldPacket[] | undefined): Answer {
  if (fields !== undefined) {
    // rowsAsArray and the cast above decide the shape.
    return { kind: "rows", columns: fields.map(({ name }) => name), rows: result as Cell[][] };
  }
  const { affectedRows, insertId } = result as ResultSetHeader; // a statement without columns
  // mysql2 reads the id as signed; it is not.
  return {
    kind: "ok",
    affectedRows: String(affectedRows),
    insertId: String(BigInt.asUintN(64, BigInt(insertId))),
  };
}
