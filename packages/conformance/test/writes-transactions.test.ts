import { afterAll, beforeAll, expect, test } from "vitest";
import { EdgeSession } from "../src/edge-session.ts";
import { openWriteStage, type WriteCase, type WriteStage } from "../src/write-case.ts";

const T = "CREATE TABLE t (id INT PRIMARY KEY, v INT)";
const U = "CREATE TABLE u (id INT PRIMARY KEY, v INT)";
const TWO = [T, "INSERT INTO t VALUES (1, 10), (2, 20)", U, "INSERT INTO u VALUES (1, 100), (2, 200)"];
const ALL_T = "SELECT id, v FROM t ORDER BY id";
const ALL_U = "SELECT id, v FROM u ORDER BY id";
const MYISAM = "CREATE TABLE m (id INT PRIMARY KEY, v INT) ENGINE=MyISAM";
const SET_T = "UPDATE t SET v = v + 1";

/** Work in a transaction, then the statement whose answer acknowledges it. */
const CASES: readonly WriteCase[] = [
  {
    name: "COMMIT",
    setup: TWO,
    reads: [ALL_T, ALL_U],
    write: ["BEGIN", SET_T, "UPDATE u SET v = 0", "COMMIT"],
  },
  {
    name: "COMMIT leaves others alone",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["START TRANSACTION", SET_T, ALL_T, "COMMIT"],
  },
  {
    name: "COMMIT AND CHAIN",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "COMMIT AND CHAIN"],
    after: ["ROLLBACK"],
  },
  { name: "COMMIT RELEASE", setup: TWO, reads: [ALL_T], write: ["BEGIN", SET_T, "COMMIT"] },
  {
    name: "BEGIN inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "BEGIN"],
    after: ["ROLLBACK"],
  },
  {
    name: "START TRANSACTION inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "START TRANSACTION READ ONLY"],
    after: ["ROLLBACK"],
  },
  {
    name: "DDL inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "CREATE TABLE z (a INT)"],
  },
  {
    name: "DDL that fails inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "CREATE TABLE t (a INT)"],
    errno: 1050,
  },
  {
    name: "LOCK TABLES inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "LOCK TABLES t READ, u READ"],
    after: ["UNLOCK TABLES"],
  },
  {
    name: "writes under LOCK TABLES",
    setup: TWO,
    reads: [ALL_T],
    write: ["LOCK TABLES t WRITE, u READ", SET_T, "UNLOCK TABLES"],
  },
  {
    name: "GRANT inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "GRANT SELECT ON test.* TO second@'%'"],
  },
  {
    name: "autocommit = 0 and COMMIT",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["SET autocommit = 0", SET_T, "COMMIT"],
  },
  {
    name: "autocommit = 0 and autocommit = 1",
    setup: TWO,
    reads: [ALL_T],
    write: ["SET autocommit = 0", SET_T, "SET autocommit = 1"],
  },
  {
    name: "autocommit = 0 under another spelling",
    setup: TWO,
    reads: [ALL_T],
    write: ["SET SESSION autocommit = OFF", SET_T, "SET @@session.autocommit = ON"],
  },
  {
    name: "autocommit = 0 and an implicit commit",
    setup: TWO,
    reads: [ALL_T],
    write: ["SET autocommit = 0", SET_T, "TRUNCATE TABLE u"],
  },
  {
    name: "ROLLBACK with MyISAM effects",
    setup: [...TWO, MYISAM, "INSERT INTO m VALUES (1, 1)"],
    reads: ["SELECT v FROM m"],
    write: ["BEGIN", SET_T, "UPDATE m SET v = 2", "ROLLBACK"],
  },
  {
    name: "ROLLBACK TO SAVEPOINT and COMMIT",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "SAVEPOINT a", "UPDATE u SET v = 0", "ROLLBACK TO SAVEPOINT a", "COMMIT"],
  },
  {
    name: "a procedure that commits its caller's work",
    setup: [...TWO, "CREATE PROCEDURE done() COMMIT"],
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "CALL done()"],
  },
  {
    name: "a procedure that leaves a transaction open",
    setup: [...TWO, "CREATE PROCEDURE start() BEGIN START TRANSACTION; UPDATE t SET v = 0; END"],
    reads: [ALL_T],
    write: ["CALL start()", "COMMIT"],
  },
  {
    name: "COMMIT in an executable comment",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", SET_T, "/*! COMMIT */"],
  },
  {
    name: "a transaction with cascades and triggers",
    setup: [
      ...TWO,
      "CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW UPDATE u SET v = NEW.v WHERE id = NEW.id",
    ],
    reads: [ALL_T, ALL_U],
    write: ["BEGIN", SET_T, "COMMIT"],
  },
  {
    name: "XA in two phases",
    setup: TWO,
    reads: [ALL_T],
    write: ["XA START 'a'", SET_T, "XA END 'a'", "XA PREPARE 'a'", "XA COMMIT 'a'"],
  },
  {
    name: "XA in one phase",
    setup: TWO,
    reads: [ALL_T],
    write: ["XA BEGIN 'b'", SET_T, "XA END 'b'", "XA COMMIT 'b' ONE PHASE"],
  },
  {
    name: "PREPARE and EXECUTE",
    setup: TWO,
    reads: [ALL_T],
    write: ["PREPARE s FROM 'UPDATE t SET v = ? WHERE id = 1'", "SET @x = 5", "EXECUTE s USING @x"],
    after: ["DEALLOCATE PREPARE s"],
  },
  {
    name: "PREPARE from a variable",
    setup: TWO,
    reads: [ALL_T],
    write: ["SET @s = CONCAT('UPDATE ', 't SET v = 6')", "PREPARE s FROM @s", "EXECUTE s"],
  },
  {
    name: "EXECUTE IMMEDIATE",
    setup: TWO,
    reads: [ALL_T],
    write: ["EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 't LIMIT 1')"],
  },
  {
    name: "EXECUTE inside a transaction",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN", "EXECUTE IMMEDIATE 'UPDATE t SET v = 0'", "COMMIT"],
  },
  {
    name: "a compound statement",
    setup: TWO,
    reads: [ALL_T],
    write: ["BEGIN NOT ATOMIC UPDATE t SET v = 4; END"],
  },
  {
    name: "the base table after a temporary one of its name",
    setup: TWO,
    reads: [ALL_T],
    write: [
      "CREATE TEMPORARY TABLE t (id INT, v INT)",
      "INSERT INTO t VALUES (9, 9)",
      ALL_T,
      "DROP TEMPORARY TABLE t",
      SET_T,
    ],
  },
  {
    name: "the base table beside a temporary one of its name",
    setup: TWO,
    reads: [ALL_U],
    ownView: true,
    write: [
      "CREATE TEMPORARY TABLE u (id INT, v INT)",
      "INSERT INTO u VALUES (9, 9)",
      ALL_U,
      "DROP TABLE u",
      "UPDATE u SET v = 1",
    ],
  },
];

