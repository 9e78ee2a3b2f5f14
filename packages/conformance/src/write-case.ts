import assert from "node:assert/strict";
import { type DirectSession, EdgeSession, type Outcome, openDirect } from "./edge-session.ts";
import { openRig, type Rig, type RigEdge, type RigOptions, waitUntil } from "./rig.ts";

/** One way of writing, and the reads that must notice it. Every case has a schema of its own. */
export interface WriteCase {
  readonly name: string;
  /** Run straight at the database, in the case's schema, before there is an origin. `@` stands for the schema's name. */
  readonly setup: readonly string[];
  /** Warmed to hits at both edges first. After the write each must answer differently, and as the database does. */
  readonly reads: readonly string[];
  /** Warmed as well; must still be hits afterwards: nothing they depend on was touched. */
  readonly kept?: readonly string[];
  /** Sent in order in one session at one edge. The last one's answer acknowledges the write. */
  readonly write: readonly string[];
  /** The last statement's answer is this database error, and yet it has effects. */
  readonly errno?: number;
  /** What the writing session sees is not what others see (temporary tables): it is not asked. */
  readonly ownView?: true;
  /** Sent by the writing session once the reads were compared. */
  readonly after?: readonly string[];
}

/** A rig with two edges, two logins with database accounts of their own, and the cases' schemas. */
export interface WriteStage {
  readonly rig: Rig;
  readonly direct: DirectSession;
  readonly boundMs: number;
  /** Proves one case; the writing edge alternates with `index`. Throws what is wrong. */
  prove(current: WriteCase, index: number): Promise<void>;
  close(): Promise<void>;
}

const SECOND = { user: "second", password: "second-password" };
const BOUND_MS = 1_000;

/** Prepares all cases and opens the doors. */
export async function openWriteStage(
  cases: readonly WriteCase[],
  options: RigOptions = {},
): Promise<WriteStage> {
  const account = { user: SECOND.user, password: SECOND.password };
  const rig = await openRig({
    edges: 2,
    ...options,
    logins: [{ name: SECOND.user, password: SECOND.password, database: "test", account }],
    databaseOnly: true,
  });
  const direct = await openDirect(rig.db, rig.db, rig.db.database);
  await direct.must("CREATE DATABASE IF NOT EXISTS test");
  await direct.must(`CREATE USER second@'%' IDENTIFIED BY '${SECOND.password}'`);
  await direct.must("GRANT ALL ON *.* TO second@'%'");
  for (const [index, current] of cases.entries()) {
    const schema = schemaOf(index);
    await direct.must(`CREATE DATABASE ${schema}`);
    await direct.must(`USE ${schema}`);
    for (const sql of current.setup) await direct.must(sql.replaceAll("@.", `${schema}.`));
  }
  await rig.startOrigin();
  await rig.startEdge(0);
  await rig.startEdge(1);
  await rig.ready();
  return {
    rig,
    direct,
    boundMs: BOUND_MS,
    prove: (current, index) => proveCase(rig, direct, current, index),
    close: async () => {
      await direct.close();
      await rig.close();
    },
  };
}

function schemaOf(index: number): string {
  return `w${index}`;
}

/** A session of `login` at `edge` in the case's schema. */
async function sessionAt(
  edge: RigEdge | undefined,
  login: { user: string; password: string },
  schema: string,
) {
  const session = new EdgeSession(edge?.line.http ?? "", login);
  await session.must(`USE ${schema}`);
  return session;
}

async function proveCase(rig: Rig, direct: DirectSession, current: WriteCase, index: number): Promise<void> {
  const schema = schemaOf(index);
  const local = (sql: string): string => sql.replaceAll("@.", `${schema}.`);
  const here = rig.edges[index % 2];
  const there = rig.edges[(index + 1) % 2];
  const writer = await sessionAt(here, rig.login, schema);
  const readersHere = [await sessionAt(here, rig.login, schema), await sessionAt(here, SECOND, schema)];
  const readersThere = [await sessionAt(there, rig.login, schema), await sessionAt(there, SECOND, schema)];
  await direct.run(`USE ${schema}`);
  const reads = current.reads.map(local);
  const kept = (current.kept ?? []).map(local);
  for (const session of [...readersHere, ...readersThere])
    for (const sql of [...reads, ...kept]) await warm(session, direct, sql);
  const before = await Promise.all(reads.map((sql) => direct.run(sql)));

  let ackAt = 0;
  for (const [at, sql] of current.write.entries()) {
    const answer = await writer.run(local(sql));
    const expected = at === current.write.length - 1 ? (current.errno ?? 0) : 0;
    assert.equal(answer.errno, expected, `${sql}: ${answer.errorText}`);
    ackAt = answer.arrivedAt;
  }
  // The very next thing anybody at this edge asks.
  const sessions =
    current.ownView === true
      ? readersHere
      : [...readersHere, writer, await sessionAt(here, rig.login, schema)];
  for (const sql of reads)
    for (const session of sessions) expectSame(await session.run(sql), await direct.run(sql), `here: ${sql}`);
  for (const sql of reads) for (const session of readersThere) await shows(session, direct, sql, ackAt);
  for (const sql of kept) {
    for (const session of [...readersHere, ...readersThere])
      assert.match((await session.run(sql)).cache, /^hit/, `untouched, yet asked again: ${sql}`);
  }
  const after = await Promise.all(reads.map((sql) => direct.run(sql)));
  for (const [at, outcome] of after.entries())
    assert.notDeepEqual(outcome, before[at], `the write does not show in ${reads[at]}: it proves nothing`);
  for (const sql of current.after ?? []) await writer.must(local(sql));
}

/** Asks until the answer is a hit, and checks that it is the database's. */
async function warm(session: EdgeSession, direct: DirectSession, sql: string): Promise<void> {
  let last = "";
  const expected = await direct.run(sql);
  await waitUntil(async () => {
    const answer = await session.run(sql);
    last = answer.cache;
    expectSame(answer, expected, sql);
    return answer.cache.startsWith("hit");
  }, 5_000).catch(() => assert.fail(`never a hit: ${sql}: ${last}`));
}

/** Asks until the database's answer shows; no answer asked for later than acknowledgement + bound may lack it. */
async function shows(session: EdgeSession, direct: DirectSession, sql: string, ackAt: number): Promise<void> {
  const expected = await direct.run(sql);
  await waitUntil(async () => {
    const answer = await session.run(sql);
    if (isSame(answer, expected)) return true;
    const lateMs = answer.sentAt - ackAt - BOUND_MS;
    assert.ok(lateMs <= 0, `there: ${sql}: stale ${lateMs} ms after the bound (${answer.cache})`);
    return false;
  });
}

function isSame(left: Outcome, right: Outcome): boolean {
  return left.errno === right.errno && JSON.stringify(left.rows) === JSON.stringify(right.rows);
}

function expectSame(answer: Outcome & { cache: string }, expected: Outcome, what: string): void {
  assert.deepEqual({ rows: answer.rows, errno: answer.errno }, expected, `${what} (${answer.cache})`);
}
