import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type DirectSession, type EdgeAnswer, EdgeSession, openDirect } from "../src/edge-session.ts";
import { openRig, type Rig, waitUntil } from "../src/rig.ts";

const BOUND_MS = 1_000;
const UPDATE = "UPDATE t SET v = v + 1 WHERE id = 1";
const READS = ["SELECT v FROM t WHERE id = 1", "SELECT SUM(v) AS s FROM t", "SELECT v FROM w"];
const OTHER = "SELECT id FROM untouched";

let rig: Rig;
/** Straight at the database, past every proxy: holds the row, and knows the truth. */
let holder: DirectSession;
let truth: DirectSession;
const audits: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  rig = await openRig({
    edges: 2,
    databaseOnly: true,
    edgeConfig: { limits: { requestTimeoutMs: 1_000, headersTimeoutMs: 1_000 } },
  });
  holder = await openDirect(rig.db, rig.db, rig.db.database);
  truth = await openDirect(rig.db, rig.db, rig.db.database);
  await truth.must("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  await truth.must("INSERT INTO t VALUES (1, 0), (2, 0)");
  await truth.must("CREATE VIEW w AS SELECT v FROM t WHERE id = 1");
  await truth.must("CREATE TABLE untouched (id INT PRIMARY KEY)");
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.startEdge(1);
  await rig.ready();
});
afterAll(async () => {
  await holder?.close();
  await truth?.close();
  await rig?.close();
});
afterEach(async () => {
  // Whatever a failed test left behind.
  for (const link of [rig.databaseLink, ...rig.originLinks]) {
    link.thaw();
    await link.refuse(false);
  }
  await holder.run("ROLLBACK");
  await holder.run("UNLOCK TABLES");
  for (const stop of audits.splice(0)) await stop();
});
beforeEach(async () => {
  await rig.ready();
  for (const index of [0, 1])
    for (const sql of [...READS, OTHER])
      await waitUntil(async () => (await sessionAt(index).run(sql)).cache.startsWith("hit"));
});

function sessionAt(index: number): EdgeSession {
  return new EdgeSession(rig.edges[index]?.line.http ?? "", rig.login);
}

async function valueNow(): Promise<number> {
  return Number((await truth.must("SELECT v FROM t WHERE id = 1")).rows[0]?.[0]);
}

/** Threads that run the UPDATE. */
async function runningUpdates(): Promise<number> {
  const { rows } = await truth.must(
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'UPDATE t SET v = v + 1%'",
  );
  return Number(rows[0]?.[0]);
}

/** An UPDATE sent to the first edge that waits in the database behind a row lock of somebody else. */
async function startBlockedUpdate(): Promise<{ answer: Promise<EdgeAnswer>; before: number }> {
  const before = await valueNow();
  await holder.must("BEGIN");
  await holder.must("SELECT v FROM t WHERE id = 1 FOR UPDATE");
  const answer = sessionAt(0).run(UPDATE);
  await waitUntil(async () => (await runningUpdates()) === 1);
  return { answer, before };
}

/** An answer that the database contradicts, although nothing changed around it. */
interface Contradiction {
  readonly edge: number;
  readonly sql: string;
  readonly cache: string;
  readonly sentAt: number;
}

/** Reads at both edges without a pause, each answer between two reads of the truth; errors are no contradiction. */
function startAudit(): {
  stop(): Promise<Contradiction[]>;
  readonly count: number;
  readonly hits: readonly number[];
} {
  const found: Contradiction[] = [];
  const hits: number[] = [];
  let count = 0;
  const state = { over: false };
  const audit = async (edge: number): Promise<void> => {
    const own = await openDirect(rig.db, rig.db, rig.db.database);
    while (!state.over) {
      for (const sql of READS) {
        const before = await own.must(sql);
        const answer = await sessionAt(edge)
          .run(sql)
          .catch(() => null); // the edge is there all the time, its connections may not be
        const after = await own.must(sql);
        if (answer === null || answer.errno !== 0) continue;
        count += 1;
        if (answer.cache.startsWith("hit")) hits.push(answer.sentAt);
        const isSteady = JSON.stringify(before.rows) === JSON.stringify(after.rows);
        if (isSteady && JSON.stringify(answer.rows) !== JSON.stringify(before.rows))
          found.push({ edge, sql, cache: answer.cache, sentAt: answer.sentAt });
      }
    }
    await own.close();
  };
  const done = Promise.all([audit(0), audit(1)]);
  const stop = async (): Promise<Contradiction[]> => {
    state.over = true;
    await done;
    return found;
  };
  audits.push(stop);
  return {
    stop,
    get count() {
      return count;
    },
    hits,
  };
}

/** The lock goes; resolves when nothing of the UPDATE is left in the database. */
async function release(): Promise<void> {
  await holder.must("COMMIT");
  await waitUntil(async () => (await runningUpdates()) === 0);
}

/** Whatever came of it: both edges say what the database says, and come to hits again. */
async function expectSettled(before: number): Promise<number> {
  const after = await valueNow();
  expect([before, before + 1]).toContain(after); // at most once (S2)
  for (const index of [0, 1]) {
    for (const sql of READS) {
      await waitUntil(async () => {
        const answer = await sessionAt(index).run(sql);
        if (answer.errno === 0)
          expect(answer.rows, `${sql} (${answer.cache})`).toEqual((await truth.must(sql)).rows);
        return answer.cache.startsWith("hit");
      });
    }
  }
  return after - before;
}

function expectUnknown(answer: EdgeAnswer): void {
  expect(answer.errorText).toMatch(
    /outcome is unknown \(errno 2013\)|Lost connection to the database during the statement; its outcome is unknown \(errno 2013\)/,
  );
}

