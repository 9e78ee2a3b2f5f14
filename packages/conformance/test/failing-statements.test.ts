import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { execute, openRig, type Rig, waitUntil } from "../src/index.ts";

// Whoever may log in can send statements that fail: they must cost nobody a hit, and the database no catalogue.

const READ = "SELECT v FROM precious WHERE id = 1";

let rig: Rig;
let url = "";
let direct: Connection;

beforeAll(async () => {
  rig = await openRig({
    logins: [
      {
        name: "poor",
        password: "password-of-poor",
        database: "rockpool",
        account: { user: "poor", password: "password-of-poor" },
      },
    ],
  });
  url = rig.edges[0]?.line.http ?? "";
  const { host, port, user, password, database } = rig.db;
  direct = await createConnection({ host, port, user, password, database });
  await direct.query("CREATE USER poor IDENTIFIED BY 'password-of-poor'");
  await direct.query(`GRANT SELECT ON ${database}.* TO poor`);
  await execute(url, rig.login, "CREATE TABLE precious (id INT PRIMARY KEY, v INT)");
  await execute(url, rig.login, "INSERT INTO precious VALUES (1, 1)");
});
afterAll(async () => {
  direct?.destroy();
  await rig?.close();
});

/** The age in seconds of the answer that a hit came from; null for what was no hit. */
async function ageOfHit(): Promise<number | null> {
  const { cache } = await execute(url, rig.login, READ);
  const match = /^hit; .*age=([\d.]+)/.exec(cache);
  return match === null ? null : Number(match[1]);
}

function loads(): Promise<number> {
  return rig.metric(rig.origin.line.admin, "rockpool_origin_catalogue_loads_total");
}

const POOR = { user: "poor", password: "password-of-poor" };

test.each([
  "INSERT INTO nope VALUES (1)",
  "SELECT nope()",
  "DELETE FROM precious",
  "SELECT v FROM precious, nope FOR UPDATE",
  "DELETE FROM mysql.global_priv",
  "DROP TABLE precious",
  "ALTER TABLE precious ADD COLUMN x INT",
  "CREATE DATABASE nowhere",
  "CREATE USER other",
  "FLUSH PRIVILEGES",
  "SET GLOBAL max_connections = 77",
  "SET GLOBAL nope = 1",
  "CALL nope()",
  "XA COMMIT 'nope'",
])("%s", async (sql) => {
  await waitUntil(async () => (await ageOfHit()) !== null);
  const loadsBefore = await loads();
  const startedAt = performance.now();
  for (let round = 0; round < 5; round++) {
    const failed = await execute(url, POOR, sql);
    expect(failed.body.error).toBeDefined();
  }
  // What was cached before is what is hit afterwards, as soon as the edge has heard that nothing was altered.
  let age: number | null = null;
  await waitUntil(async () => {
    age = await ageOfHit();
    return age !== null;
  });
  expect(age).toBeGreaterThanOrEqual((performance.now() - startedAt) / 1000 - 0.5);
  expect(await loads()).toBe(loadsBefore);
});
