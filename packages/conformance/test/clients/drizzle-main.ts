/** `drizzle-orm` over its `planetscale-serverless` driver, with the unmodified `@planetscale/database`. */
import assert from "node:assert/strict";
import { Client, DatabaseError } from "@planetscale/database";
import { and, asc, count, desc, DrizzleQueryError, eq, gt, inArray, isNull, like, sql } from "drizzle-orm";
import * as columns from "drizzle-orm/mysql-core";
import { drizzle, type PlanetScaleDatabase } from "drizzle-orm/planetscale-serverless";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import { type DatabaseFailure, parseFailure } from "./database-failure.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

const authors = columns.mysqlTable("authors", {
  id: columns.serial("id").primaryKey(),
  name: columns.varchar("name", { length: 100 }).notNull().unique(),
  mood: columns.mysqlEnum("mood", ["calm", "loud"]),
  big: columns.bigint("big", { mode: "bigint", unsigned: true }),
  price: columns.decimal("price", { precision: 20, scale: 6 }),
  ratio: columns.double("ratio"),
  active: columns.boolean("active").default(true).notNull(),
  born: columns.date("born"),
  seen: columns.datetime("seen", { fsp: 3 }),
  stamp: columns.timestamp("stamp", { fsp: 3, mode: "string" }),
  clock: columns.time("clock"),
  vintage: columns.year("vintage"),
  profile: columns.json("profile"),
  bytes: columns.varbinary("bytes", { length: 300 }),
});
const books = columns.mysqlTable("books", {
  id: columns.int("id").primaryKey().autoincrement(),
  authorId: columns.bigint("author_id", { mode: "number", unsigned: true }).notNull(),
  title: columns.text("title").notNull(),
});

type Database = PlanetScaleDatabase;

const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\0";
const FIRST = {
  name: TEXT,
  mood: "loud" as const,
  big: 18446744073709551615n,
  price: "12345678901234.123456",
  ratio: 0.1,
  active: false,
  born: new Date("2024-02-29T00:00:00.000Z"),
  seen: new Date("2024-02-29T12:34:56.789Z"),
  stamp: "2024-02-29 12:34:56.789",
  clock: "-12:34:56",
  vintage: 1999,
  profile: { list: [1, null, "ü"], deep: { er: true } },
};

await runClient("drizzle", async (program) => {
  const db = drizzle(new Client({ url: program.urlWithLogin }));
  await checkContract(program, db);
  await checkTypes(program, db);
  await checkQueries(program, db);
  await checkTransactions(program, db);
});

async function checkContract(program: ClientProgram, db: Database): Promise<void> {
  const sendWith =
    (executor: Pick<Database, "execute">): Send =>
    async (text) =>
      (await executor.execute(sql.raw(text))).rows as Row[]; // what the driver gave
  await checkSqlContract(program, {
    send: sendWith(db),
    transaction: (work) => db.transaction((tx) => work(sendWith(tx))),
    readError,
    withPassword(password) {
      const url = new URL(program.urlWithLogin);
      url.password = password;
      return sendWith(drizzle(new Client({ url: url.href })));
    },
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, as the driver gives them", async () => {
    const rows = await sendWith(db)(`SELECT * FROM ${TYPE_TABLE} ORDER BY id`);
    return expectTypes(program, rows, PLANETSCALE_VALUES);
  });
}

/** drizzle wraps the driver's error; inside a failed transaction it comes bare. */
function readError(error: unknown): DatabaseFailure {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof DatabaseError)) throw error;
  return parseFailure(cause.body.message, error);
}

async function checkTypes(program: ClientProgram, db: Database): Promise<void> {
  await program.make(
    `CREATE TABLE authors (id SERIAL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, mood ENUM('calm','loud'),
     big BIGINT UNSIGNED, price DECIMAL(20,6), ratio DOUBLE, active BOOLEAN NOT NULL DEFAULT TRUE, born DATE,
     seen DATETIME(3), stamp TIMESTAMP(3) NULL, clock TIME, vintage YEAR, profile JSON, bytes VARBINARY(300))`,
  );
  await program.make(
    `CREATE TABLE books (id INT PRIMARY KEY AUTO_INCREMENT, author_id BIGINT UNSIGNED NOT NULL, title TEXT NOT NULL,
     FOREIGN KEY (author_id) REFERENCES authors (id))`,
  );
  await program.check("create: every column mode arrives as drizzle sent it", async () => {
    const [inserted] = await db.insert(authors).values(FIRST).$returningId();
    assert.deepStrictEqual(inserted, { id: 1 });
    await db.insert(authors).values({ name: "nulls" });
    const rows = await program.read(
      "SELECT name, mood, big, price, ratio, active, born, seen, stamp, clock, vintage, profile, bytes FROM authors",
    );
    const { name, mood, price, stamp, clock } = FIRST;
    assert.deepStrictEqual(rows[0]?.slice(0, 11), [
      ...[name, mood, "18446744073709551615", price, "0.1", "0", "2024-02-29"],
      ...["2024-02-29 12:34:56.789", stamp, clock, "1999"],
    ]);
    assert.deepStrictEqual(JSON.parse(rows[0]?.[11] ?? ""), FIRST.profile);
    assert.deepStrictEqual(rows[1], [
      "nulls",
      null,
      null,
      null,
      null,
      "1",
      ...Array.from({ length: 7 }, () => null),
    ]);
  });
  await program.check("types: every column mode comes back as it was sent, miss and hit", async () => {
    const read = () => db.select().from(authors).where(eq(authors.id, 1));
    const detail = await expectHit(read);
    const [row] = await read();
    assert.deepStrictEqual(row, { id: 1, ...FIRST, bytes: null });
    return detail;
  });
  await program.check("types: NULL in every column mode", async () => {
    const [row] = await db.select().from(authors).where(eq(authors.name, "nulls"));
    const { id, name, active, ...rest } = row ?? {};
    assert.deepStrictEqual([id, name, active], [2, "nulls", true]);
    assert.ok(Object.values(rest).every((value) => value === null));
  });
}

