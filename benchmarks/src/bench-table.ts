import { randomBytes } from "node:crypto";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import type { DatabaseAddress } from "./stack-process.ts";

/** A table of the benchmarks' own, removed by `close`. */
export interface BenchTable {
  readonly name: string;
  /** An id that it has not given before, so that its statement cannot be in a cache. Throws when they are used up. */
  nextId(): number;
  /** One row by primary key: the statement that hits and misses are measured with. */
  read(id: number | string): string;
  /** One row by primary key. */
  write(id: number): string;
  close(): Promise<void>;
}

/** The first ids, which `nextId` never gives: for statements that are repeated. */
const RESERVED_ID_COUNT = 512;

/** Creates and fills the table straight in the database, with rows for at least `freshIdCount` calls of `nextId`. */
export async function openBenchTable(db: DatabaseAddress, freshIdCount: number): Promise<BenchTable> {
  const name = `rockpool_bench_${randomBytes(4).toString("hex")}`;
  const connection = await openDatabaseConnection(db);
  try {
    const rowCount = await createTable(connection, name, RESERVED_ID_COUNT + freshIdCount);
    let lastId = RESERVED_ID_COUNT;
    return {
      name,
      nextId() {
        lastId += 1;
        if (lastId > rowCount) throw new RangeError(`all of ${rowCount} ids have been used`);
        return lastId;
      },
      read: (id) => `SELECT id, name, price, quantity FROM ${name} WHERE id = ${id}`,
      write: (id) => `UPDATE ${name} SET quantity = quantity + 1 WHERE id = ${id}`,
      async close() {
        await connection.query(`DROP TABLE ${name}`);
        await connection.end();
      },
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** A plain connection to the database, as a program without Rockpool opens it. */
export function openDatabaseConnection(db: DatabaseAddress): Promise<Connection> {
  const { host, port, user, password, database } = db;
  return createConnection({ host, port, user, password, database });
}

/** The server's own word for its version. */
export async function readServerVersion(db: DatabaseAddress): Promise<string> {
  const connection = await openDatabaseConnection(db);
  try {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
    return String(rows[0]?.["version"]);
  } finally {
    await connection.end();
  }
}

/** Doubles the rows until there are enough. */
async function createTable(connection: Connection, name: string, rowsMin: number): Promise<number> {
  await connection.query(
    `CREATE TABLE ${name} (id INT PRIMARY KEY, name VARCHAR(64) NOT NULL, price DECIMAL(12,2) NOT NULL, quantity INT NOT NULL)`,
  );
  await connection.query(`INSERT INTO ${name} VALUES (1, 'item 00000001', 19.90, 0)`);
  let rowCount = 1;
  while (rowCount < rowsMin) {
    await connection.query(
      `INSERT INTO ${name} SELECT id + ${rowCount}, CONCAT('item ', LPAD(id + ${rowCount}, 8, '0')), price, quantity FROM ${name}`,
    );
    rowCount *= 2;
  }
  return rowCount;
}
