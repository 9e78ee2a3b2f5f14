import { ALL_RIGHTS, type LoginRights } from "@rockpool/base";
import { describe, expect, test } from "vitest";
import { createAnalyser, decideRefusal, isLimited, type StatementFacts, visibilityOf } from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";

// What a login's rights let through: refused is everything that is not certainly allowed.

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());

function read(sql: string, modes = ""): StatementFacts {
  return analyser.analyse(sql, { defaultSchema: "app", modes });
}

function refusal(rights: Partial<LoginRights>, sql: string, modes = ""): string | null {
  return decideRefusal({ ...ALL_RIGHTS, ...rights }, read(sql, modes));
}

describe("a read-only login", () => {
  test.each([
    "SELECT 1",
    "SELECT * FROM t WHERE id = 1",
    "select count(*) from t join other.t as o using (id)",
    "SELECT SQL_CALC_FOUND_ROWS x FROM t LIMIT 1",
    "SELECT /*+ MAX_EXECUTION_TIME(1) */ x FROM t",
    "SELECT x, ROW_NUMBER() OVER (ORDER BY x) FROM t WINDOW w AS (PARTITION BY x)",
    "WITH c AS (SELECT x FROM t) SELECT * FROM c",
    "(SELECT x FROM t) UNION ALL (SELECT x FROM u)",
    "TABLE t",
    "VALUES ROW(1)",
    "SELECT * FROM good_view",
    "SELECT * FROM not_known_yet",
    "SELECT f_pure(1) FROM t",
    "SELECT NOW(), @@version, @x, UUID()",
    "SHOW TABLES",
    "EXPLAIN SELECT * FROM t",
    "DESCRIBE t",
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00'",
    "SET autocommit = 0",
    "SET TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "BEGIN",
    "START TRANSACTION",
    "START TRANSACTION READ ONLY",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "ROLLBACK TO a",
    "USE other",
    "-- nothing",
  ])("may run %s", (sql) => {
    expect(refusal({ readOnly: true }, sql)).toBeNull();
  });

  test.each([
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET x = 1",
    "DELETE FROM t",
    "REPLACE INTO t VALUES (1)",
    "WITH c AS (SELECT 1) DELETE FROM t",
    "DO f_write()",
    "DO SLEEP(1)",
    "LOAD DATA INFILE 'x' INTO TABLE t",
    "CALL p_pure()",
    "CREATE TABLE x (a INT)",
    "CREATE TEMPORARY TABLE x (a INT)",
    "DROP TEMPORARY TABLE x",
    "TRUNCATE t",
    "ANALYZE TABLE t",
    "GRANT ALL ON *.* TO a",
    "FLUSH PRIVILEGES",
    "SELECT * FROM t INTO OUTFILE '/tmp/x'",
    "SELECT * INTO DUMPFILE '/tmp/x' FROM t",
    "SELECT x INTO @x FROM t",
    "SELECT @x := 1",
    "SELECT f_insert(x) FROM t",
    "SELECT f_wild(x) FROM t",
    "SELECT other.unknown_function(x) FROM t",
    "SELECT `sleep`(1)",
    "SELECT * FROM writing_view",
    "SELECT NEXTVAL(seq)",
    "SELECT NEXT VALUE FOR seq",
    "SELECT GET_LOCK('a', 1)",
    "SELECT LAST_INSERT_ID(5)",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM (SELECT * FROM t FOR SHARE) d",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "SELECT * FROM t PROCEDURE ANALYSE()",
    "SELECT x FROM t WHERE id = 1e5INTO OUTFILE '/tmp/x'",
    "SELECT 1E05INTO @x",
    "SELECT x FROM t WHERE id = 1e5FOR UPDATE",
    "SELECT /*! SQL_NO_CACHE */ 1",
    "SELECT 1 /*!50000 INTO OUTFILE 'x' */",
    "SELECT 1; DELETE FROM t",
    "SELECT 1 FROM t WHERE x = _gbk'a'",
    "ANALYZE UPDATE t SET x = 1",
    "EXPLAIN ANALYZE SELECT * FROM t",
    "SET STATEMENT max_statement_time = 1 FOR DELETE FROM t",
    "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
    "SET @x = 1",
    "SET GLOBAL read_only = 0",
    "SET SESSION transaction_read_only = 0",
    "SET @@tx_read_only = OFF",
    "SET TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
    "SET ROLE admin",
    "SET PASSWORD = 'x'",
    "START TRANSACTION READ WRITE",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE",
    "LOCK TABLES t WRITE",
    "LOCK TABLES t READ",
    "HANDLER t OPEN",
    "PREPARE s FROM 'DELETE FROM t'",
    "EXECUTE s",
    "EXECUTE IMMEDIATE 'DELETE FROM t'",
    "BEGIN NOT ATOMIC DELETE FROM t; END",
    "XA START 'x'",
    "KILL 1",
    "SIGNAL SQLSTATE '45000'",
    "INSTALL PLUGIN x SONAME 'y'",
    "SELECT 'unterminated",
    "SELECT \u0000 1",
    "blah",
  ])("may not run %j", (sql) => {
    expect(refusal({ readOnly: true }, sql)).toBe("read-only-login");
  });

  test.each(["ANSI_QUOTES", "ORACLE", "NO_BACKSLASH_ESCAPES", "IGNORE_SPACE"])(
    "reads nothing in mode %s, where texts may mean something else",
    (modes) => {
      expect(refusal({ readOnly: true }, "SELECT 1 FROM t", modes)).toBe("read-only-login");
    },
  );
});

