import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig } from "../src/index.ts";

// A server default that was changed behind the origin's back: no connection made before it can be reset any more.

let rig: Rig;
let url = "";
let direct: Connection;

beforeAll(async () => {
  rig = await openRig();
  url = rig.edges[0]?.line.http ?? "";
  const { host, port, user, password, database } = rig.db;
  direct = await createConnection({ host, port, user, password, database });
  await direct.query("CREATE TABLE counted (id INT)");
  await direct.query("CREATE FUNCTION f_one() RETURNS INT NO SQL RETURN 1");
  // Known to the origin from here on.
  await execute(url, rig.login, "CREATE TABLE made (id INT)");
});
afterAll(async () => {
  direct?.destroy();
  await rig?.close();
});

test("what needs a clean connection gets another one, and runs exactly once", async () => {
  // Every connection of the pool is used, and needs a reset before code of a session may run on it.
  const filled = await Promise.all(
    Array.from({ length: 20 }, () =>
      execute(url, rig.login, "INSERT INTO counted SELECT 0 FROM (SELECT SLEEP(0.2)) s"),
    ),
  );
  expect(filled.filter(({ body }) => body.error !== undefined)).toEqual([]);
  await direct.query("SET GLOBAL sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES'");
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => execute(url, rig.login, "INSERT INTO counted VALUES (f_one())")),
  );
  expect(answers.map(({ body }) => body.error?.message).filter((message) => message !== undefined)).toEqual(
    [],
  );
  const counted = await execute(url, rig.login, "SELECT COUNT(*) FROM counted WHERE id = 1");
  expect(cellsOf(counted)).toEqual([["20"]]);
});

test("so does a transaction", async () => {
  await direct.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
  const begun = await execute(url, rig.login, "BEGIN");
  expect(begun.body.error).toBeUndefined();
  const done = await execute(url, rig.login, "ROLLBACK", { session: begun.body.session });
  expect(done.body.error).toBeUndefined();
});
