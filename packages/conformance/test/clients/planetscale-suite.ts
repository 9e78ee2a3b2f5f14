import assert from "node:assert/strict";
import type { Client, DatabaseError, ExecutedQuery } from "@planetscale/database";
import { catchError, type ClientProgram } from "./client-program.ts";
import { parseFailure } from "./database-failure.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { type ClientValues, createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

/** What both versions of the driver export and this suite uses. */
export interface PlanetscaleDriver {
  /** Opens a client of the version. */
  open(url: string): Client;
  readonly DatabaseError: new (message: string, status: number, body: VitessError) => DatabaseError;
}

type VitessError = DatabaseError["body"];

const asText = (text: string): string => text;
const asNumber = (text: string): number => Number(text);
const asBytes = (_: string, bytes: Buffer): Uint8Array => bytes;

/** What the driver's own `cast` gives: 64-bit integers, decimals and all times stay texts. */
export const PLANETSCALE_VALUES: ClientValues = {
  int: asNumber,
  uint32: asNumber,
  bigint: asText,
  decimal: asText,
  float: asNumber,
  text: asText,
  bytes: asBytes,
  bits: asBytes,
  date: asText,
  datetime: asText,
  timestamp: asText,
  time: asText,
  year: asNumber,
  json: (text) => JSON.parse(text),
  enum: asText,
  set: asText,
};

/** Everything about the driver itself; both versions must pass it. */
export async function runPlanetscaleSuite(program: ClientProgram, driver: PlanetscaleDriver): Promise<void> {
  const client = driver.open(program.urlWithLogin);
  const rowsOf = ({ rows }: ExecutedQuery<Row>): readonly Row[] => rows;
  await checkSqlContract(program, {
    send: async (sql) => rowsOf(await client.execute<Row>(sql)),
    transaction: (work) =>
      client.transaction((tx) => work(async (sql) => rowsOf(await tx.execute<Row>(sql)))),
    readError(error) {
      if (!(error instanceof driver.DatabaseError)) throw error;
      return parseFailure(error.body.message, error);
    },
    withPassword(password): Send {
      const url = new URL(program.urlWithLogin);
      url.password = password;
      const other = driver.open(url.href);
      return async (sql) => rowsOf(await other.execute<Row>(sql));
    },
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, on a miss and on a hit", async () => {
    await expectTypes(program, await rowsByName(client), PLANETSCALE_VALUES);
    return expectTypes(program, await rowsByName(client), PLANETSCALE_VALUES);
  });
  await checkParameters(program, client);
  await checkDriverErrors(program, client, driver);
}

async function rowsByName(client: Client): Promise<readonly Row[]> {
  return (await client.execute<Row>(`SELECT * FROM ${TYPE_TABLE} ORDER BY id`)).rows;
}

const TEXT = "väl 💥 日本 'q' \"d\" \\ %_ \n\r\t\0\b\u001a ";

async function checkParameters(program: ClientProgram, client: Client): Promise<void> {
  await program.make(
    "CREATE TABLE things (id BIGINT PRIMARY KEY AUTO_INCREMENT, t TEXT, n DOUBLE, b BIGINT, y BLOB, f BOOL, d DATETIME(3))",
  );
  await program.check("create: parameters of every kind arrive unchanged", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const date = new Date("2024-02-29T12:34:56.789Z");
    const inserted = await client.execute(
      "INSERT INTO things (t, n, b, y, f, d) VALUES (?, ?, ?, ?, ?, ?), (?, NULL, NULL, NULL, NULL, NULL)",
      [TEXT, 0.1, 9007199254740993n, bytes, true, date, null],
    );
    assert.deepStrictEqual([inserted.insertId, inserted.rowsAffected], ["1", 2]);
    const [row, nulls] = await program.read("SELECT t, n, b, HEX(y), f, d FROM things ORDER BY id");
    const hex = Buffer.from(bytes).toString("hex").toUpperCase();
    assert.deepStrictEqual(row, [TEXT, "0.1", "9007199254740993", hex, "1", "2024-02-29 12:34:56.789"]);
    assert.deepStrictEqual(nulls, [null, null, null, null, null, null]);
  });
  await program.check("read: named parameters, lists, arrays of rows", async () => {
    const named = await client.execute("SELECT id FROM things WHERE t = :text AND f = :flag", {
      text: TEXT,
      flag: true,
    });
    assert.deepStrictEqual(named.rows, [{ id: "1" }]);
    const listed = await client.execute("SELECT id, n FROM things WHERE id IN (?) ORDER BY id", [[1, 2]], {
      as: "array",
    });
    assert.deepStrictEqual(listed.rows, [
      ["1", 0.1],
      ["2", null],
    ]);
    assert.deepStrictEqual(listed.headers, ["id", "n"]);
    assert.deepStrictEqual(listed.types, { id: "INT64", n: "FLOAT64" });
    assert.strictEqual(listed.size, 2);
  });
  await program.check("update and delete: found rows are counted", async () => {
    const updated = await client.execute("UPDATE things SET n = 0.1 WHERE id = ?", [1]);
    assert.strictEqual(updated.rowsAffected, 1);
    assert.strictEqual((await client.execute("DELETE FROM things WHERE id = ?", [2])).rowsAffected, 1);
    assert.strictEqual((await client.execute("DELETE FROM things WHERE id = ?", [2])).rowsAffected, 0);
    assert.deepStrictEqual(await program.read("SELECT id FROM things"), [["1"]]);
  });
  await program.check("session: refresh() makes one, and statements go on in it", async () => {
    const connection = client.connection();
    await connection.refresh();
    await connection.execute("SET @made = 1");
    assert.deepStrictEqual((await connection.execute("SELECT @made AS v")).rows, [{ v: "1" }]);
  });
  await program.check("session: one connection keeps its variables and its database", async () => {
    const connection = client.connection();
    await connection.execute("SET @kept = 41");
    assert.deepStrictEqual((await connection.execute("SELECT @kept + 1 AS v")).rows, [{ v: "42" }]);
    const [row] = (await connection.execute("SELECT DATABASE() AS d")).rows;
    assert.deepStrictEqual(row, { d: program.target.database });
  });
}

async function checkDriverErrors(
  program: ClientProgram,
  client: Client,
  driver: PlanetscaleDriver,
): Promise<void> {
  await program.check("error: a DatabaseError with status, code and message", async () => {
    const error = await catchError(() => client.execute("SELECT * FROM no_such_table"));
    assert.ok(error instanceof driver.DatabaseError);
    assert.deepStrictEqual([error.name, error.status, error.body.code], ["DatabaseError", 400, "NOT_FOUND"]);
    assert.strictEqual(error.message, error.body.message);
  });
  await program.check("error: a wrong login is a DatabaseError with status 401", async () => {
    const url = new URL(program.urlWithLogin);
    url.username = "nobody";
    const other = driver.open(url.href);
    const error = await catchError(() => other.execute("SELECT 1"));
    assert.ok(error instanceof driver.DatabaseError);
    assert.deepStrictEqual([error.status, error.body.code], [401, "unauthenticated"]);
  });
}