describe("a list of statement kinds", () => {
  test.each([
    ["read", "SELECT * FROM t"],
    ["read", "SHOW TABLES"],
    ["read", "HANDLER t OPEN"],
    ["write", "INSERT INTO t VALUES (1)"],
    ["write", "LOAD DATA INFILE 'x' INTO TABLE t"],
    ["transaction", "START TRANSACTION READ WRITE"],
    ["transaction", "COMMIT"],
    ["transaction", "ROLLBACK TO a"],
    ["session", "SET time_zone = '+00:00'"],
    ["session", "SET @x = 1"],
    ["session", "USE other"],
    ["definition", "CREATE TABLE x (a INT)"],
    ["call", "CALL p_pure()"],
    ["lock", "LOCK TABLES t READ"],
    ["lock", "UNLOCK TABLES"],
    ["admin", "GRANT ALL ON *.* TO a"],
    ["admin", "SET GLOBAL x = 1"],
    ["admin", "PREPARE s FROM 'x'"],
    ["admin", "XA RECOVER"],
    ["admin", "KILL 1"],
  ] as const)("%s: %s", (right, sql) => {
    expect(refusal({ statements: [right] }, sql)).toBeNull();
    const others = (
      ["read", "write", "transaction", "session", "definition", "call", "lock", "admin"] as const
    ).filter((other) => other !== right);
    expect(refusal({ statements: others }, sql)).toBe("statement-not-allowed");
  });

  test.each([
    ["lock", "SELECT * FROM t FOR UPDATE"],
    ["write", "SELECT f_write(1)"],
    ["write", "SELECT * FROM t INTO OUTFILE 'x'"],
    ["write", "ANALYZE UPDATE t SET x = 1"],
  ] as const)("a read that does more needs %s too: %s", (more, sql) => {
    expect(refusal({ statements: ["read"] }, sql)).toBe("statement-not-allowed");
    expect(refusal({ statements: [more] }, sql)).toBe("statement-not-allowed");
    expect(refusal({ statements: ["read", more] }, sql)).toBeNull();
  });

  test("everybody may roll back", () => {
    expect(refusal({ statements: ["read"] }, "ROLLBACK")).toBeNull();
    expect(refusal({ statements: ["read"] }, "COMMIT")).toBe("statement-not-allowed");
  });

  test.each(["SELECT 1; SELECT 2", "SELECT /*! 1 */ 1", "SELECT 'x", "SET STATEMENT a = 1 FOR SELECT 1"])(
    "what it is cannot be told, so no list allows it: %s",
    (sql) => {
      const all = ["read", "write", "transaction", "session", "definition", "call", "lock", "admin"] as const;
      expect(refusal({ statements: all }, sql)).toBe("statement-not-allowed");
    },
  );
});

