import assert from "node:assert/strict";
import { catchError, type ClientProgram, expectHit } from "./client-program.ts";
import type { DatabaseFailure } from "./database-failure.ts";

/** A row as its client gives it. */
export type Row = Readonly<Record<string, unknown>>;
/** Sends a statement as it is. */
export type Send = (sql: string) => Promise<readonly Row[]>;

/** What the contract needs of a client that takes SQL. */
export interface SqlClient {
  readonly send: Send;
  /** null = the client has no transactions. */
  readonly transaction: null | ((work: (send: Send) => Promise<void>) => Promise<void>);
  /** What the client's error tells of the database's; throws an error that tells nothing. */
  readError(error: unknown): DatabaseFailure;
  /** The same client with another password. */
  withPassword(password: string): Send;
}

/** A statement that fails, and how. */
interface WrongStatement {
  readonly name: string;
  readonly sql: string;
  readonly errno: number;
  readonly state: string;
}

const WRONG: readonly WrongStatement[] = [
  wrong("duplicate key", "INSERT INTO parents VALUES (1, 'again')", 1062, "23000"),
  wrong("unknown table", "SELECT * FROM no_such_table", 1146, "42S02"),
  wrong("unknown column", "SELECT no_such_column FROM parents", 1054, "42S22"),
  wrong("foreign key, no parent", "INSERT INTO children VALUES (9, 99)", 1452, "23000"),
  wrong("foreign key, has children", "DELETE FROM parents WHERE id = 1", 1451, "23000"),
  wrong("syntax error", "SELEKT 1 'ü", 1064, "42000"),
  wrong("data too long", "INSERT INTO parents VALUES (3, REPEAT('x', 21))", 1406, "22001"),
  wrong("NULL not allowed", "INSERT INTO parents VALUES (3, NULL)", 1048, "23000"),
  wrong("out of range", "INSERT INTO parents VALUES (3000000000, 'x')", 1264, "22003"),
  wrong("division by zero in a write", "UPDATE parents SET id = 1 / 0 WHERE id = 2", 1365, "22012"),
];

const PARALLEL = 50;

/** The checks that hold for every client that takes SQL; makes and uses tables of its own. */
export async function checkSqlContract(program: ClientProgram, client: SqlClient): Promise<void> {
  await program.make("CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL)");
  await program.make(
    "CREATE TABLE children (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES parents (id))",
  );
  await program.make("INSERT INTO parents VALUES (1, 'one'), (2, 'two')");
  await program.make("INSERT INTO children VALUES (1, 1)");
  await program.make("CREATE TABLE numbers (id INT PRIMARY KEY, square INT NOT NULL)");
  const values = Array.from({ length: PARALLEL }, (_, id) => `(${id}, ${id * id})`);
  await program.make(`INSERT INTO numbers VALUES ${values.join(", ")}`);
  await checkErrors(program, client);
  await checkCache(program, client);
  await checkConcurrency(program, client);
  if (client.transaction !== null) await checkTransactions(program, client, client.transaction);
}

async function checkErrors(program: ClientProgram, client: SqlClient): Promise<void> {
  for (const { name, sql, errno, state } of WRONG) {
    await program.check(`error: ${name}`, async () => {
      const direct = await program.direct.execute(sql);
      assert.ok(direct.kind === "error");
      const failure = client.readError(await catchError(() => client.send(sql)));
      assert.deepStrictEqual(failure, { message: direct.message, errno, state: failure.state && state });
    });
  }
  await program.check("error: wrong password, and the right one still works", async () => {
    const { message, errno, state } = client.readError(
      await catchError(() => client.withPassword("wrong")("SELECT 1")),
    );
    assert.match(message, /^Access denied/);
    assert.deepStrictEqual([errno, state], [1045, state && "28000"]);
    assert.strictEqual((await client.send("SELECT name FROM parents WHERE id = 2")).length, 1);
  });
}

async function checkCache(program: ClientProgram, client: SqlClient): Promise<void> {
  const read = "SELECT name FROM parents WHERE id = 2";
  const name = async (sql: string): Promise<unknown> => (await client.send(sql))[0]?.["name"];
  await program.check("cache: a repeated read is a hit", () => expectHit(() => name(`${read} LIMIT 1`)));
  await program.check("cache: a read after a write sees it, and hits again", async () => {
    const read1 = `${read} LIMIT 2`;
    await expectHit(() => name(read1));
    await client.send("UPDATE parents SET name = 'zwei' WHERE id = 2");
    assert.strictEqual(await name(read1), "zwei");
    await client.send("UPDATE parents SET name = 'deux' WHERE id = 2");
    const detail = await expectHit(() => name(read1));
    assert.strictEqual(await name(read1), "deux");
    return detail;
  });
}

