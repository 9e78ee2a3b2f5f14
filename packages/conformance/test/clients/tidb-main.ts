/** `@tidbcloud/serverless`, unmodified: `POST /v1beta/sql`. */
import assert from "node:assert/strict";
import { connect, DatabaseError } from "@tidbcloud/serverless";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import { type DatabaseFailure, parseFailure } from "./database-failure.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

type Connection = ReturnType<typeof open>;
type Isolation = "READ COMMITTED" | "REPEATABLE READ";

/** Stands for the edge: what the client makes of an IP address is no URL. */
const HOST = "edge.example";
const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\0";

await runClient("tidb", async (program) => {
  const connection = open(program, program.target.password);
  await checkSqlContract(program, {
    send: sendTo(open(program, program.target.password)),
    transaction: (work) => transact(program, work),
    readError,
    withPassword: (password) => sendTo(open(program, password)),
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, on a miss and on a hit", async () => {
    const sql = `SELECT * FROM ${TYPE_TABLE} ORDER BY id`;
    const send = sendTo(connection);
    const detail = await expectHit(() => send(sql));
    await expectTypes(program, await send(sql), PLANETSCALE_VALUES);
    return detail;
  });
  await checkParameters(program, connection);
  await checkSessions(program);
  await checkErrors(program);
});

/** The client always prefixes the host and always takes TLS; its `fetch` option is where both can be undone. */
function open(program: ClientProgram, password: string, database = program.target.database) {
  const base = new URL(program.target.url);
  return connect({
    host: HOST,
    username: program.target.user,
    password,
    database,
    fetch(input, init) {
      const asked = new URL(input);
      assert.strictEqual(asked.host, `http-${HOST}`);
      return fetch(new URL(asked.pathname, base), init);
    },
  });
}

function sendTo(connection: Pick<Connection, "execute">): Send {
  return async (sql) => (await connection.execute(sql)) as Row[]; // rows are objects unless asked otherwise
}

async function transact(program: ClientProgram, work: (send: Send) => Promise<void>, isolation?: Isolation) {
  const connection = open(program, program.target.password);
  const tx = await connection.begin(isolation === undefined ? {} : { isolation });
  try {
    await work(async (sql) => (await tx.execute(sql)) as Row[]); // as above
    await tx.commit();
  } catch (error) {
    await tx.rollback();
    throw error;
  }
}

function readError(error: unknown): DatabaseFailure {
  if (!(error instanceof DatabaseError)) throw error;
  const failure = parseFailure(error.message, error);
  assert.strictEqual(error.details?.code, String(failure.errno));
  return failure;
}

async function checkParameters(program: ClientProgram, connection: Connection): Promise<void> {
  await program.make(
    "CREATE TABLE things (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT, n DOUBLE, b BIGINT, y BLOB, f BOOL, d DATETIME(3))",
  );
  await program.check("create: parameters of every kind arrive unchanged", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const written = await connection.execute(
      "INSERT INTO things (t, n, b, y, f, d) VALUES (?, ?, ?, ?, ?, ?), (?, NULL, NULL, NULL, NULL, NULL)",
      [TEXT, 0.1, 9007199254740993n, bytes, true, new Date("2024-02-29T12:34:56.789Z"), null],
      { fullResult: true },
    );
    assert.deepStrictEqual([written.rowsAffected, written.lastInsertId], [2, "1"]);
    const [row, nulls] = await program.read("SELECT t, n, b, HEX(y), f, d FROM things ORDER BY id");
    const hex = Buffer.from(bytes).toString("hex").toUpperCase();
    assert.deepStrictEqual(row, [TEXT, "0.1", "9007199254740993", hex, "1", "2024-02-29 12:34:56.789"]);
    assert.deepStrictEqual(nulls, [null, null, null, null, null, null]);
  });
  await program.check("read: named parameters, arrays, types, empty results", async () => {
    const read = await connection.execute(
      "SELECT id, n, b FROM things WHERE t = :text",
      { text: TEXT },
      {
        fullResult: true,
        arrayMode: true,
      },
    );
    assert.deepStrictEqual(read.rows, [[1, 0.1, "9007199254740993"]]);
    assert.deepStrictEqual(read.types, { id: "INT", n: "DOUBLE", b: "BIGINT" });
    assert.deepStrictEqual(await connection.execute("SELECT id FROM things WHERE id = 9"), []);
  });
  await program.check("update and delete: seen by the next read", async () => {
    const read = () => connection.execute("SELECT n FROM things WHERE id = ?", [1]);
    await expectHit(read);
    const updated = await connection.execute("UPDATE things SET n = 2.5 WHERE id = 1", null, {
      fullResult: true,
    });
    assert.strictEqual(updated.rowsAffected, 1);
    assert.deepStrictEqual(await read(), [{ n: 2.5 }]);
    await connection.execute("DELETE FROM things WHERE id = 1");
    assert.deepStrictEqual(await read(), []);
  });
}

async function checkSessions(program: ClientProgram): Promise<void> {
  for (const [isolation, sees] of [
    ["READ COMMITTED", 2],
    ["REPEATABLE READ", 1],
  ] as const) {
    await program.check(`transaction: isolation level ${isolation} takes effect`, async () => {
      await program.make("UPDATE entries SET v = 1 WHERE id = 1");
      const work = async (send: Send): Promise<void> => {
        assert.deepStrictEqual(await send("SELECT v FROM entries WHERE id = 1"), [{ v: 1 }]);
        await program.make("UPDATE entries SET v = 2 WHERE id = 1");
        assert.deepStrictEqual(await send("SELECT v FROM entries WHERE id = 1"), [{ v: sees }]);
      };
      await transact(program, work, isolation);
    });
  }
  await program.check("session: a persistent one keeps its variables, a closed one is gone", async () => {
    const stateful = await open(program, program.target.password).persist();
    await stateful.execute("SET @kept = 41");
    const rows = (await stateful.execute("SELECT @kept + 1 AS v")) as Row[]; // objects, as above
    assert.strictEqual(Number(rows[0]?.["v"]), 42);
    await stateful.close();
  });
  await program.check("session: the database is the request's own", async () => {
    const rows = await open(program, program.target.password).execute("SELECT DATABASE() AS d");
    assert.deepStrictEqual(rows, [{ d: program.target.database }]);
  });
}

async function checkErrors(program: ClientProgram): Promise<void> {
  await program.check("error: a DatabaseError with status, code and message", async () => {
    const connection = open(program, program.target.password);
    const error = await catchError(() => connection.execute("SELECT * FROM no_such_table"));
    assert.ok(error instanceof DatabaseError);
    assert.deepStrictEqual([error.status, error.details?.code], [400, "1146"]);
  });
  await program.check("error: a wrong password is a 401", async () => {
    const error = await catchError(() => open(program, "wrong").execute("SELECT 1"));
    assert.ok(error instanceof DatabaseError);
    assert.deepStrictEqual([error.status, error.details?.code], [401, "1045"]);
  });
  await program.check("error: a database that does not exist", async () => {
    const other = open(program, program.target.password, "no_such_database");
    const failure = readError(await catchError(() => other.execute("SELECT * FROM parents")));
    assert.ok([1044, 1049].includes(failure.errno), JSON.stringify(failure));
  });
}
