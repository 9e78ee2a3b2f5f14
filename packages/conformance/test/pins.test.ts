import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig, waitUntil } from "../src/index.ts";

let rig: Rig;
let url = "";

beforeAll(async () => {
  rig = await openRig({ originConfig: { shutdown: { drainMaxMs: 2_000 } } });
  url = rig.edges[0]?.line.http ?? "";
  await execute(url, rig.login, "CREATE TABLE ids (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
});
afterAll(async () => {
  await rig?.close();
});

test("statements that the server cannot read pin nothing", async () => {
  for (let round = 0; round < 30; round++) {
    const answer = await execute(url, rig.login, `SELEC ${round} FORM ids`);
    expect(answer.body.error?.message).toContain("(errno 1064) (sqlstate 42000)");
  }
  await waitUntil(
    async () => (await rig.metric(rig.origin.line.admin, "rockpool_origin_sessions_pinned")) === 0,
    1_000,
  );
});

test("LAST_INSERT_ID() is the session's own, whoever used the connection before", async () => {
  const first = await execute(url, rig.login, "INSERT INTO ids (v) VALUES (1)");
  await execute(url, rig.login, "INSERT INTO ids (v) VALUES (2)");
  const own = await execute(url, rig.login, "SELECT LAST_INSERT_ID()", { session: first.body.session });
  expect(cellsOf(own)).toEqual([["1"]]);
  for (let round = 0; round < 5; round++) {
    expect(cellsOf(await execute(url, rig.login, "SELECT LAST_INSERT_ID()"))).toEqual([["0"]]);
  }
});

test("SIGTERM rolls a transaction back that does not end, and stops in time", async () => {
  const begun = await execute(url, rig.login, "BEGIN");
  await execute(url, rig.login, "INSERT INTO ids (v) VALUES (99)", { session: begun.body.session });
  const startedAt = performance.now();
  expect(await rig.origin.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await rig.startOrigin();
  await rig.ready();
  expect(cellsOf(await execute(url, rig.login, "SELECT COUNT(*) FROM ids WHERE v = 99"))).toEqual([["0"]]);
});
