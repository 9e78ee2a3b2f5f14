import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Catalogue, createAnalyser, createCatalogue, type TableEntry } from "../src/index.ts";
import { loadCatalogue } from "./load-catalogue.ts";

// A real server's definitions, built into a catalogue: what a statement is said to change covers what really changed,
// measured by the checksums of all tables.

const DEFINITIONS = `
CREATE DATABASE app; CREATE DATABASE side; USE app;
CREATE TABLE parents (id INT UNSIGNED PRIMARY KEY, boss INT UNSIGNED NULL, name VARCHAR(20), KEY (boss),
  FOREIGN KEY (boss) REFERENCES parents (id) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TABLE children (id BIGINT PRIMARY KEY, parent INT UNSIGNED, FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TABLE grandchildren (id INT PRIMARY KEY, child BIGINT, FOREIGN KEY (child) REFERENCES children (id) ON DELETE SET NULL) ENGINE=InnoDB;
CREATE TABLE strict_children (id INT PRIMARY KEY, parent INT UNSIGNED, FOREIGN KEY (parent) REFERENCES parents (id)) ENGINE=InnoDB;
CREATE TABLE items (id TINYINT AUTO_INCREMENT PRIMARY KEY, price INT, price2 INT AS (price * 2) STORED, note TEXT, KEY (price2));
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, line TEXT);
CREATE TABLE side.archive (id INT AUTO_INCREMENT PRIMARY KEY, line TEXT);
CREATE TABLE counters (name VARCHAR(20) PRIMARY KEY, n INT);
CREATE TABLE clocked (id INT, age INT AS (year(now())) VIRTUAL);
CREATE TABLE whoami (id INT, me VARCHAR(99) AS (current_user()) VIRTUAL);
CREATE TABLE quick (id INT) ENGINE=MEMORY;
CREATE TABLE aged (id INT) WITH SYSTEM VERSIONING;
CREATE TABLE isam (id INT) ENGINE=MyISAM;
CREATE TABLE aria (id INT) ENGINE=Aria;
CREATE TABLE isams (id INT) ENGINE=MERGE UNION=(isam) INSERT_METHOD=LAST;
CREATE SEQUENCE seq;
CREATE TABLE numbered (id INT DEFAULT (NEXTVAL(seq)), at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tag VARCHAR(9) DEFAULT 'f(x)');
CREATE VIEW item_view AS SELECT id, price + 1 AS more FROM items WHERE price > 0;
CREATE VIEW item_view2 AS SELECT v.id, a.line FROM item_view v LEFT JOIN side.archive a ON a.id = v.id;
CREATE VIEW now_view AS SELECT id, now() AS at FROM items;
CREATE VIEW quick_view AS SELECT id FROM quick;
CREATE VIEW schema_view AS SELECT table_name FROM information_schema.tables;
CREATE VIEW cte_view AS WITH c AS (SELECT id FROM items) SELECT id FROM c;
CREATE FUNCTION note_line(x INT) RETURNS INT BEGIN INSERT INTO log (line) VALUES (x); RETURN x; END;
CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
CREATE VIEW writing_view AS SELECT id, note_line(id) AS n FROM items;
CREATE PROCEDURE archive_all() BEGIN DECLARE done INT DEFAULT 0; SET done = 1; INSERT INTO side.archive (line) SELECT line FROM log; END;
CREATE PROCEDURE outer_call(IN n INT) BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END; IF (n > 0) THEN CALL archive_all(); END IF; END;
CREATE PROCEDURE dynamic_one() BEGIN PREPARE s FROM 'DELETE FROM log'; EXECUTE s; END;
CREATE PROCEDURE calls_dynamic() CALL dynamic_one();
CREATE PROCEDURE with_variable(OUT n INT) BEGIN SET @seen = 1; SET n = 1; END;
CREATE PROCEDURE with_setting() SET sql_mode = '';
CREATE PROCEDURE with_temporary() CREATE TEMPORARY TABLE items (id INT);
CREATE PROCEDURE counts(INOUT n INT) BEGIN SET n = n + 1; UPDATE counters SET n = n + 1; END;
CREATE TRIGGER items_ai AFTER INSERT ON items FOR EACH ROW BEGIN SET @last = NEW.id; INSERT INTO log (line) VALUES (NEW.note); END;
CREATE TRIGGER log_ai AFTER INSERT ON log FOR EACH ROW UPDATE counters SET n = n + 1 WHERE name = 'log';
CREATE TRIGGER children_bi BEFORE INSERT ON children FOR EACH ROW SET NEW.id = NEW.id + twice(0);
INSERT INTO parents VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, NULL, 'c');
INSERT INTO children VALUES (1, 1), (2, 2), (3, 3); INSERT INTO grandchildren VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO counters VALUES ('log', 0); INSERT INTO log (line) VALUES ('first');
INSERT INTO items (price, note) VALUES (1, 'one'), (2, 'two')`;

