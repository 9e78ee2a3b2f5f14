import { expect, test } from "vitest";
import { createAnalyser } from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";
import { TRAP_STATEMENTS } from "./trap-statements.ts";

// Every trap of the analysis: a SELECT gets exactly these tables, or exactly this reason.

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());

function outcome(sql: string, modes = "", defaultSchema: string | null = "app"): string {
  const { plan } = analyser.analyse(sql, { defaultSchema, modes });
  return plan.cacheable ? plan.tables.toSorted().join(" ") : plan.reason;
}

test.each(TRAP_STATEMENTS)("depends: %s", (sql, tables) => {
  expect(outcome(sql)).toBe(tables);
});

const REASONS: readonly (readonly [sql: string, reason: string])[] = [
  ["SELECT * FROM t /*! FOR UPDATE */", "executable-comment"],
  ["SELECT * FROM t /*!50001 , u */", "executable-comment"],
  ["select * from t /*! union select * from u */", "executable-comment"],
  ["select /*!50000 * from secret, */ 1 from t", "executable-comment"],
  ["select * from t /*M! for update */", "executable-comment"],
  ["select * from t /*M!100000 , u */", "executable-comment"],
  ["select /*+ SET_VAR(sql_mode='') */ * from t", "optimizer-hint"],
  ["select * from t for update", "locking-read"],
  ["select * from t for share", "locking-read"],
  ["select * from t lock in share mode", "locking-read"],
  ["select * from (select * from t for update) d", "locking-read"],
  ["select * from t where id in (select id from u for update)", "locking-read"],
  ["select * from t into outfile 'x'", "into"],
  ["select x into dumpfile 'x' from t", "into"],
  ["select x into @x from t", "into"],
  ["select * from t into @x", "into"],
  ["select @a:=1 from t", "user-variable"],
  ["select @a from t", "user-variable"],
  ["select @@sql_mode from t", "system-variable"],
  ["select @@session.sql_mode, x from t", "system-variable"],
  ["select get_lock('a', 1) from t", "volatile-function"],
  ["select sleep(1) from t", "volatile-function"],
  ["select nextval(seq) from t", "volatile-function"],
  ["select next value for seq", "volatile-function"],
  ["select last_insert_id(5) from t", "volatile-function"],
  ["select last_insert_id() from t", "volatile-function"],
  ["select now() from t", "volatile-function"],
  ["select * from t where x > current_timestamp", "volatile-function"],
  ["select * from t where x = current_date", "volatile-function"],
  ["select unix_timestamp() from t", "volatile-function"],
  ["select rand(5) from t", "volatile-function"],
  ["select uuid() from t", "volatile-function"],
  ["select database() from t", "volatile-function"],
  ["select current_user from t", "volatile-function"],
  ["select found_rows()", "volatile-function"],
  ["select mydb.myfunc(a) from t", "unlisted-function"],
  ["select myfunc(a) from t", "unlisted-function"],
  ["select f_pure(a) from t", "unlisted-function"],
  ["select `abs`(x) from t", "unlisted-function"],
  ["select count (*) from t", "unlisted-function"],
  ["select now () from t", "unlisted-function"],
  ["select uuid_to_bin(x) from t", "unlisted-function"],
  ["select * from json_table('[]', '$' columns (x int path '$')) j, t", "unlisted-function"],
  ["select sql_no_cache * from t", "sql-no-cache"],
  ["select sql_calc_found_rows * from t", "found-rows"],
  ["select 1; delete from t", "several-statements"],
  ["select _utf8mb4'x' from t", "charset-introducer"],
  ["select _binary 0x41 from t", "charset-introducer"],
  ["select n'x' from t", "charset-introducer"],
  ["select * from t for system_time as of '2020-01-01'", "temporal-table"],
  ["select 1", "no-table"],
  ["select 1 from dual", "no-table"],
  ["select * from nope", "unknown-table"],
  ["select * from other.nope", "unknown-table"],
  ["select * from nope.t", "unknown-table"],
  ["select * from T", "unknown-table"],
  ["select * from mixed", "unknown-table"],
  ["select * from memo", "uncacheable-table"],
  ["select * from t join seq", "uncacheable-table"],
  ["select * from now_view", "uncacheable-view"],
  ["select * from information_schema.tables", "system-schema"],
  ["select user from mysql.user", "system-schema"],
  ["select * from t procedure analyse()", "unknown-node"],
  ["select * from t where a <=> 1 natural join", "parse-error"],
  ["select * from t natural join u", "parse-error"],
  ["select a.b as a$b from $test$", "invalid-text"],
  ["values (1)", "parse-error"],
  ["select * from t where x = 'open", "invalid-text"],
  ["select * from `t", "invalid-text"],
  ["select * from t /* open", "invalid-text"],
  ["select * from t /*! open", "invalid-text"],
  ["select * from t\0", "invalid-text"],
  ["select \\N from t", "invalid-text"],
  ["", "not-a-select"],
  ["-- nothing", "not-a-select"],
  ["/*!50003 delete from t */", "not-a-select"],
  ["/*M!100000 update t set a=1 */", "not-a-select"],
  ["insert into t values (1)", "not-a-select"],
  ["show tables", "not-a-select"],
  ["with c as (select 1) delete from t", "not-a-select"],
];