let stage: WriteStage;

beforeAll(async () => {
  stage = await openWriteStage(CASES);
});
afterAll(async () => {
  await stage?.close();
});

test.each(CASES.map((current, index) => ({ ...current, index })))("$name", async ({ index, ...current }) => {
  await expect(stage.prove(current, index)).resolves.toBeUndefined();
});

test("a fill between a write and its COMMIT does not survive the COMMIT", async () => {
  const { rig, direct } = stage;
  await direct.must("USE w0");
  await direct.must("UPDATE t SET v = 10");
  const [here, there] = rig.edges;
  const writer = new EdgeSession(here?.line.http ?? "", rig.login);
  const readers = [here, there].map((edge) => new EdgeSession(edge?.line.http ?? "", rig.login));
  for (const session of [writer, ...readers]) await session.must("USE w0");
  await writer.must("BEGIN");
  await writer.must("UPDATE t SET v = 11");
  const read = "SELECT SUM(v) FROM t";
  for (const session of readers) {
    await expect.poll(async () => (await session.must(read)).cache).toMatch(/^hit/);
    expect((await session.must(read)).rows).toEqual([["20"]]);
  }
  const commit = await writer.must("COMMIT");
  expect((await readers[0]?.must(read))?.rows).toEqual([["22"]]);
  await expect.poll(async () => (await readers[1]?.must(read))?.rows).toEqual([["22"]]);
  expect(performance.now() - commit.arrivedAt).toBeLessThan(stage.boundMs);
});

test("what a temporary table shows is never stored, and hides nothing from others", async () => {
  const { rig, direct } = stage;
  await direct.must("USE w1");
  const base = rig.edges[0]?.line.http ?? "";
  const owner = new EdgeSession(base, rig.login);
  const other = new EdgeSession(base, rig.login);
  for (const session of [owner, other]) await session.must("USE w1");
  const reads = [ALL_T, "SELECT id, v FROM w1.t ORDER BY id", "SELECT COUNT(*) AS shadowed FROM t"];
  for (const read of reads) await expect.poll(async () => (await other.must(read)).cache).toMatch(/^hit/);
  await owner.must("CREATE TEMPORARY TABLE t (id INT, v INT)");
  await owner.must("INSERT INTO t VALUES (77, 77)");
  for (const read of reads) {
    const own = await owner.must(read);
    expect(own.cache).toMatch(/^bypass/);
    expect(own.rows[0]).toEqual(read === reads[2] ? ["1"] : ["77", "77"]);
    const seen = await other.must(read);
    expect(seen.rows).toEqual((await direct.must(read)).rows);
  }
  await owner.must("DROP TEMPORARY TABLE t");
  for (const read of reads) expect((await owner.must(read)).rows).toEqual((await direct.must(read)).rows);
});