async function checkConcurrency(program: ClientProgram, client: SqlClient): Promise<void> {
  const ids = Array.from({ length: PARALLEL }, (_, id) => id);
  await program.check(`concurrency: ${PARALLEL} parallel reads get their own answers`, async () => {
    for (const round of [1, 2]) {
      const answers = await Promise.all(
        ids.map((id) => client.send(`SELECT id, square FROM numbers WHERE id = ${id}`)),
      );
      const squares = answers.map((rows) => [Number(rows[0]?.["id"]), Number(rows[0]?.["square"])]);
      assert.deepStrictEqual(
        squares,
        ids.map((id) => [id, id * id]),
        `round ${round}`,
      );
    }
  });
  await program.check(`concurrency: ${PARALLEL} parallel writes all happen once`, async () => {
    await program.make("CREATE TABLE counted (id INT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL)");
    await Promise.all(ids.map((id) => client.send(`INSERT INTO counted (n) VALUES (${id})`)));
    assert.deepStrictEqual(await program.read("SELECT COUNT(*), COUNT(DISTINCT n) FROM counted"), [
      [String(PARALLEL), String(PARALLEL)],
    ]);
    const rows = await client.send("SELECT COUNT(*) AS n FROM counted");
    assert.strictEqual(Number(rows[0]?.["n"]), PARALLEL);
  });
}

async function checkTransactions(
  program: ClientProgram,
  client: SqlClient,
  transaction: (work: (send: Send) => Promise<void>) => Promise<void>,
): Promise<void> {
  await program.make("CREATE TABLE entries (id INT PRIMARY KEY, v INT NOT NULL)");
  await program.check("transaction: commit, and nobody sees it before", async () => {
    await transaction(async (send) => {
      await send("INSERT INTO entries VALUES (1, 10)");
      assert.strictEqual((await send("SELECT v FROM entries")).length, 1);
      assert.deepStrictEqual(await program.read("SELECT v FROM entries"), []);
      assert.strictEqual((await client.send("SELECT v FROM entries")).length, 0);
    });
    assert.deepStrictEqual(await program.read("SELECT v FROM entries"), [["10"]]);
    assert.strictEqual((await client.send("SELECT v FROM entries")).length, 1);
  });
  await program.check("transaction: an error rolls everything back", async () => {
    const error = await catchError(() =>
      transaction(async (send) => {
        await send("INSERT INTO entries VALUES (2, 20)");
        await send("INSERT INTO entries VALUES (1, 11)");
      }),
    );
    assert.strictEqual(client.readError(error).errno, 1062);
    assert.deepStrictEqual(await program.read("SELECT id FROM entries"), [["1"]]);
  });
  await program.check("transaction: the program's own error rolls back too", async () => {
    const own = new Error("own");
    const error = await catchError(() =>
      transaction(async (send) => {
        await send("DELETE FROM entries");
        throw own;
      }),
    );
    assert.strictEqual(error, own);
    assert.deepStrictEqual(await program.read("SELECT id FROM entries"), [["1"]]);
  });
  await program.check("transaction: repeatable read by default", async () => {
    await transaction(async (send) => {
      const before = await send("SELECT v FROM entries WHERE id = 1");
      await program.make("UPDATE entries SET v = v + 1 WHERE id = 1");
      assert.deepStrictEqual(await send("SELECT v FROM entries WHERE id = 1"), before);
    });
  });
  await program.check("transaction: ten at once on ten connections", async () => {
    const ids = Array.from({ length: 10 }, (_, index) => 100 + index);
    await Promise.all(
      ids.map((id) =>
        transaction(async (send) => {
          await send(`INSERT INTO entries VALUES (${id}, 0)`);
          await send(`UPDATE entries SET v = id * 2 WHERE id = ${id}`);
        }),
      ),
    );
    const rows = await program.read("SELECT id, v FROM entries WHERE id >= 100 ORDER BY id");
    assert.deepStrictEqual(
      rows,
      ids.map((id) => [String(id), String(id * 2)]),
    );
  });
}

function wrong(name: string, sql: string, errno: number, state: string): WrongStatement {
  return { name, sql, errno, state };
}
