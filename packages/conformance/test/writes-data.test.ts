import { afterAll, beforeAll, expect, test } from "vitest";
import { openWriteStage, type WriteCase, type WriteStage } from "../src/write-case.ts";

const T = "CREATE TABLE t (id INT PRIMARY KEY, v INT, w VARCHAR(20) DEFAULT 'a') ENGINE=InnoDB";
const U = "CREATE TABLE u (id INT PRIMARY KEY, v INT, w VARCHAR(20) DEFAULT 'a') ENGINE=InnoDB";
const FILL_T = "INSERT INTO t (id, v) VALUES (1, 10), (2, 20), (3, 30)";
const FILL_U = "INSERT INTO u (id, v) VALUES (1, 100), (2, 200), (3, 300)";
const TWO = [T, FILL_T, U, FILL_U];
const ALL_T = "SELECT id, v FROM t ORDER BY id";
const ALL_U = "SELECT id, v FROM u ORDER BY id";

const LOG = "CREATE TABLE log (n INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(40))";
const ALL_LOG = "SELECT what FROM log ORDER BY n";
const PARENT = "CREATE TABLE p (id INT PRIMARY KEY, v INT)";
const CHILD = (rule: string): string =>
  `CREATE TABLE c (id INT PRIMARY KEY, pid INT, FOREIGN KEY (pid) REFERENCES p (id) ${rule})`;
const ALL_C = "SELECT id, pid FROM c ORDER BY id";
const FAMILY = ["INSERT INTO p VALUES (1, 1), (2, 2)", "INSERT INTO c VALUES (11, 1), (12, 2)"];
const MYISAM = [
  "CREATE TABLE m (id INT PRIMARY KEY, v INT) ENGINE=MyISAM",
  "INSERT INTO m VALUES (1, 1), (2, 2), (5, 5)",
];
const ALL_M = "SELECT id, v FROM m ORDER BY id";
const WRITER = "CREATE FUNCTION f() RETURNS INT BEGIN UPDATE t SET v = v + 1 WHERE id = 1; RETURN 7; END";

