import { createConnection } from "mysql2/promise";
import { afterEach, describe, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig, type RigOptions, waitUntil } from "../src/index.ts";

let rig: Rig | null = null;

afterEach(async () => {
  await rig?.close();
  rig = null;
});

async function open(options: RigOptions = {}): Promise<Rig> {
  rig = await openRig(options);
  return rig;
}

function edgeUrl(current: Rig): string {
  return current.edges[0]?.line.http ?? "";
}

async function direct(current: Rig) {
  const { host, port, user, password, database } = current.db;
  return createConnection({ host, port, user, password, database });
}

describe("the origin fails and comes back", () => {
  test("down when the edge starts: a clear error in time, and service without restarting the edge", async () => {
    const current = await open({ databaseOnly: true });
    await current.startEdge(0);
    const startedAt = performance.now();
    const answer = await execute(edgeUrl(current), current.login, "SELECT 1");
    expect(answer.status).toBe(503);
    expect(answer.body.error?.message).toContain("The edge cannot reach the origin (errno 2003)");
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await current.startOrigin();
    await current.ready();
    expect(cellsOf(await execute(edgeUrl(current), current.login, "SELECT 1"))).toEqual([["1"]]);
  });

  test("killed and restarted: errors while it is away, then service; nothing of the old epoch is a hit", async () => {
    const current = await open();
    const url = edgeUrl(current);
    await execute(url, current.login, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    await execute(url, current.login, "INSERT INTO t VALUES (1, 10)");
    const read = "SELECT v FROM t WHERE id = 1";
    await waitUntil(async () => (await execute(url, current.login, read)).cache.startsWith("hit"));
    await current.origin.kill();
    const db = await direct(current);
    await db.query("UPDATE t SET v = 11");
    await waitUntil(async () => !(await execute(url, current.login, read)).cache.startsWith("hit"));
    const away = await execute(url, current.login, read);
    expect(away.body.error?.message).toMatch(/\(errno (2003|2013)\)/);
    await current.startOrigin();
    await current.ready();
    expect(cellsOf(await execute(url, current.login, read))).toEqual([["11"]]);
    await db.end();
  });

  test("frozen: hits stop within the bound, reads fail clearly, all comes back when it thaws", async () => {
    const current = await open();
    const url = edgeUrl(current);
    await execute(url, current.login, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    const read = "SELECT COUNT(*) FROM t";
    await waitUntil(async () => (await execute(url, current.login, read)).cache.startsWith("hit"));
    current.origin.signal("SIGSTOP");
    const frozenAt = performance.now();
    let lastHitAt = frozenAt;
    await waitUntil(async () => {
      const startedAt = performance.now();
      const answer = await execute(url, current.login, read);
      if (answer.cache.startsWith("hit")) lastHitAt = startedAt;
      return answer.body.error !== undefined;
    }, 20_000);
    expect(lastHitAt - frozenAt).toBeLessThan(1_300); // bound 1,000 ms and the heartbeat that was just under way
    current.origin.signal("SIGCONT");
    await current.ready();
    expect((await execute(url, current.login, read)).body.error).toBeUndefined();
  });

  test("killed in the middle of a result: the client gets an error, and nothing is stored", async () => {
    const current = await open();
    const url = edgeUrl(current);
    const db = await direct(current);
    await db.query("CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(1000))");
    await db.query("INSERT INTO big SELECT seq, REPEAT('x', 900) FROM seq_1_to_800");
    await execute(url, current.login, "ANALYZE TABLE big"); // the catalogue is read anew
    const link = current.originLinks[0];
    const read = "SELECT id, v FROM big";
    // The answer is 0.7 MB: behind a slow database link its first rows are at the edge long before its last.
    current.databaseLink.slowReader("client", 200_000);
    const before = link?.bytesDown ?? 0;
    const pending = execute(url, current.login, read);
    await waitUntil(() => (link?.bytesDown ?? 0) > before + 50_000);
    await current.origin.kill();
    current.databaseLink.slowReader("client", null);
    const answer = await pending;
    expect(answer.body.error?.message).toMatch(/\(errno (2013|2003)\)/);
    await current.startOrigin();
    await current.ready();
    // Until the new origin's catalogue is there, reads are bypassed; the first that is not must be a miss.
    let again = await execute(url, current.login, read);
    await waitUntil(async () => {
      if (!again.cache.includes("no-catalogue")) return true;
      again = await execute(url, current.login, read);
      return false;
    });
    expect(again.cache).toMatch(/^miss/);
    expect(again.body.result?.rows).toHaveLength(800);
    await db.end();
  });
});

describe("the client goes away", () => {
  test("its statement is killed in the database", async () => {
    const current = await open();
    const db = await direct(current);
    const running = async (): Promise<number> => {
      const [rows] = await db.query(
        "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(60%'",
      );
      return (rows as { n: number }[])[0]?.n ?? 0; // the shape of the query above
    };
    const abort = new AbortController();
    const pending = execute(edgeUrl(current), current.login, "SELECT SLEEP(60), 1", { signal: abort.signal });
    await waitUntil(async () => (await running()) === 1);
    abort.abort();
    await expect(pending).rejects.toThrow(/abort/i);
    await waitUntil(async () => (await running()) === 0, 5_000);
    await db.end();
  });
});

describe("the deadline", () => {
  test("a statement that takes too long is killed with a clear error, and its connection serves on", async () => {
    const current = await open({ edgeConfig: { limits: { requestTimeoutMs: 500, headersTimeoutMs: 400 } } });
    const answer = await execute(edgeUrl(current), current.login, "SELECT SLEEP(30)");
    expect(answer.body.error?.message).toContain("(errno 3024)");
    expect(cellsOf(await execute(edgeUrl(current), current.login, "SELECT 1"))).toEqual([["1"]]);
  });
});
