/** `@polyscale/serverless-js`, unmodified: `POST /sql`. */
import assert from "node:assert/strict";
import { Client } from "@polyscale/serverless-js";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import { type DatabaseFailure, parseFailure } from "./database-failure.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract } from "./sql-contract.ts";
import { type ClientValues, createTypeTable, expectTypes, TYPE_TABLE } from "./type-table.ts";

const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\0 ? :a";
/** What a Node driver's rows look like after `JSON.stringify`: bytes are a Buffer's JSON. */
const VALUES: ClientValues = { ...PLANETSCALE_VALUES, bytes: bufferJson, bits: bufferJson };

/** What the client throws: the answer's JSON as it is. */
interface PolyscaleError {
  readonly statusCode: number;
  readonly code: string;
  readonly error: string;
  readonly message: string;
}

await runClient("polyscale", async (program) => {
  const client = open(program, program.target.password);
  await checkSqlContract(program, {
    send: (sql) => client.query(sql),
    // Every request stands for itself: the protocol has no sessions.
    transaction: null,
    readError,
    withPassword(password) {
      const other = open(program, password);
      return (sql) => other.query(sql);
    },
  });
  await createTypeTable(program);
  await program.check("types: every type and NULL, on a miss and on a hit", async () => {
    const sql = `SELECT * FROM ${TYPE_TABLE} ORDER BY id`;
    const detail = await expectHit(() => client.query(sql));
    await expectTypes(program, await client.query(sql), VALUES);
    return detail;
  });
  await checkBindings(program, client);
  await checkErrors(program, client);
});

function open(program: ClientProgram, password: string, database = program.target.database): Client {
  const { url, user } = program.target;
  return new Client(url, { cacheId: "any", username: user, password, database, provider: "mysql" });
}

function bufferJson(_: string, bytes: Buffer): unknown {
  return bytes.toJSON();
}

function readError(error: unknown): DatabaseFailure {
  const { statusCode, code, error: reason, message } = error as PolyscaleError;
  if (typeof message !== "string" || statusCode === undefined) throw error;
  const failure = parseFailure(message, error);
  assert.strictEqual(code, String(failure.errno));
  assert.ok(reason.length > 0);
  return failure;
}

async function checkBindings(program: ClientProgram, client: Client): Promise<void> {
  await program.make(
    "CREATE TABLE things (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT, n DOUBLE, f BOOL, big BIGINT)",
  );
  await program.check("create: bindings by position arrive unchanged", async () => {
    const sql = "INSERT INTO things (t, n, f, big) VALUES (?, ?, ?, ?), (?, ?, ?, ?)";
    const written = await client.query(sql, [TEXT, 0.1, true, "9007199254740993", null, null, null, null]);
    assert.deepStrictEqual(written, [{ affectedRows: 2, insertId: 1, warningStatus: 0 }]);
    assert.deepStrictEqual(await program.read("SELECT t, n, f, big FROM things ORDER BY id"), [
      [TEXT, "0.1", "1", "9007199254740993"],
      [null, null, null, null],
    ]);
  });
  await program.check("read: bindings by name, lists, identifiers", async () => {
    const named = await client.query("SELECT id, t FROM things WHERE t = :text", { text: TEXT });
    assert.deepStrictEqual(named, [{ id: 1, t: TEXT }]);
    const listed = await client.query("SELECT ?? FROM ?? WHERE id IN (?) ORDER BY id", [
      "id",
      "things",
      [1, 2],
    ]);
    assert.deepStrictEqual(listed, [{ id: 1 }, { id: 2 }]);
    assert.deepStrictEqual(await client.query("SELECT '?' AS q, ? AS v", [1]), [{ q: "?", v: 1 }]);
  });
  await program.check("read: no rows are an empty array", async () => {
    assert.deepStrictEqual(await client.query("SELECT * FROM things WHERE id = ?", [99]), []);
  });
  await program.check("update and delete: seen by the next read", async () => {
    const read = () => client.query("SELECT n FROM things WHERE id = ?", [1]);
    await expectHit(read);
    await client.query("UPDATE things SET n = ? WHERE id = ?", [2.5, 1]);
    assert.deepStrictEqual(await read(), [{ n: 2.5 }]);
    await client.query("DELETE FROM things WHERE id = :id", { id: 1 });
    assert.deepStrictEqual(await read(), []);
  });
}

async function checkErrors(program: ClientProgram, client: Client): Promise<void> {
  await program.check("error: the client throws the answer as it is", async () => {
    const error = (await catchError(() => client.query("SELECT * FROM no_such_table"))) as PolyscaleError;
    assert.deepStrictEqual(Object.keys(error), ["statusCode", "code", "error", "message"]);
    assert.deepStrictEqual([error.statusCode, error.code, error.error], [400, "1146", "Bad Request"]);
  });
  await program.check("error: a wrong password is a 401", async () => {
    const error = (await catchError(() => open(program, "wrong").query("SELECT 1"))) as PolyscaleError;
    assert.deepStrictEqual([error.statusCode, error.code, error.error], [401, "1045", "Unauthorized"]);
  });
  await program.check("error: a binding too few", async () => {
    const error = (await catchError(() => client.query("SELECT ?, ?", [1]))) as PolyscaleError;
    assert.strictEqual(error.statusCode, 400);
  });
  await program.check("error: a database that does not exist", async () => {
    const other = open(program, program.target.password, "no_such_database");
    const failure = readError(await catchError(() => other.query("SELECT 1 FROM parents")));
    assert.ok([1044, 1049].includes(failure.errno), JSON.stringify(failure));
  });
}