const CASES: readonly WriteCase[] = [
  {
    name: "INSERT",
    setup: TWO,
    reads: [
      ALL_T,
      "SELECT COUNT(*) FROM t",
      "SELECT v FROM t WHERE id = 4",
      "SELECT u.v FROM u WHERE u.id <= (SELECT COUNT(*) - 2 FROM t)",
      "SELECT x.v FROM (SELECT v FROM t WHERE v > 35) x UNION ALL SELECT v FROM u",
      "WITH x AS (SELECT MAX(v) AS m FROM t) SELECT m FROM x",
      "SELECT `v` FROM @.`t` WHERE `id` IN (3, 4)",
    ],
    kept: [ALL_U, "SELECT v FROM u WHERE id = 1"],
    write: ["INSERT INTO t (id, v) VALUES (4, 40)"],
  },
  {
    name: "INSERT … SET",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["INSERT t SET id = 4, v = 40"],
  },
  {
    name: "UPDATE",
    setup: TWO,
    reads: [ALL_T, "SELECT v FROM t WHERE id = 2", "SELECT COUNT(*) FROM t WHERE v IN (21, 22)"],
    kept: [ALL_U],
    write: ["UPDATE t SET v = v + 1 WHERE id = 2"],
  },
  {
    name: "DELETE",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["DELETE FROM t WHERE v = 20 LIMIT 1"],
  },
  {
    name: "REPLACE",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["REPLACE INTO t (id, v) VALUES (2, 22)"],
  },
  {
    name: "INSERT … ON DUPLICATE KEY UPDATE",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["INSERT INTO t (id, v) VALUES (2, 0) ON DUPLICATE KEY UPDATE v = v + 5"],
  },
  {
    name: "INSERT IGNORE",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["INSERT IGNORE INTO t (id, v) VALUES (1, 0), (9, 9)"],
  },
  {
    name: "INSERT … RETURNING",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["INSERT INTO t (id, v) VALUES (4, 40) RETURNING id"],
  },
  {
    name: "DELETE … RETURNING",
    setup: TWO,
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["DELETE FROM t WHERE id = 1 RETURNING v"],
  },
  {
    name: "INSERT … SELECT",
    setup: TWO,
    reads: [ALL_T],
    write: ["INSERT INTO t (id, v) SELECT id + 10, v FROM u"],
  },
  {
    name: "REPLACE … SELECT",
    setup: TWO,
    reads: [ALL_T],
    write: ["REPLACE INTO t (id, v) SELECT id, v FROM u"],
  },
  {
    name: "multi-table UPDATE",
    setup: TWO,
    reads: [ALL_T, ALL_U],
    write: ["UPDATE t AS x JOIN u AS y ON x.id = y.id SET x.v = y.v + 1, y.v = 0 WHERE y.id > 1"],
  },
  {
    name: "multi-table UPDATE under the other's name",
    setup: TWO,
    reads: [ALL_T],
    write: ["UPDATE t AS u, u AS t SET u.v = 0"],
  },
  {
    name: "multi-table DELETE",
    setup: TWO,
    reads: [ALL_T, ALL_U],
    write: ["DELETE x, y FROM t AS x INNER JOIN u AS y ON x.id = y.id WHERE x.id = 1"],
  },
  {
    name: "DELETE … USING",
    setup: TWO,
    reads: [ALL_T],
    write: ["DELETE FROM x USING t AS x JOIN u ON x.id = u.id WHERE u.v = 200"],
  },
  {
    name: "DELETE of an alias that names another table",
    setup: TWO,
    reads: [ALL_T],
    write: ["DELETE u FROM t AS u"],
  },
  {
    name: "another schema's table",
    setup: TWO,
    reads: [ALL_T, "SELECT COUNT(*) FROM @.t WHERE v = 11"],
    kept: [ALL_U],
    write: ["USE test", "UPDATE @.t SET v = 11 WHERE id = 1"],
    ownView: true,
  },
  {
    name: "LOAD DATA",
    setup: [...TWO, "SELECT id + 50, v FROM t INTO OUTFILE 'rockpool-load.txt'"],
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["LOAD DATA INFILE 'rockpool-load.txt' INTO TABLE @.t (id, v)"],
  },
  {
    name: "ANALYZE UPDATE, which runs it",
    setup: TWO,
    reads: [ALL_T],
    write: ["ANALYZE UPDATE t SET v = 1 WHERE id = 2"],
  },
  {
    name: "SET STATEMENT … FOR UPDATE",
    setup: TWO,
    reads: [ALL_T],
    write: ["SET STATEMENT max_statement_time = 10 FOR UPDATE t SET v = 1 WHERE id = 2"],
  },
  {
    name: "executable comment around all of it",
    setup: TWO,
    reads: [ALL_T],
    write: ["/*! UPDATE t SET v = 1 WHERE id = 2 */"],
  },
  {
    name: "executable comment with a version",
    setup: TWO,
    reads: [ALL_T],
    write: ["/*!50000 UPDATE */ t SET v = 1 WHERE id = 2"],
  },
  {
    name: "executable comment for MariaDB",
    setup: TWO,
    reads: [ALL_T],
    write: ["UPDATE /*M! t, */ u SET u.v = 1 /*M!100000 , t.v = 2 */"],
  },
  {
    name: "executable comment that names the table",
    setup: TWO,
    reads: [ALL_T],
    write: ["DELETE FROM /*! t -- */ u\n/*! WHERE id = 1 */"],
  },
  {
    name: "procedure",
    setup: [...TWO, "CREATE PROCEDURE p(x INT) UPDATE t SET v = x WHERE id = 1"],
    reads: [ALL_T],
    kept: [ALL_U],
    write: ["CALL p(77)"],
  },
  {
    name: "procedure that calls a procedure with dynamic SQL",
    setup: [
      ...TWO,
      "CREATE PROCEDURE q(x INT) BEGIN SET @s = CONCAT('UPDATE t SET v = ', x); PREPARE s FROM @s; EXECUTE s; DEALLOCATE PREPARE s; END",
      "CREATE PROCEDURE p(x INT) BEGIN SELECT 1; CALL q(x); END",
    ],
    reads: [ALL_T],
    write: ["CALL p(77)"],
  },
  {
    name: "procedure that fails after its write",
    setup: [
      ...TWO,
      "CREATE PROCEDURE p() BEGIN UPDATE t SET v = 5 WHERE id = 1; SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 31001; END",
    ],
    reads: [ALL_T],
    write: ["CALL p()"],
    errno: 31001,
  },
  {
    name: "procedure with a transaction of its own",
    setup: [
      ...TWO,
      "CREATE PROCEDURE p() BEGIN START TRANSACTION; UPDATE t SET v = 5; COMMIT; START TRANSACTION; UPDATE u SET v = 6; COMMIT; END",
    ],
    reads: [ALL_T, ALL_U],
    write: ["CALL p()"],
  },
  {
    name: "procedure with an OUT parameter",
    setup: [...TWO, "CREATE PROCEDURE p(OUT o INT) BEGIN UPDATE t SET v = 5; SET o = 1; END"],
    reads: [ALL_T],
    write: ["CALL p(@o)"],
  },
  { name: "function called from SELECT", setup: [...TWO, WRITER], reads: [ALL_T], write: ["SELECT f()"] },
  {
    name: "qualified and quoted function called in a WHERE",
    setup: [...TWO, WRITER],
    reads: [ALL_T],
    write: ["SELECT id FROM u WHERE id = 1 AND @.`f` () = 7"],
  },
  {
    name: "function inside a view",
    setup: [...TWO, WRITER, "CREATE VIEW fv AS SELECT f() AS x"],
    reads: [ALL_T],
    write: ["SELECT x FROM fv"],
  },
  { name: "function in DO", setup: [...TWO, WRITER], reads: [ALL_T], write: ["DO f()"] },
  { name: "function in SET", setup: [...TWO, WRITER], reads: [ALL_T], write: ["SET @x = f()"] },
  {
    name: "function in another table's INSERT",
    setup: [...TWO, WRITER],
    reads: [ALL_T, ALL_U],
    write: ["INSERT INTO u (id, v) VALUES (9, f())"],
  },
  {
    name: "function in a column default",
    setup: [...TWO, "CREATE SEQUENCE s", "CREATE TABLE d (id INT PRIMARY KEY DEFAULT NEXTVAL(s), v INT)"],
    reads: ["SELECT id, v FROM d ORDER BY id"],
    kept: [ALL_U],
    write: ["INSERT INTO d (v) VALUES (3)"],
  },
  {
    name: "trigger, and the trigger of what it writes",
    setup: [
      ...TWO,
      LOG,
      "CREATE TABLE middle (id INT PRIMARY KEY AUTO_INCREMENT)",
      "CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW INSERT INTO middle VALUES (NULL)",
      "CREATE TRIGGER b AFTER INSERT ON middle FOR EACH ROW INSERT INTO log (what) VALUES ('mid')",
    ],
    reads: [ALL_T, ALL_LOG, "SELECT COUNT(*) FROM middle"],
    kept: [ALL_U],
    write: ["UPDATE t SET v = 1 WHERE id = 1"],
  },
  {
    name: "trigger that calls a procedure",
    setup: [
      ...TWO,
      LOG,
      "CREATE PROCEDURE note(x VARCHAR(20)) INSERT INTO log (what) VALUES (x)",
      "CREATE TRIGGER a BEFORE DELETE ON t FOR EACH ROW CALL note('gone')",
    ],
    reads: [ALL_T, ALL_LOG],
    kept: [ALL_U],
    write: ["DELETE FROM t WHERE id = 3"],
  },
  {
    name: "ON DELETE CASCADE",
    setup: [PARENT, CHILD("ON DELETE CASCADE"), ...FAMILY, U, FILL_U],
    reads: [ALL_C, "SELECT COUNT(*) FROM p"],
    kept: [ALL_U],
    write: ["DELETE FROM p WHERE id = 1"],
  },
  {
    name: "ON UPDATE CASCADE",
    setup: [PARENT, CHILD("ON UPDATE CASCADE"), ...FAMILY],
    reads: [ALL_C],
    write: ["UPDATE p SET id = 9 WHERE id = 1"],
  },
  {
    name: "ON DELETE SET NULL",
    setup: [PARENT, CHILD("ON DELETE SET NULL"), ...FAMILY],
    reads: [ALL_C],
    write: ["DELETE FROM p WHERE id = 1"],
  },
  {
    name: "REPLACE over a cascade",
    setup: [PARENT, CHILD("ON DELETE CASCADE"), ...FAMILY],
    reads: [ALL_C],
    write: ["REPLACE INTO p VALUES (1, 5)"],
  },
  {
    name: "cascade to the same table",
    setup: [
      "CREATE TABLE n (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES n (id) ON DELETE CASCADE)",
      "INSERT INTO n VALUES (1, NULL), (2, 1), (3, 2), (9, NULL)",
    ],
    reads: ["SELECT id FROM n ORDER BY id", "SELECT up FROM n WHERE id = 3"],
    write: ["DELETE FROM n WHERE id = 1"],
  },
  {
    name: "cascade over three tables and a schema",
    setup: [
      "CREATE TABLE test.root (id INT PRIMARY KEY)",
      "INSERT INTO test.root VALUES (1), (2)",
      "CREATE TABLE p (id INT PRIMARY KEY, r INT, FOREIGN KEY (r) REFERENCES test.root (id) ON DELETE CASCADE)",
      CHILD("ON DELETE SET NULL"),
      ...FAMILY,
    ],
    reads: [ALL_C, "SELECT id FROM p ORDER BY id"],
    write: ["DELETE FROM test.root WHERE id = 1"],
  },
  {
    name: "updatable view",
    setup: [...TWO, "CREATE VIEW tv AS SELECT id, v FROM t WHERE id < 100"],
    reads: [ALL_T, "SELECT v FROM tv WHERE id = 1"],
    kept: [ALL_U],
    write: ["UPDATE tv SET v = 3 WHERE id = 1"],
  },
  {
    name: "nested view, read and written",
    setup: [
      ...TWO,
      "CREATE VIEW tv AS SELECT id, v FROM t",
      "CREATE VIEW tw AS SELECT id AS k, v AS x FROM tv WHERE id > 0",
    ],
    reads: [ALL_T, "SELECT k, x FROM tw ORDER BY k", "SELECT id, v FROM tv ORDER BY id"],
    kept: [ALL_U],
    write: ["INSERT INTO tw (k, x) VALUES (8, 80)"],
  },
  {
    name: "base table under a join view",
    setup: [...TWO, "CREATE VIEW j AS SELECT t.id, t.v, u.v AS uv FROM t JOIN u ON t.id = u.id"],
    reads: ["SELECT id, v, uv FROM j ORDER BY id", ALL_U],
    kept: [ALL_T],
    write: ["UPDATE u SET v = 1 WHERE id = 1"],
  },
  {
    name: "join view, written",
    setup: [...TWO, "CREATE VIEW j AS SELECT t.id, t.v, u.v AS uv FROM t JOIN u ON t.id = u.id"],
    reads: ["SELECT id, v, uv FROM j ORDER BY id", ALL_U],
    write: ["UPDATE j SET uv = 1 WHERE id = 1"],
  },
  {
    name: "MyISAM rows before the one that fails",
    setup: [...MYISAM, ...TWO],
    reads: [ALL_M],
    kept: [ALL_T],
    write: ["INSERT INTO m VALUES (10, 10), (11, 11), (1, 1), (12, 12)"],
    errno: 1062,
  },
  {
    name: "MyISAM UPDATE that fails half-way",
    setup: [...MYISAM, ...TWO],
    reads: [ALL_M],
    kept: [ALL_T],
    write: ["UPDATE m SET id = id + 3, v = 9 WHERE id < 3 ORDER BY id"],
    errno: 1062,
  },
  {
    name: "MyISAM trigger's effect of a statement that fails on InnoDB",
    setup: [
      ...TWO,
      "CREATE TABLE ml (what INT) ENGINE=MyISAM",
      "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW INSERT INTO ml VALUES (NEW.id)",
    ],
    reads: ["SELECT what FROM ml"],
    kept: [ALL_U],
    write: ["INSERT INTO t (id, v) VALUES (7, 7), (1, 1)"],
    errno: 1062,
  },
  {
    name: "Aria",
    setup: ["CREATE TABLE a (id INT PRIMARY KEY, v INT) ENGINE=Aria", "INSERT INTO a VALUES (1, 1)"],
    reads: ["SELECT v FROM a WHERE id = 1"],
    write: ["UPDATE a SET v = 2"],
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