let database: PrivateDatabase;
let connection: Connection;
let catalogue: Catalogue;

beforeAll(async () => {
  database = await openPrivateDatabase();
  const { host, port, user, password } = database;
  connection = await createConnection({ host, port, user, password, charset: "utf8mb4" });
  for (const statement of splitDefinitions()) await connection.query(statement);
  catalogue = createCatalogue(await loadCatalogue(connection));
});

afterAll(async () => {
  await connection?.end();
  await database?.stop();
});

/** Splits at semicolons outside BEGIN … END. */
function splitDefinitions(): readonly string[] {
  const statements: string[] = [];
  let open = "";
  for (const part of DEFINITIONS.split(";")) {
    open += open === "" ? part : `;${part}`;
    const begins = open.match(/\bBEGIN\b|\bIF \(/g)?.length ?? 0;
    const ends = open.match(/\bEND\b(?! IF)|\bEND IF\b/g)?.length ?? 0;
    if (begins > ends) continue;
    statements.push(open.trim());
    open = "";
  }
  return statements;
}

function entry(name: string, schema = "app"): TableEntry["table"] {
  const found = catalogue.table(schema, name);
  if (found === undefined) throw new Error(`no ${name} in the catalogue`);
  return found.table;
}

test("R12 decides which tables are cacheable", () => {
  const cacheable = (name: string): boolean => entry(name).cacheable;
  expect(
    ["items", "parents", "log", "isam", "aria", "item_view", "item_view2", "cte_view"].map(cacheable),
  ).toEqual(Array(8).fill(true));
  expect(
    [
      "clocked",
      "whoami",
      "quick",
      "aged",
      "isams",
      "seq",
      "now_view",
      "quick_view",
      "schema_view",
      "writing_view",
    ].map(cacheable),
  ).toEqual(Array(10).fill(false));
  expect(entry("seq").kind).toBe("other");
  expect(catalogue.schema("mysql")?.tables).toEqual([]);
});

test("views are expanded to their base tables and the schemas they pass through", () => {
  expect(entry("item_view2")).toMatchObject({ kind: "view", readReach: [] });
  expect(entry("item_view2").baseTables.toSorted()).toEqual(["app.items", "side.archive"]);
  expect(entry("item_view2").baseSchemas.toSorted()).toEqual(["app", "side"]);
  expect(entry("writing_view").readReach?.toSorted()).toEqual(["app.counters", "app.log"]);
  expect(entry("schema_view").readReach).toBe(null);
});

test("triggers and cascades widen writes, and only code that runs needs a clean connection", () => {
  expect(entry("parents").writeReach?.toSorted()).toEqual([
    "app.children",
    "app.grandchildren",
    "app.parents",
  ]);
  expect(entry("items").writeReach?.toSorted()).toEqual(["app.counters", "app.log"]);
  expect(entry("items")).toMatchObject({ runsCode: true, leavesState: true });
  expect(entry("log")).toMatchObject({ runsCode: true, leavesState: false, writeReach: ["app.counters"] });
  expect(entry("numbered").runsCode).toBe(true);
  expect(entry("counters")).toMatchObject({ runsCode: false, writeReach: [] });
});

test("routines: what they write, and whether they leave state behind", () => {
  const routine = (name: string) => catalogue.routinesNamed(name)[0]?.routine;
  expect(routine("twice")).toMatchObject({ kind: "function", writeReach: [], clean: true });
  expect(routine("note_line")).toMatchObject({ clean: true });
  expect(routine("archive_all")).toMatchObject({ kind: "procedure", clean: true });
  expect(routine("outer_call")?.writeReach?.toSorted()).toEqual(["app.counters", "app.log", "side.archive"]);
  expect(routine("outer_call")?.clean).toBe(true);
  expect(routine("counts")).toMatchObject({ writeReach: ["app.counters"], clean: true });
  for (const name of ["dynamic_one", "calls_dynamic"])
    expect(routine(name)).toMatchObject({ writeReach: null, clean: false });
  for (const name of ["with_variable", "with_setting", "with_temporary"])
    expect([name, routine(name)?.clean]).toEqual([name, false]);
});

test("row keys come from indexed, plain integer columns", () => {
  expect(entry("items").integerColumns).toEqual([{ name: "id", unsigned: false, bits: 8 }]);
  expect(entry("parents").integerColumns).toEqual([
    { name: "id", unsigned: true, bits: 32 },
    { name: "boss", unsigned: true, bits: 32 },
  ]);
});

const WRITES = [
  "UPDATE parents SET name = 'x' WHERE id = 3",
  "DELETE FROM parents WHERE id = 1",
  "INSERT INTO items (price, note) VALUES (5, 'five')",
  "UPDATE item_view SET id = id + 50 WHERE id = 1",
  "INSERT INTO log (line) VALUES ('x')",
  "UPDATE counters SET n = n + twice(4)",
  "UPDATE parents SET name = note_line(4) WHERE id = 3",
  "SELECT note_line(1)",
  "SELECT * FROM writing_view",
  "SELECT * FROM items NATURAL JOIN writing_view",
  "DO note_line(2)",
  "SET @x = note_line(3)",
  "CALL archive_all()",
  "CALL outer_call(1)",
  "CALL dynamic_one()",
  "INSERT INTO log (line) VALUES ('again')",
  "INSERT INTO side.archive (line) SELECT note FROM items",
  "DELETE c, g FROM children c JOIN grandchildren g ON g.child = c.id",
  "ANALYZE UPDATE counters SET n = n + 1",
  "REPLACE INTO counters VALUES ('log', 99)",
  "INSERT INTO isams VALUES (1)",
  "TRUNCATE TABLE log",
  "SET STATEMENT max_statement_time = 10 FOR UPDATE counters SET n = n + 1",
];

test("what a statement is said to change covers what changed", async () => {
  const analyser = createAnalyser();
  analyser.setCatalogue(catalogue);
  const silent: string[] = [];
  for (const sql of WRITES) {
    const { effect, pure } = analyser.analyse(sql, { defaultSchema: "app", modes: "" });
    const before = await checksums();
    await connection.query(sql);
    const after = await checksums();
    const changed = [...after.keys()].filter((id) => before.get(id) !== after.get(id));
    if (changed.length === 0) silent.push(sql);
    const covered = (id: string): boolean =>
      effect.everything || effect.tables.includes(id) || effect.schemas.includes(id.split(".")[0] ?? "");
    expect([sql, changed.filter((id) => !covered(id)), pure]).toEqual([sql, [], false]);
  }
  expect(silent).toEqual([]);
});

async function checksums(): Promise<ReadonlyMap<string, string>> {
  const tables = catalogue.data.schemas
    .filter((schema) => schema.name === "app" || schema.name === "side")
    .flatMap((schema) =>
      schema.tables.filter((table) => table.kind === "table").map((table) => `${schema.name}.${table.name}`),
    );
  const [rows] = await connection.query(`CHECKSUM TABLE ${tables.join(", ")}`);
  // CHECKSUM TABLE answers these two columns.
  return new Map(
    (rows as { Table: string; Checksum: unknown }[]).map((row) => [row.Table, String(row.Checksum)]),
  );
}

test("where the account may not see triggers, a write may alter everything", async () => {
  const { host, port } = database;
  await connection.query("CREATE USER blind@'%' IDENTIFIED BY 'b'");
  await connection.query("GRANT SELECT, INSERT, SHOW VIEW ON app.* TO blind@'%'");
  await connection.query("GRANT SELECT, TRIGGER ON side.* TO blind@'%'");
  const blind = await createConnection({ host, port, user: "blind", password: "b" });
  const data = await loadCatalogue(blind);
  expect(data.blindSchemas).toEqual(["app"]);
  const analyser = createAnalyser();
  analyser.setCatalogue(data);
  const effectOf = (sql: string) => analyser.analyse(sql, { defaultSchema: "app", modes: "" }).effect;
  expect(effectOf("INSERT INTO items (price) VALUES (1)").everything).toBe(true);
  expect(effectOf("INSERT INTO side.archive (line) VALUES ('x')").everything).toBe(false);
  await blind.end();
  await connection.query("DROP USER blind@'%'");
});