describe("a list of databases", () => {
  const only = { databases: ["app"] };
  test.each([
    "SELECT 1",
    "SELECT * FROM t",
    "SELECT t.id, x.id FROM app.t JOIN u AS x USING (id)",
    "SELECT app.t.id FROM app.t",
    "SELECT app.f_pure(1)",
    "INSERT INTO app.t SELECT * FROM u",
    "DELETE t, u FROM t JOIN u USING (id)",
    "CALL app.p_pure()",
    "CREATE TABLE app.x (a INT REFERENCES app.t (id))",
    "CREATE VIEW app.x AS SELECT a.id FROM t AS a",
    "ALTER TABLE t ADD COLUMN y INT",
    "TRUNCATE TABLE t",
    "SHOW TABLES",
    "SHOW FULL TABLES FROM app",
    "SHOW OPEN TABLES FROM app",
    "SHOW COLUMNS FROM t FROM app",
    "SHOW CREATE TABLE t",
    "SHOW VARIABLES LIKE 'x'",
    "DESCRIBE app.t",
    "EXPLAIN SELECT * FROM t",
    "LOCK TABLES t READ",
    "SET @x = (SELECT MAX(id) FROM t)",
    "SET NAMES utf8mb4",
    "USE app",
    "BEGIN",
    "COMMIT",
  ])("lets pass what stays inside: %s", (sql) => {
    expect(refusal(only, sql)).toBeNull();
  });

  test.each([
    "SELECT * FROM other.t",
    "SELECT * FROM other . t",
    "SELECT * FROM `other`.`t`",
    "SELECT * FROM /* a */ other/* b */./* c */t",
    "SELECT * FROM APP.t",
    "SELECT (SELECT 1 FROM other.t)",
    "SELECT 1 WHERE EXISTS (SELECT * FROM t, (u, other.t))",
    "SELECT * FROM { OJ other.t LEFT JOIN u ON 1 }",
    "SELECT other.f(1)",
    "SELECT other.t.id FROM t",
    "SELECT * FROM 1db.t",
    "SELECT * FROM 0xdb.t",
    "SELECT * FROM secrets_nobody_knows.t",
    "SELECT * FROM information_schema.tables",
    "SELECT 1e5FROM nobody.t",
    "SELECT * FROM t USE INDEX FOR ORDER BY (a), nobody.u",
    "SELECT * FROM t AS `where` JOIN u ON where.id = u.id, nobody.u",
    "SELECT * FROM where.u",
    "SELECT * FROM ignore.u",
    "SELECT * FROM only.u",
    "SELECT NEXTVAL(nobody.s)",
    "SELECT NEXT VALUE FOR nobody.s",
    "SHOW OPEN TABLES",
    "SHOW OPEN TABLES LIKE 'x'",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM mysql.user",
    "SELECT * FROM performance_schema.threads",
    "WITH c AS (SELECT * FROM other.t) SELECT * FROM c",
    "INSERT INTO other.t VALUES (1)",
    "INSERT INTO t SELECT * FROM other.t",
    "UPDATE t, other.t AS o SET t.x = o.x",
    "DELETE FROM t USING t JOIN other.t",
    "DELETE o FROM t JOIN other.t AS o",
    "LOAD DATA INFILE 'x' INTO TABLE other.t",
    "CALL other.p()",
    "CREATE TABLE other.x (a INT)",
    "CREATE TABLE x LIKE other.t",
    "CREATE TABLE x AS SELECT * FROM other.t",
    "CREATE VIEW x AS SELECT * FROM other.t",
    "ALTER TABLE t RENAME TO other.t",
    "RENAME TABLE t TO other.t",
    "CREATE TABLE x (a INT) ENGINE=FEDERATED CONNECTION='mysql://u@h/other/t'",
    "CREATE TABLE x (a INT, CONSTRAINT view CHECK (CAST(1 AS INT) = 1)) ENGINE=MERGE UNION=(nobody.u)",
    "CREATE DATABASE app2",
    "DROP DATABASE app",
    "DROP SCHEMA other",
    "CREATE PROCEDURE p() SELECT * FROM other.t",
    "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET @x = 1",
    "SHOW TABLES FROM other",
    "SHOW TABLES IN other LIKE 'x'",
    "SHOW TABLE STATUS FROM other",
    "SHOW COLUMNS FROM t FROM other",
    "SHOW INDEX FROM other.t",
    "SHOW TABLES WHERE x IN (SELECT 1)",
    "SHOW CREATE TABLE other.t",
    "SHOW CREATE DATABASE other",
    "SHOW DATABASES",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "DESCRIBE other.t",
    "EXPLAIN SELECT * FROM other.t",
    "EXPLAIN FOR CONNECTION 5",
    "LOCK TABLES other.t READ",
    "HANDLER other.t OPEN",
    "SET @x = (SELECT MAX(id) FROM other.t)",
    "USE other",
    "USE information_schema",
    "PREPARE s FROM 'SELECT * FROM other.t'",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "GRANT SELECT ON other.* TO a",
    "SELECT 1; SELECT * FROM other.t",
    "SELECT 1 /*! FROM other.t */",
    "BEGIN NOT ATOMIC SELECT * FROM other.t; END",
  ])("stops what leaves, or cannot be told: %s", (sql) => {
    expect(refusal(only, sql)).toBe("database-not-allowed");
  });

  test("the default database counts, except for what uses none", () => {
    expect(refusal({ databases: ["other"] }, "SELECT * FROM t")).toBe("database-not-allowed");
    expect(refusal({ databases: ["other"] }, "SELECT 1")).toBe("database-not-allowed");
    for (const sql of ["USE other", "COMMIT", "ROLLBACK"])
      expect(refusal({ databases: ["other"] }, sql)).toBeNull();
  });

  test("a system schema that is listed is allowed, however it is spelt", () => {
    const rights = { databases: ["app", "information_schema"] };
    expect(refusal(rights, "SELECT * FROM INFORMATION_SCHEMA.tables")).toBeNull();
    expect(refusal(rights, "SELECT * FROM mysql.user")).toBe("database-not-allowed");
  });
});

