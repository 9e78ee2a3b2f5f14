/** `kysely` with the `kysely-planetscale` dialect, over the unmodified `@planetscale/database`. */
import assert from "node:assert/strict";
import { DatabaseError } from "@planetscale/database";
import { CompiledQuery, type Generated, Kysely, sql } from "kysely";
import { PlanetScaleDialect } from "kysely-planetscale";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import { parseFailure } from "./database-failure.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { type ClientValues, createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

interface Person {
  readonly id: Generated<number>;
  readonly name: string;
  readonly born: Date | null;
  readonly balance: string | null;
  readonly photo: Uint8Array | null;
  readonly profile: unknown;
}

interface Schema {
  readonly people: Person;
  readonly pets: { readonly id: Generated<number>; readonly owner: number; readonly name: string };
}

type Database = Kysely<Schema>;

/** The dialect makes `Date`s of DATETIME and TIMESTAMP, taking the text for UTC and keeping milliseconds. */
const VALUES: ClientValues = { ...PLANETSCALE_VALUES, datetime: readDate, timestamp: readDate };

const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\0";
const BORN = new Date("2024-02-29T12:34:56.789Z");
const PHOTO = Uint8Array.from({ length: 256 }, (_, byte) => byte);

await runClient("kysely", async (program) => {
  const db = new Kysely<Schema>({ dialect: new PlanetScaleDialect({ url: program.urlWithLogin }) });
  await checkContract(program, db);
  await checkQueries(program, db);
  await checkTransactions(program, db);
  await db.destroy();
});

function readDate(text: string): Date {
  return new Date(`${text.slice(0, 23).replace(" ", "T")}Z`);
}

async function checkContract(program: ClientProgram, db: Database): Promise<void> {
  const sendWith =
    (executor: Pick<Database, "executeQuery">): Send =>
    async (text) =>
      (await executor.executeQuery<Row>(CompiledQuery.raw(text))).rows;
  await checkSqlContract(program, {
    send: sendWith(db),
    transaction: (work) => db.transaction().execute((tx) => work(sendWith(tx))),
    readError(error) {
      if (!(error instanceof DatabaseError)) throw error;
      return parseFailure(error.body.message, error);
    },
    withPassword(password) {
      const url = new URL(program.urlWithLogin);
      url.password = password;
      return sendWith(new Kysely({ dialect: new PlanetScaleDialect({ url: url.href }) }));
    },
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, times as Date", async () => {
    const rows = await sendWith(db)(`SELECT * FROM ${TYPE_TABLE} ORDER BY id`);
    return expectTypes(program, rows, VALUES);
  });
}

