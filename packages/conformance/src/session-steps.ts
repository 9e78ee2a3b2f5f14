import type { SeededRandom } from "@rockpool/testkit";

/** The names of the tables that `SESSION_SCHEMA` makes, for a comparison at the end. */
export const SESSION_TABLES = ["accounts", "log", "names", "kv", "slow", "parents", "children"] as const;

/** Makes the tables on which `drawSteps` works, in the current schema. */
export const SESSION_SCHEMA: readonly string[] = [
  "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL, note VARCHAR(40))",
  "INSERT INTO accounts VALUES (1,100,'a'),(2,200,'b'),(3,300,'c'),(4,400,'d'),(5,500,'e'),(6,600,'f')",
  "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, who INT, v INT)",
  "INSERT INTO log (who, v) VALUES (0, 0)",
  "CREATE TABLE names (name VARCHAR(20) PRIMARY KEY)",
  "INSERT INTO names VALUES ('first')",
  "CREATE TABLE kv (id INT PRIMARY KEY, v INT)",
  "INSERT INTO kv VALUES (0,0),(1,0),(2,0),(3,0),(4,0),(5,0),(6,0),(7,0)",
  "CREATE TABLE slow (id INT PRIMARY KEY, v INT)",
  "INSERT INTO slow VALUES (0, 0)",
  "CREATE TABLE parents (id INT PRIMARY KEY)",
  "INSERT INTO parents VALUES (1), (2)",
  "CREATE TABLE children (id INT AUTO_INCREMENT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parents (id))",
];

/** What a drawing needs to know of the session it is for. */
export interface StepContext {
  readonly random: SeededRandom;
  /** Small and unique among the sessions alive. */
  readonly index: number;
  /** It makes no state that would keep a connection beyond its transactions. */
  readonly isLight: boolean;
  /** It has an open transaction. */
  readonly inTransaction: boolean;
  /** Unique in the run. */
  readonly nextNumber: () => number;
}

type Draw = (context: StepContext) => readonly string[];

/*
 * Nothing here may wait for a lock or depend on the moment: lock waits are set to 0, rows that are locked exist, and
 * nothing is deleted from an index in which others lock gaps (when purge comes is the server's affair).
 */
