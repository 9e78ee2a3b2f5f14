/** `db0` with its `planetscale` connector, over the unmodified `@planetscale/database`. */
import assert from "node:assert/strict";
import * as planetscale from "@planetscale/database";
import { createDatabase, type Database } from "db0";
import planetscaleConnector from "db0/connectors/planetscale";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import { parseFailure } from "./database-failure.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\0";

await runClient("db0", async (program) => {
  const db = open(program.urlWithLogin);
  await checkSqlContract(program, {
    send: sendTo(db),
    // The connector takes a new session for each statement and says so: no transactions.
    transaction: null,
    readError(error) {
      if (!(error instanceof planetscale.DatabaseError)) throw error;
      return parseFailure(error.body.message, error);
    },
    withPassword(password) {
      const url = new URL(program.urlWithLogin);
      url.password = password;
      return sendTo(open(url.href));
    },
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, as the driver gives them", async () => {
    const rows = await sendTo(db)(`SELECT * FROM ${TYPE_TABLE} ORDER BY id`);
    return expectTypes(program, rows, PLANETSCALE_VALUES);
  });
  await checkStatements(program, db);
});

function open(url: string) {
  return createDatabase(planetscaleConnector({ url }));
}

function sendTo(db: Database): Send {
  return async (sql) => (await db.prepare(sql).all()) as Row[]; // rows by name, as the connector asks for them
}

async function checkStatements(program: ClientProgram, db: ReturnType<typeof open>): Promise<void> {
  await program.check("create: exec, prepared run and the sql template", async () => {
    await db.exec(
      "CREATE TABLE users (id INT PRIMARY KEY, name TEXT, balance DECIMAL(20,6), born DATETIME(3))",
    );
    const run = await db.prepare("INSERT INTO users VALUES (?, ?, ?, NULL)").run(1, TEXT, "12.500000");
    assert.strictEqual(run.success, true);
    const template =
      await db.sql`INSERT INTO users VALUES (${2}, ${"zwei"}, ${null}, ${"2024-02-29 12:34:56.789"})`;
    assert.deepStrictEqual(template.success, true);
    assert.deepStrictEqual(await program.read("SELECT * FROM users ORDER BY id"), [
      ["1", TEXT, "12.500000", null],
      ["2", "zwei", null, "2024-02-29 12:34:56.789"],
    ]);
  });
  await program.check("read: all, get, and bound statements, miss and hit", async () => {
    const statement = db.prepare("SELECT name, balance FROM users WHERE id = ?").bind(1);
    const detail = await expectHit(() => statement.get());
    assert.deepStrictEqual(await statement.all(), [{ name: TEXT, balance: "12.500000" }]);
    const { rows } = await db.sql`SELECT id FROM users WHERE name = ${"zwei"}`;
    assert.deepStrictEqual(rows, [{ id: 2 }]);
    assert.strictEqual(await db.prepare("SELECT id FROM users WHERE id = 9").get(), undefined);
    return detail;
  });
  await program.check("update and delete: seen by the next read", async () => {
    const read = db.prepare("SELECT name FROM users WHERE id = 1");
    await expectHit(() => read.get());
    await db.prepare("UPDATE users SET name = ? WHERE id = 1").run("new");
    assert.deepStrictEqual(await read.get(), { name: "new" });
    await db.sql`DELETE FROM users WHERE id = ${1}`;
    assert.strictEqual(await read.get(), undefined);
  });
  await program.check("transaction: a BEGIN by itself changes nothing for the next statement", async () => {
    await db.exec("BEGIN");
    await db.exec("INSERT INTO users VALUES (5, 'five', NULL, NULL)");
    assert.deepStrictEqual(await program.read("SELECT name FROM users WHERE id = 5"), [["five"]]);
  });
  await program.check("error: the driver's own DatabaseError", async () => {
    const error = await catchError(() => db.exec("INSERT INTO users VALUES (2, 'x', NULL, NULL)"));
    assert.ok(error instanceof planetscale.DatabaseError);
    assert.strictEqual(error.status, 400);
  });
}