test("without limits everything passes, also what cannot be told", () => {
  expect(isLimited(ALL_RIGHTS)).toBe(false);
  for (const sql of ["SELECT 1; DELETE FROM t", "blah", "GRANT x", ""]) expect(refusal({}, sql)).toBeNull();
});

test("answers are shared by all that may see them, and by nobody else", () => {
  const of = (rights: Partial<LoginRights>) => visibilityOf({ ...ALL_RIGHTS, ...rights });
  expect(of({})).toBeNull();
  expect(of({ readOnly: true })).toBeNull();
  expect(of({ statements: ["read", "write"] })).toBeNull();
  expect(of({ statements: ["write"] })).not.toBeNull();
  expect(of({ databases: ["a", "b"] })).toBe(of({ databases: ["b", "a"], readOnly: true }));
  expect(of({ databases: ["a"] })).not.toBe(of({ databases: ["a", "b"] }));
});

test("a statement that is cacheable is certainly a read: a hit can never be what a read-only login is refused", () => {
  for (const sql of [
    "SELECT * FROM t",
    "SELECT x FROM good_view WHERE x = 1",
    "(SELECT x FROM t) UNION SELECT x FROM u",
  ]) {
    const facts = read(sql);
    expect([facts.plan.cacheable, facts.rights.reads]).toEqual([true, "certainly"]);
  }
});