const DRAWS: readonly (readonly [weight: number, draw: Draw])[] = [
  [30, ({ random }) => ["", "", ""].fill(random.pick(READS))],
  [
    8,
    ({ random }) => [
      random.pick(["BEGIN", "START TRANSACTION", "START TRANSACTION READ ONLY", "BEGIN WORK"]),
    ],
  ],
  [2, () => ["START TRANSACTION WITH CONSISTENT SNAPSHOT"]],
  [
    2,
    ({ random }) => [
      `SET TRANSACTION ISOLATION LEVEL ${random.pick(["READ COMMITTED", "READ UNCOMMITTED"])}`,
      "BEGIN",
    ],
  ],
  [
    10,
    ({ random }) => [
      random.pick(["COMMIT", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND NO CHAIN"]),
    ],
  ],
  [
    8,
    ({ random }) => [
      `${random.pick(["SAVEPOINT", "SAVEPOINT", "ROLLBACK TO", "RELEASE SAVEPOINT"])} ${random.pick(["s", "t"])}`,
    ],
  ],
  [
    12,
    ({ random }) => [
      `UPDATE accounts SET balance = balance + ${random.below(9)} WHERE id = ${1 + random.below(6)}`,
    ],
  ],
  [3, ({ random }) => [`UPDATE accounts SET note = 'same' WHERE id IN (1, ${2 + random.below(3)})`]],
  [
    8,
    ({ random, index }) => [
      `INSERT INTO log (who, v) VALUES (${index}, ${random.below(100)})`,
      "SELECT LAST_INSERT_ID()",
    ],
  ],
  [
    3,
    ({ index }) => [
      `INSERT INTO log (who, v) VALUES (${index}, 1), (${index}, 2)`,
      "SELECT LAST_INSERT_ID(), @@last_insert_id",
    ],
  ],
  [3, ({ index, nextNumber }) => [`INSERT INTO log VALUES (${10_000 + nextNumber()}, ${index}, 3)`]],
  [5, () => ["SELECT LAST_INSERT_ID()"]],
  [3, () => ["INSERT INTO log (who, v) SELECT id, LAST_INSERT_ID() FROM accounts WHERE id = 1"]],
  [2, ({ random }) => [`UPDATE kv SET v = LAST_INSERT_ID(v + ${random.below(5)}) WHERE id = 0`]],
  [
    4,
    ({ random, nextNumber }) => [
      `INSERT INTO names VALUES ('${random.chance(0.4) ? "first" : `n${nextNumber()}`}')`,
    ],
  ],
  [3, ({ random, index }) => [`REPLACE INTO kv VALUES (${index + 1}, ${random.below(50)})`]],
  [3, ({ random }) => [`INSERT INTO children (p) VALUES (${1 + random.below(3)})`]],
  [2, () => ["DELETE FROM accounts WHERE id < 0"]],
  [4, ({ random }) => [`SET @v = ${random.below(100)}`]],
  [4, () => ["SELECT @v AS v, @w AS w"]],
  [2, () => ["SET @v := COALESCE(@v, 0) + 1, @w = (SELECT MAX(balance) FROM accounts)"]],
  [3, () => ["CREATE TEMPORARY TABLE tmp (id INT AUTO_INCREMENT PRIMARY KEY, v INT)"]],
  [3, ({ random }) => [`INSERT INTO tmp (v) VALUES (${random.below(9)})`, "SELECT * FROM tmp ORDER BY id"]],
  [3, () => ["SELECT * FROM tmp ORDER BY id"]],
  [2, () => ["DROP TEMPORARY TABLE tmp"]],
  [
    1,
    () => ["CREATE TEMPORARY TABLE accounts (id INT PRIMARY KEY, balance INT, note VARCHAR(40))", READS[0]],
  ],
  [2, () => ["DROP TEMPORARY TABLE IF EXISTS accounts"]],
  [6, ({ random }) => [random.pick(SETTINGS)]],
  [3, () => ["SELECT GET_LOCK(CONCAT(DATABASE(), '_lock'), 0) AS got", "SELECT COUNT(*) AS n FROM log"]],
  [3, () => ["SELECT RELEASE_LOCK(CONCAT(DATABASE(), '_lock')) AS released"]],
  [
    1,
    () => [
      "LOCK TABLES kv READ",
      "SELECT v FROM kv ORDER BY id",
      "SELECT COUNT(*) FROM log",
      "UNLOCK TABLES",
    ],
  ],
  [
    2,
    ({ random }) => [
      `PREPARE p FROM 'SELECT balance + ? AS b FROM accounts WHERE id = ${1 + random.below(6)}'`,
    ],
  ],
  [2, ({ random }) => [`SET @a = ${random.below(9)}`, "EXECUTE p USING @a"]],
  [1, () => ["DEALLOCATE PREPARE p"]],
  [1, ({ nextNumber }) => [`CREATE TABLE made_${nextNumber()} (id INT PRIMARY KEY)`]],
  [8, ({ random }) => [random.pick(ERRORS)]],
  [
    4,
    ({ inTransaction, random }) => {
      // Diagnostics are kept within a transaction; only a statement on a table replaces what was there before it.
      const first = random.pick([
        READS[0],
        "INSERT INTO accounts VALUES (1, 1, 'x')",
        "UPDATE kv SET v = 1 / 0",
      ]);
      return inTransaction ? [first, random.pick(DIAGNOSTICS)] : [];
    },
  ],
  [
    2,
    ({ random }) => [
      "SET autocommit = 0",
      `UPDATE accounts SET balance = 7 WHERE id = ${1 + random.below(6)}`,
      READS[0],
      random.pick(["COMMIT", "ROLLBACK"]),
      // Until the next write, reads would run outside of any transaction here, and in one of their own at the database.
      "SET autocommit = 1",
    ],
  ],
  [2, () => ["SET autocommit = 1"]],
];

/** Reads whose answers are cached outside transactions. */
const READS = [
  "SELECT id, balance, note FROM accounts ORDER BY id",
  "SELECT balance FROM accounts WHERE id = 3",
  "SELECT balance FROM accounts WHERE id IN (1, 2)",
  "SELECT FROM_UNIXTIME(balance * 100000) AS t FROM accounts WHERE id = 2",
  "SELECT COUNT(*) AS n, SUM(v) AS s FROM log",
  "SELECT name FROM names ORDER BY name",
  "SELECT v FROM kv ORDER BY id",
  "SELECT a.id, COUNT(l.id) AS n FROM accounts a LEFT JOIN log l ON l.who = a.id GROUP BY a.id ORDER BY a.id",
  "SELECT c.id, p.id FROM children c JOIN parents p ON p.id = c.p ORDER BY c.id",
] as const;

const SETTINGS = [
  "SET time_zone = '+02:00'",
  "SET time_zone = '-07:00'",
  "SET sql_mode = 'STRICT_ALL_TABLES'",
  "SET sql_mode = DEFAULT",
  "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
  "SET NAMES utf8mb4",
  "SET foreign_key_checks = 0",
  "SET foreign_key_checks = 1",
  "SET sql_select_limit = 3",
  "SET sql_select_limit = DEFAULT",
  "SET time_zone = 'no/such_zone'",
  "SET no_such_variable = 1",
] as const;

const ERRORS = [
  "SELEC 1",
  "SELECT * FROM no_such_table",
  "SELECT no_such_column FROM accounts",
  "INSERT INTO accounts VALUES (1, 1, 'duplicate')",
  "INSERT INTO accounts VALUES (1, 1)",
  "INSERT INTO parents VALUES (NULL)",
  "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'own: \"ü😀\"\\n(errno 1) (sqlstate 00000)'",
  "SELECT (SELECT id FROM accounts)",
  "ROLLBACK TO no_such_savepoint",
  "EXECUTE no_such_statement",
  "CALL no_such_procedure()",
  "",
] as const;

const DIAGNOSTICS = [
  "SELECT ROW_COUNT()",
  "SHOW WARNINGS",
  "SHOW COUNT(*) ERRORS",
  "SELECT @@warning_count",
] as const;

const WEIGHT_SUM = DRAWS.reduce((sum, [weight]) => sum + weight, 0);

/** What makes state that outlives a transaction, or may as far as anybody knows. */
const HEAVY = /^SET @|^SET no_|CREATE TEMPORARY|GET_LOCK|PREPARE|EXECUTE|CALL|LOCK TABLES/;

/** The next statements of a session, to be sent one after the other with others' statements between them. */
export function drawSteps(context: StepContext): readonly string[] {
  let at = context.random.below(WEIGHT_SUM);
  for (const [weight, draw] of DRAWS) {
    if (at < weight) {
      const steps = draw(context);
      return context.isLight && steps.some((sql) => HEAVY.test(sql)) ? [context.random.pick(READS)] : steps;
    }
    at -= weight;
  }
  return [];
}