async function checkQueries(program: ClientProgram, db: Database): Promise<void> {
  await program.make(
    `CREATE TABLE people (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL UNIQUE, born DATETIME(3),
     balance DECIMAL(20,6), photo BLOB, profile JSON)`,
  );
  await program.make(
    "CREATE TABLE pets (id INT PRIMARY KEY AUTO_INCREMENT, owner INT NOT NULL, name TEXT NOT NULL)",
  );
  await program.check("create: values arrive as sent; insertId and affected rows are bigints", async () => {
    const inserted = await db
      .insertInto("people")
      .values([
        { name: TEXT, born: BORN, balance: "123.456789", photo: PHOTO, profile: JSON.stringify({ ü: [1] }) },
        { name: "nulls", born: null, balance: null, photo: null, profile: null },
      ])
      .executeTakeFirstOrThrow();
    assert.deepStrictEqual([inserted.insertId, inserted.numInsertedOrUpdatedRows], [1n, 2n]);
    const [row] = await program.read("SELECT name, born, balance, HEX(photo), profile FROM people");
    const hex = Buffer.from(PHOTO).toString("hex").toUpperCase();
    assert.deepStrictEqual(row, [TEXT, "2024-02-29 12:34:56.789", "123.456789", hex, '{"ü":[1]}']);
  });
  await program.check("read: values come back, NULLs too, miss and hit", async () => {
    const read = () => db.selectFrom("people").selectAll().orderBy("id").execute();
    const detail = await expectHit(read);
    const [first, second] = await read();
    assert.deepStrictEqual(first, {
      ...{ id: 1, name: TEXT, born: BORN, balance: "123.456789", photo: PHOTO, profile: { ü: [1] } },
    });
    assert.deepStrictEqual(second, {
      id: 2,
      name: "nulls",
      born: null,
      balance: null,
      photo: null,
      profile: null,
    });
    return detail;
  });
  await program.check("read: joins, subqueries, aggregates", async () => {
    await db
      .insertInto("pets")
      .values(["a", "b", "c"].map((name, at) => ({ owner: 1 + (at % 2), name })))
      .execute();
    const joined = await db
      .selectFrom("people")
      .innerJoin("pets", "pets.owner", "people.id")
      .select(["people.name as person", "pets.name as pet"])
      .where("pets.name", "in", ["a", "c"])
      .orderBy("pets.id", "desc")
      .execute();
    assert.deepStrictEqual(joined, [
      { person: TEXT, pet: "c" },
      { person: TEXT, pet: "a" },
    ]);
    const counted = await db
      .selectFrom("people")
      .select((eb) => [
        "id",
        eb
          .selectFrom("pets")
          .whereRef("pets.owner", "=", "people.id")
          .select(eb.fn.countAll().as("n"))
          .as("n"),
      ])
      .orderBy("id")
      .execute();
    assert.deepStrictEqual(counted, [
      { id: 1, n: "2" },
      { id: 2, n: "1" },
    ]);
  });
  await program.check("update, upsert and delete: seen by the next read", async () => {
    const petOf = () => db.selectFrom("pets").select("name").where("id", "=", 1).execute();
    await expectHit(petOf);
    const updated = await db
      .updateTable("pets")
      .set({ name: "A" })
      .where("id", "=", 1)
      .executeTakeFirstOrThrow();
    assert.strictEqual(updated.numUpdatedRows, 1n);
    assert.deepStrictEqual(await petOf(), [{ name: "A" }]);
    await db
      .insertInto("pets")
      .values({ id: 1, owner: 1, name: "x" })
      .onDuplicateKeyUpdate({ name: "AA" })
      .execute();
    assert.deepStrictEqual(await petOf(), [{ name: "AA" }]);
    const deleted = await db.deleteFrom("pets").where("id", "=", 1).executeTakeFirstOrThrow();
    assert.strictEqual(deleted.numDeletedRows, 1n);
    assert.deepStrictEqual(await petOf(), []);
  });
  await program.check("introspection: tables and columns through information_schema", async () => {
    const tables = await db.introspection.getTables();
    const people = tables.find(({ name }) => name === "people");
    assert.deepStrictEqual(
      people?.columns.map(({ name }) => name),
      ["id", "name", "born", "balance", "photo", "profile"],
    );
  });
}

async function checkTransactions(program: ClientProgram, db: Database): Promise<void> {
  const balance = "SELECT balance FROM people WHERE id = 2";
  for (const [level, sees] of [
    ["read committed", "1.000000"],
    ["repeatable read", null],
  ] as const) {
    await program.check(`transaction: isolation level ${level} takes effect`, async () => {
      await program.make("UPDATE people SET balance = NULL WHERE id = 2");
      await db
        .transaction()
        .setIsolationLevel(level)
        .execute(async (tx) => {
          const read = () => tx.selectFrom("people").select("balance").where("id", "=", 2).executeTakeFirst();
          assert.deepStrictEqual(await read(), { balance: null });
          await program.make("UPDATE people SET balance = 1 WHERE id = 2");
          assert.deepStrictEqual(await read(), { balance: sees });
        });
      assert.deepStrictEqual(await program.read(balance), [["1.000000"]]);
    });
  }
  await program.check("transaction: the level is for one transaction only", async () => {
    await program.make("UPDATE people SET balance = 1 WHERE id = 2");
    await db.transaction().execute(async (tx) => {
      const read = () => tx.selectFrom("people").select("balance").where("id", "=", 2).executeTakeFirst();
      assert.deepStrictEqual(await read(), { balance: "1.000000" });
      await program.make("UPDATE people SET balance = 2 WHERE id = 2");
      assert.deepStrictEqual(await read(), { balance: "1.000000" });
    });
  });
  await program.check("transaction: a controlled one commits; the dialect has no savepoints", async () => {
    const tx = await db.startTransaction().execute();
    await tx.updateTable("people").set({ balance: "5" }).where("id", "=", 2).execute();
    assert.match(
      String(await catchError(() => tx.savepoint("here").execute())),
      /not supported by this driver/,
    );
    await tx.commit().execute();
    assert.deepStrictEqual(await program.read(balance), [["5.000000"]]);
  });
  await program.check("error: a template's unknown column is the driver's DatabaseError", async () => {
    const error = await catchError(() => sql`SELECT ${sql.ref("nope")} FROM people`.execute(db));
    assert.ok(error instanceof DatabaseError && error.message.startsWith("Unknown column 'nope'"));
  });
}