test.each(REASONS)("bypassed: %s", (sql, reason) => {
  expect(outcome(sql)).toBe(reason);
});

test("modes that change reading bypass, harmless ones do not, unknown ones do", () => {
  const hidden = "select * from t where i = 'x\\' union select * from secret -- '";
  expect(outcome(hidden)).toBe("app.t");
  expect(outcome(hidden, "NO_BACKSLASH_ESCAPES")).toBe("sql-mode");
  for (const mode of [
    "ANSI_QUOTES",
    "PIPES_AS_CONCAT",
    "HIGH_NOT_PRECEDENCE",
    "IGNORE_SPACE",
    "ORACLE",
    "MSSQL",
    "FUTURE",
  ])
    expect(outcome("select * from t", mode)).toBe("sql-mode");
  expect(outcome("select * from t", "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY")).toBe("app.t");
});

test("without a default schema only qualified tables are known", () => {
  expect(outcome("select * from t", "", null)).toBe("unknown-table");
  expect(outcome("select * from other.x", "", null)).toBe("other.x");
  expect(outcome("select * from tables", "", "information_schema")).toBe("system-schema");
});

test("a plan names the schemas of its tables and of the views it goes through", () => {
  const { plan } = analyser.analyse("select * from good_view", { defaultSchema: "app", modes: "" });
  expect(plan).toMatchObject({ cacheable: true, schemas: ["app", "other"], keys: [] });
});

test("case of table names matters only where the server says so", () => {
  const folding = createAnalyser();
  folding.setCatalogue(makeCatalogueData(1));
  const plan = folding.analyse("select * from MIXED", { defaultSchema: "APP", modes: "" }).plan;
  expect(plan).toMatchObject({ cacheable: true, tables: ["app.Mixed"] });
});

test("no catalogue, invalid bytes and unsafe character sets bypass", () => {
  const bare = createAnalyser();
  expect(bare.analyse("select * from t", { defaultSchema: "app", modes: "" }).plan).toEqual({
    cacheable: false,
    reason: "no-catalogue",
  });
  const garbled = analyser.analyse("select '\uFFFD' from t", {
    defaultSchema: "app",
    modes: "",
    sqlNotUtf8: true,
  });
  expect(garbled).toMatchObject({
    plan: { cacheable: false, reason: "invalid-text" },
    effect: { everything: false },
  });
  const unsafe = analyser.analyse("select 1", { defaultSchema: "app", modes: "", charsetUnsafe: true });
  expect(unsafe).toMatchObject({
    pure: false,
    effect: { everything: true },
    plan: { reason: "charset-introducer" },
  });
});

test("caps: long lists are collapsed, long statements are not parsed", () => {
  const list = Array.from({ length: 10_000 }, (_, index) => index).join(",");
  expect(outcome(`select * from t where id in (${list})`)).toBe("app.t");
  const ands = Array.from({ length: 600 }, (_, index) => `c${index} = 1`).join(" and ");
  expect(outcome(`select * from t where ${ands}`)).toBe("too-many-tokens");
  const wide = Array.from({ length: 400 }, (_, index) => `${"x".repeat(60)}${index}`).join(",");
  expect(outcome(`select ${wide} from t`)).toBe("statement-too-long");
  expect(outcome(`select ${"(".repeat(9000)}1${")".repeat(9000)} from t`)).toBe("too-many-tokens");
  expect(outcome(" ".repeat(4 * 1024 * 1024 + 1))).toBe("statement-too-long");
});

test("setting a catalogue drops the plans of the old one", () => {
  const fresh = createAnalyser({ planMax: 2 });
  fresh.setCatalogue(makeCatalogueData());
  const read = (): boolean =>
    fresh.analyse("select * from t", { defaultSchema: "app", modes: "" }).plan.cacheable;
  expect(read()).toBe(true);
  fresh.setCatalogue(null);
  expect(read()).toBe(false);
});
