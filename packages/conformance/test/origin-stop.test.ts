import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig, waitUntil } from "../src/index.ts";

// What an origin that stops does for those who are in the middle of something.

let rig: Rig;
let url = "";

beforeAll(async () => {
  rig = await openRig();
  url = rig.edges[0]?.line.http ?? "";
  await execute(url, rig.login, "CREATE TABLE kept (id INT PRIMARY KEY)");
});
afterAll(async () => {
  await rig?.close();
});

async function isReady(): Promise<boolean> {
  return (await fetch(`${rig.origin.line.admin}/readyz`)).status === 200;
}

test("an open transaction may commit; who comes meanwhile is held, and served by the next process", async () => {
  const begun = await execute(url, rig.login, "BEGIN");
  const inserted = await execute(url, rig.login, "INSERT INTO kept VALUES (1)", {
    session: begun.body.session,
  });
  const stopped = rig.origin.stop();
  await waitUntil(async () => !(await isReady()));
  let isHeldOver = false;
  const held = execute(url, rig.login, "BEGIN").finally(() => (isHeldOver = true));
  const plain = await execute(url, rig.login, "SELECT 1 FROM DUAL WHERE RAND() >= 0");
  expect(cellsOf(plain)).toEqual([["1"]]);
  expect(isHeldOver).toBe(false);
  const committed = await execute(url, rig.login, "COMMIT", { session: inserted.body.session });
  expect(committed.body.error).toBeUndefined();
  expect(await stopped).toBe(0);
  const late = execute(url, rig.login, "INSERT INTO kept VALUES (2)");
  await rig.startOrigin();
  const [begunLater, insertedLater] = await Promise.all([held, late]);
  expect([begunLater.body.error, insertedLater.body.error]).toEqual([undefined, undefined]);
  const session = begunLater.body.session;
  const again = await execute(url, rig.login, "INSERT INTO kept VALUES (3)", { session });
  const done = await execute(url, rig.login, "COMMIT", { session: again.body.session });
  expect(done.body.error).toBeUndefined();
  expect(cellsOf(await execute(url, rig.login, "SELECT id FROM kept ORDER BY id"))).toEqual([
    ["1"],
    ["2"],
    ["3"],
  ]);
});

test("a statement that runs is waited for; a session that only holds state is not", async () => {
  const state = await execute(url, rig.login, "SET @kept = 1");
  expect(state.body.error).toBeUndefined();
  const slow = execute(url, rig.login, "INSERT INTO kept SELECT 4 FROM (SELECT SLEEP(1)) AS s");
  await waitUntil(
    async () => (await rig.metric(rig.origin.line.admin, "rockpool_origin_statements_running")) >= 1,
  );
  const startedAt = performance.now();
  expect(await rig.origin.stop()).toBe(0);
  const tookMs = performance.now() - startedAt;
  expect((await slow).body.error).toBeUndefined();
  expect(tookMs).toBeLessThan(9_000); // the idle limit of a session is ten seconds
  await rig.startOrigin();
  await rig.ready();
  expect(cellsOf(await execute(url, rig.login, "SELECT COUNT(*) FROM kept"))).toEqual([["4"]]);
});
