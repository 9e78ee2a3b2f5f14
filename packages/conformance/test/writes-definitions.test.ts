import { afterAll, beforeAll, expect, test } from "vitest";
import { openWriteStage, type WriteCase, type WriteStage } from "../src/write-case.ts";

const T = "CREATE TABLE t (id INT PRIMARY KEY, v INT)";
const U = "CREATE TABLE u (id INT PRIMARY KEY, v INT)";
const TWO = [T, "INSERT INTO t VALUES (1, 10), (2, 20)", U, "INSERT INTO u VALUES (1, 100), (2, 200)"];
const ALL_T = "SELECT * FROM t ORDER BY id";
const ALL_U = "SELECT * FROM u ORDER BY id";
const VIEW = [...TWO, "CREATE VIEW w AS SELECT id, v FROM t"];
const ALL_W = "SELECT id, v FROM w ORDER BY id";
const NESTED = [...VIEW, "CREATE VIEW x AS SELECT id, v + 1 AS v FROM w"];
const ALL_X = "SELECT id, v FROM x ORDER BY id";

const CASES: readonly WriteCase[] = [
  {
    name: "ALTER … ADD COLUMN",
    setup: TWO,
    reads: [ALL_T],
    write: ["ALTER TABLE t ADD COLUMN z INT DEFAULT 5"],
  },
  {
    name: "ALTER … DROP COLUMN",
    setup: TWO,
    reads: [ALL_T, "SELECT v FROM t"],
    write: ["ALTER TABLE t DROP COLUMN v"],
  },
  { name: "ALTER … MODIFY", setup: TWO, reads: [ALL_T], write: ["ALTER TABLE t MODIFY v DECIMAL(8,2)"] },
  {
    name: "ALTER … RENAME COLUMN",
    setup: TWO,
    reads: ["SELECT v FROM t"],
    write: ["ALTER TABLE t RENAME COLUMN v TO z"],
  },
  {
    name: "ALTER … RENAME TO",
    setup: TWO,
    reads: [ALL_T],
    write: ["ALTER TABLE t RENAME TO old_t", "ALTER TABLE u RENAME TO t"],
  },
  {
    name: "ALTER … EXCHANGE PARTITION",
    setup: [
      "CREATE TABLE t (id INT, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
      "INSERT INTO t VALUES (1, 1), (11, 11)",
      "CREATE TABLE u (id INT, v INT)",
      "INSERT INTO u VALUES (5, 5)",
    ],
    reads: [ALL_T, ALL_U],
    write: ["ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u"],
  },
  {
    name: "ALTER … TRUNCATE PARTITION",
    setup: [
      "CREATE TABLE t (id INT, v INT) PARTITION BY HASH (id) PARTITIONS 2",
      "INSERT INTO t VALUES (1, 1), (2, 2)",
    ],
    reads: [ALL_T],
    write: ["ALTER TABLE t TRUNCATE PARTITION p0"],
  },
  {
    name: "TRUNCATE",
    setup: TWO,
    reads: [ALL_T, "SELECT COUNT(*) FROM t", "SELECT v FROM t WHERE id = 1"],
    write: ["TRUNCATE TABLE t"],
  },
  { name: "DROP TABLE", setup: TWO, reads: [ALL_T], write: ["DROP TABLE t"] },
  {
    name: "DROP of two tables",
    setup: TWO,
    reads: [ALL_T, ALL_U],
    write: ["DROP TABLE IF EXISTS t, u, nothing"],
  },
  {
    name: "DROP and CREATE",
    setup: TWO,
    reads: [ALL_T],
    write: [
      "DROP TABLE t",
      "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))",
      "INSERT INTO t VALUES (1, 'new')",
    ],
  },
  {
    name: "CREATE OR REPLACE TABLE",
    setup: TWO,
    reads: [ALL_T],
    write: ["CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, z INT)"],
  },
  {
    name: "CREATE OR REPLACE TABLE … SELECT",
    setup: TWO,
    reads: [ALL_T],
    write: ["CREATE OR REPLACE TABLE t (PRIMARY KEY (id)) SELECT id, v FROM u"],
  },
  {
    name: "RENAME swap",
    setup: TWO,
    reads: [ALL_T, ALL_U],
    write: ["RENAME TABLE t TO tmp, u TO t, tmp TO u"],
  },
  {
    name: "RENAME to another schema and back with other rows",
    setup: [...TWO, "CREATE DATABASE IF NOT EXISTS elsewhere"],
    reads: [ALL_T],
    write: [
      "RENAME TABLE t TO elsewhere.t",
      "DELETE FROM elsewhere.t WHERE id = 1",
      "RENAME TABLE elsewhere.t TO @.t",
    ],
  },
  {
    name: "CREATE OR REPLACE VIEW",
    setup: VIEW,
    reads: [ALL_W],
    write: ["CREATE OR REPLACE VIEW w AS SELECT id, v FROM u"],
  },
  {
    name: "ALTER VIEW under a view",
    setup: NESTED,
    reads: [ALL_W, ALL_X],
    write: ["ALTER VIEW w AS SELECT id, v FROM u"],
  },
  {
    name: "DROP and CREATE VIEW",
    setup: VIEW,
    reads: [ALL_W],
    write: ["DROP VIEW w", "CREATE VIEW w (id, v) AS SELECT v, id FROM t"],
  },
  {
    name: "a write to what a redefined view reads now",
    setup: NESTED,
    reads: [ALL_W, ALL_X],
    write: [
      "CREATE OR REPLACE VIEW w AS SELECT id, v FROM u",
      "SELECT id, v FROM x ORDER BY id",
      "UPDATE u SET v = 7",
    ],
  },
  {
    name: "a view in another schema",
    setup: [
      ...TWO,
      "CREATE DATABASE IF NOT EXISTS elsewhere",
      "CREATE VIEW elsewhere.ew AS SELECT id, v FROM @.t",
    ],
    reads: ["SELECT id, v FROM elsewhere.ew ORDER BY id"],
    write: ["UPDATE t SET v = 0 WHERE id = 1"],
  },
  {
    name: "a table that takes a view's place",
    setup: VIEW,
    reads: [ALL_W],
    write: ["DROP VIEW w", "CREATE TABLE w (id INT, v INT)", "INSERT INTO w VALUES (8, 8)"],
  },
  {
    name: "a trigger made a moment ago",
    setup: TWO,
    reads: [ALL_U],
    write: [
      "CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW UPDATE u SET v = 1 WHERE id = NEW.id",
      "SELECT * FROM u ORDER BY id",
      "UPDATE t SET v = 2 WHERE id = 2",
    ],
  },
  {
    name: "a foreign key made a moment ago",
    setup: [...TWO, "ALTER TABLE u ADD COLUMN tid INT", "UPDATE u SET tid = id"],
    reads: [ALL_U],
    write: [
      "ALTER TABLE u ADD FOREIGN KEY (tid) REFERENCES t (id) ON DELETE SET NULL",
      "SELECT * FROM u ORDER BY id",
      "DELETE FROM t WHERE id = 1",
    ],
  },
  {
    name: "a function redefined to write",
    setup: [...TWO, "CREATE FUNCTION g() RETURNS INT RETURN 1"],
    reads: [ALL_T],
    write: [
      "CREATE OR REPLACE FUNCTION g() RETURNS INT BEGIN UPDATE t SET v = 0; RETURN 1; END",
      "SELECT * FROM t ORDER BY id",
      "SELECT g()",
    ],
  },
  {
    name: "a procedure that drops and creates",
    setup: [
      ...TWO,
      "CREATE PROCEDURE p() BEGIN DROP TABLE t; CREATE TABLE t (id INT, z INT); INSERT INTO t VALUES (3, 3); END",
    ],
    reads: [ALL_T],
    write: ["CALL p()"],
  },
  {
    name: "DDL in an executable comment",
    setup: TWO,
    reads: [ALL_T],
    write: ["/*!40000 ALTER TABLE t ADD COLUMN z INT */"],
  },
  {
    name: "DROP DATABASE and a new one of its name",
    setup: [
      ...TWO,
      "CREATE DATABASE gone",
      "CREATE TABLE gone.t (id INT PRIMARY KEY, v INT)",
      "INSERT INTO gone.t VALUES (1, 1)",
    ],
    reads: ["SELECT id, v FROM gone.t"],
    write: ["DROP DATABASE gone", "CREATE DATABASE gone", "CREATE TABLE gone.t (id INT PRIMARY KEY, v INT)"],
  },
  {
    name: "CREATE TABLE that a read of a missing one waited for",
    setup: TWO,
    reads: ["SELECT t.id FROM t LEFT JOIN u ON u.id = t.id + 1 ORDER BY t.id"],
    write: ["DROP TABLE u", "CREATE TABLE u (id INT, extra INT)", "INSERT INTO u VALUES (2, 0), (2, 1)"],
  },
  {
    name: "DDL that fails after a part of it",
    setup: TWO,
    reads: [ALL_T],
    write: ["DROP TABLE t, nothing"],
    errno: 1051,
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
