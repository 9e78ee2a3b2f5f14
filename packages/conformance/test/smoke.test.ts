import { connect } from "@planetscale/database";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRig, type Rig } from "../src/index.ts";

let rig: Rig;
let status: string | null = null;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(async () => {
  await rig?.close();
});

function client() {
  const url = new URL(rig.edges[0]?.line.http ?? "");
  url.username = rig.login.user;
  url.password = rig.login.password;
  return connect({
    url: url.href,
    fetch: async (input: string, init?: object) => {
      const response = await fetch(input, init);
      status = response.headers.get("rockpool-cache");
      return response;
    },
  });
}

test("the unmodified driver reads, hits, writes and reads its write", async () => {
  await client().execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))");
  const inserted = await client().execute("INSERT INTO t VALUES (1, 'one')");
  expect(inserted.rowsAffected).toBe(1);
  const read = "SELECT id, v FROM t WHERE id = 1";
  expect((await client().execute(read)).rows).toEqual([{ id: 1, v: "one" }]);
  expect(status).toMatch(/^miss; reason=absent/);
  expect((await client().execute(read)).rows).toEqual([{ id: 1, v: "one" }]);
  expect(status).toMatch(/^hit; reason=current; age=\d/);
  await client().execute("UPDATE t SET v = 'two' WHERE id = 1");
  expect((await client().execute(read)).rows).toEqual([{ id: 1, v: "two" }]);
  expect(status).toMatch(/^miss; reason=changed/);
});

test("a transaction commits and rolls back", async () => {
  await client().transaction(async (tx) => {
    await tx.execute("INSERT INTO t VALUES (2, 'a')");
    expect((await tx.execute("SELECT COUNT(*) AS n FROM t")).rows).toEqual([{ n: "2" }]);
  });
  await expect(
    client().transaction(async (tx) => {
      await tx.execute("INSERT INTO t VALUES (3, 'b')");
      await tx.execute("INSERT INTO t VALUES (2, 'duplicate')");
    }),
  ).rejects.toThrow(/Duplicate entry .* \(errno 1062\) \(sqlstate 23000\)/);
  expect((await client().execute("SELECT COUNT(*) AS n FROM t")).rows).toEqual([{ n: "2" }]);
});