async function checkQueries(program: ClientProgram, db: Database): Promise<void> {
  await program.check("create and read: joins, filters, ordering, aggregates", async () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      authorId: 1 + (index % 2),
      title: `T${index} ü`,
    }));
    const inserted = await db.insert(books).values(rows);
    assert.deepStrictEqual([inserted.insertId, inserted.rowsAffected], ["1", 20]);
    const joined = await db
      .select({ title: books.title, author: authors.name })
      .from(books)
      .innerJoin(authors, eq(books.authorId, authors.id))
      .where(and(gt(books.id, 5), like(books.title, "T1%"), inArray(authors.id, [1, 2])))
      .orderBy(desc(books.id))
      .limit(3)
      .offset(1);
    assert.deepStrictEqual(joined, [
      { title: "T18 ü", author: TEXT },
      { title: "T17 ü", author: "nulls" },
      { title: "T16 ü", author: TEXT },
    ]);
    const grouped = await db
      .select({ author: books.authorId, n: count() })
      .from(books)
      .groupBy(books.authorId)
      .orderBy(asc(books.authorId));
    assert.deepStrictEqual(grouped, [
      { author: 1, n: 10 },
      { author: 2, n: 10 },
    ]);
    const left = await db
      .select({ name: authors.name })
      .from(authors)
      .leftJoin(books, and(eq(books.authorId, authors.id), eq(books.title, "none")))
      .where(isNull(books.id));
    assert.strictEqual(left.length, 2);
  });
  await program.check("update, upsert and delete: seen by the next read", async () => {
    const titleOf = (id: number) => db.select({ title: books.title }).from(books).where(eq(books.id, id));
    await expectHit(() => titleOf(1));
    const updated = await db.update(books).set({ title: "new" }).where(eq(books.id, 1));
    assert.strictEqual(updated.rowsAffected, 1);
    assert.deepStrictEqual(await titleOf(1), [{ title: "new" }]);
    await db
      .insert(books)
      .values({ id: 1, authorId: 1, title: "x" })
      .onDuplicateKeyUpdate({ set: { title: sql`concat(${books.title}, '!')` } });
    assert.deepStrictEqual(await titleOf(1), [{ title: "new!" }]);
    assert.strictEqual((await db.delete(books).where(gt(books.id, 10))).rowsAffected, 10);
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM books"), [["10"]]);
  });
  await program.check("error: DrizzleQueryError with the driver's error as its cause", async () => {
    const error = await catchError(() => db.insert(authors).values({ name: TEXT }));
    assert.ok(error instanceof DrizzleQueryError && error.cause instanceof DatabaseError);
    assert.match(error.cause.message, /^Duplicate entry /);
  });
}

async function checkTransactions(program: ClientProgram, db: Database): Promise<void> {
  await program.check("transaction: nested ones are savepoints", async () => {
    await db.transaction(async (tx) => {
      await tx.update(books).set({ title: "outer" }).where(eq(books.id, 2));
      await catchError(() =>
        tx.transaction(async (inner) => {
          await inner.update(books).set({ title: "inner" }).where(eq(books.id, 2));
          inner.rollback();
        }),
      );
      await tx.transaction(async (inner) => {
        await inner.update(books).set({ title: "kept" }).where(eq(books.id, 3));
      });
    });
    assert.deepStrictEqual(await program.read("SELECT title FROM books WHERE id IN (2, 3)"), [
      ["outer"],
      ["kept"],
    ]);
  });
  await program.check("transaction: rollback() undoes it", async () => {
    await catchError(() =>
      db.transaction(async (tx) => {
        await tx.delete(books);
        assert.deepStrictEqual(await tx.select().from(books), []);
        tx.rollback();
      }),
    );
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM books"), [["10"]]);
  });
}