describe("between origin and database, an UPDATE waits behind a row lock", () => {
  test("the link is cut; the UPDATE commits later", async () => {
    const { answer, before } = await startBlockedUpdate();
    await rig.databaseLink.refuse(true); // nor may the thread be killed
    rig.databaseLink.cut();
    const lost = await answer;
    expectUnknown(lost);
    // From now on its table is in doubt, and no other one.
    const audit = startAudit();
    for (const index of [0, 1]) expect((await sessionAt(index).run(OTHER)).cache).toMatch(/^hit/);
    expect((await sessionAt(0).run(READS[0] ?? "")).cache).toMatch(/^miss/);
    await release();
    await rig.databaseLink.refuse(false);
    const committed = await expectSettled(before);
    expect(await audit.stop()).toEqual([]);
    expect(committed).toBe(1);
  });

  test("the link is cut; the thread is killed before the lock goes", async () => {
    const { answer, before } = await startBlockedUpdate();
    rig.databaseLink.cut();
    expectUnknown(await answer);
    const audit = startAudit();
    await waitUntil(async () => (await runningUpdates()) === 0);
    await release();
    expect(await expectSettled(before)).toBe(0);
    expect(await audit.stop()).toEqual([]);
  });

  test("the link is frozen; the UPDATE commits before it thaws", async () => {
    const { answer, before } = await startBlockedUpdate();
    rig.databaseLink.freeze();
    const lost = await answer;
    expectUnknown(lost);
    await release();
    const audit = startAudit();
    rig.databaseLink.thaw();
    expect(await expectSettled(before)).toBe(1);
    expect(await audit.stop()).toEqual([]);
  });

  test("the link is frozen; the UPDATE commits long before anybody gives up", async () => {
    const { answer, before } = await startBlockedUpdate();
    const inDoubt = (): Promise<number> => rig.metric(rig.origin.line.admin, "rockpool_origin_doubts_open");
    await waitUntil(async () => (await inDoubt()) > 0);
    rig.databaseLink.freeze();
    await release();
    const releasedAt = performance.now();
    expect(await valueNow()).toBe(before + 1);
    const audit = startAudit();
    expectUnknown(await answer);
    rig.databaseLink.thaw();
    expect(await expectSettled(before)).toBe(1);
    // The other edge has heard of the doubt within the bound.
    const late = (await audit.stop()).filter(
      (each) => each.edge === 0 || each.sentAt > releasedAt + BOUND_MS,
    );
    expect(late).toEqual([]);
  });

  test("the link is frozen and thaws; the lock goes last", async () => {
    const { answer, before } = await startBlockedUpdate();
    rig.databaseLink.freeze();
    expectUnknown(await answer);
    const audit = startAudit();
    rig.databaseLink.thaw();
    await waitUntil(() => audit.count > 20);
    await release();
    await expectSettled(before);
    expect(await audit.stop()).toEqual([]);
  });

  test("in a transaction, COMMIT's answer is lost", async () => {
    const before = await valueNow();
    const session = sessionAt(0);
    await session.must("BEGIN");
    await session.must(UPDATE);
    await holder.must("FLUSH TABLES WITH READ LOCK"); // COMMIT waits
    const answer = session.run("COMMIT");
    await waitUntil(async () => {
      const { rows } = await truth.must(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'COMMIT'",
      );
      return rows[0]?.[0] === "1";
    });
    await rig.databaseLink.refuse(true);
    rig.databaseLink.cut();
    expect((await answer).errno).toBe(2013);
    const audit = startAudit();
    await holder.must("UNLOCK TABLES");
    await rig.databaseLink.refuse(false);
    await expectSettled(before);
    expect(await audit.stop()).toEqual([]);
    // S3: the transaction is lost, and says so until ROLLBACK.
    expect((await session.run("SELECT 1 FROM t")).errno).toBe(1317);
    expect((await session.run("ROLLBACK")).errno).toBe(0);
  });
});

describe("between edge and origin, an UPDATE waits behind a row lock", () => {
  test("the link is cut", async () => {
    const { answer, before } = await startBlockedUpdate();
    rig.originLinks[0]?.cut();
    expectUnknown(await answer);
    const audit = startAudit();
    await release();
    await expectSettled(before);
    expect(await audit.stop()).toEqual([]);
  });

  test("the link is frozen; the UPDATE commits before it thaws", async () => {
    const { answer, before } = await startBlockedUpdate();
    rig.originLinks[0]?.freeze();
    expectUnknown(await answer);
    await release();
    const releasedAt = performance.now();
    const audit = startAudit();
    // The cut-off edge answers nothing it cannot prove; the other one has heard of the write by then.
    await waitUntil(() => performance.now() > releasedAt + BOUND_MS);
    rig.originLinks[0]?.thaw();
    await expectSettled(before);
    const late = (await audit.stop()).filter((each) => each.sentAt > releasedAt + BOUND_MS);
    expect(late).toEqual([]);
  });
});

describe("the origin is killed while an UPDATE waits behind a row lock", () => {
  test("and restarted; the UPDATE of the old one commits later: no stale read", async () => {
    const { answer, before } = await startBlockedUpdate();
    await rig.origin.kill();
    expectUnknown(await answer);
    await rig.startOrigin();
    await rig.ready();
    const audit = startAudit();
    await waitUntil(() => audit.count > 30); // reads that must leave nothing behind
    expect(await runningUpdates()).toBe(1);
    await release();
    expect(await expectSettled(before)).toBe(1);
    expect(await audit.stop()).toEqual([]);
    expect(rig.origin.log()).toMatch(/earlier life/);
  });
});
