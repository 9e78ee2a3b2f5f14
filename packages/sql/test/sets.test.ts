import { expect, test } from "vitest";
import {
  applyVirtualSets,
  createAnalyser,
  describeVirtualSets,
  formatVirtualSets,
  type StatementFacts,
  type VirtualSet,
} from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";

// SET: what is virtual, what pins, and that replaying the list gives the session's state.

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());

function facts(sql: string): StatementFacts {
  return analyser.analyse(sql, { defaultSchema: "app", modes: "" });
}

function virtual(sql: string): string | null {
  const { virtualSets, pin } = facts(sql);
  expect(pin === null).toBe(virtualSets !== null);
  return virtualSets === null ? null : formatVirtualSets(virtualSets);
}

const VIRTUAL: readonly (readonly [sql: string, replay: string])[] = [
  ["SET NAMES utf8mb4", "SET NAMES utf8mb4"],
  ["set names 'utf8mb4' collate 'utf8mb4_unicode_ci'", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci"],
  ["SET time_zone = '+00:00'", "SET SESSION time_zone = '+00:00'"],
  ['set session time_zone="+00:00"', "SET SESSION time_zone = '+00:00'"],
  ["set @@time_zone := SYSTEM", "SET SESSION time_zone = SYSTEM"],
  ["set @@session.`time_zone` = default", "SET SESSION time_zone = default"],
  ["set local sql_mode=''", "SET SESSION sql_mode = ''"],
  ["set sql_mode=ansi, autocommit = 1", "SET SESSION sql_mode = ansi, SESSION autocommit = 1"],
  [
    "SET NAMES utf8, @@SESSION.sql_auto_is_null = 0, @@wait_timeout = 2147483",
    "SET NAMES utf8, SESSION sql_auto_is_null = 0, SESSION wait_timeout = 2147483",
  ],
  ["set character_set_results = NULL", "SET SESSION character_set_results = NULL"],
  ["set foreign_key_checks=0;", "SET SESSION foreign_key_checks = 0"],
  ["set innodb_lock_wait_timeout = -1", "SET SESSION innodb_lock_wait_timeout = -1"],
  ["set @@boost_cached_queries = true", ""],
];

test.each(VIRTUAL)("virtual: %s", (sql, replay) => {
  expect(virtual(sql)).toBe(replay);
});

const PINNED = [
  "set sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES')",
  "set time_zone = @@global.time_zone",
  "set time_zone = @zone",
  "set time_zone = (select 1)",
  "set time_zone = 'a\\'b'",
  "set time_zone = 'a''b'",
  "set time_zone = 'a' 'b'",
  "set time_zone = 'é'",
  "set global time_zone = 'x'",
  "set @@global.time_zone = 'x'",
  "set persist time_zone = 'x'",
  "set sql_mode = 4",
  "set names default",
  "set names _x'y'",
  "set character set utf8",
  "set character_set_client = default",
  "set autocommit = default",
  "set sql_auto_is_null = 1",
  "set sql_auto_is_null = default",
  "set timestamp = 5",
  "set insert_id = 5",
  "set sql_log_bin = 0",
  "set unheard_of = 1",
  "set time_zone = 'x', unheard_of = 1",
  "set time_zone = 'x' 5",
  "set time_zone",
  "set",
  "set time_zone = 1, 2",
  "set optimizer_switch = 'a', 'b'",
];

test.each(PINNED)("pinned: %s", (sql) => {
  expect(virtual(sql)).toBe(null);
});

test("a virtual set in an executable comment is not virtual", () => {
  expect(facts("/*!40101 set names utf8 */")).toMatchObject({ virtualSets: null, pin: "unknown-statement" });
});

test("boost is swallowed and told", () => {
  expect(facts("SET @@boost_cached_queries = true").boost).toBe(true);
  expect(facts("set @@session.boost_cached_queries = 0, time_zone = 'x'").boost).toBe(false);
  expect(facts("set time_zone = 'x'").boost).toBe(undefined);
});

test("after a SET that may change how texts read, nothing more is believed", () => {
  const unreadable = (sql: string): boolean => facts(sql).unreadableAfter === true;
  expect(unreadable("set character set gbk")).toBe(true);
  expect(unreadable("set names default")).toBe(true);
  expect(unreadable("set names sjis, @x = 1")).toBe(true);
  expect(unreadable("set character_set_client = @old")).toBe(true);
  expect(unreadable("set sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')")).toBe(true);
  expect(unreadable("set session sql_mode = @old")).toBe(true);
  expect(unreadable("set sql_mode = 4")).toBe(true);
  expect(unreadable("/*!40101 SET NAMES gbk */")).toBe(true);
  expect(unreadable("prepare s from 'set names gbk'")).toBe(true);
  expect(unreadable("set names utf8, sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES')")).toBe(false);
  expect(unreadable("set character set latin1")).toBe(false);
  expect(unreadable("set @x = 'gbk '")).toBe(true);
  expect(unreadable("set timestamp = 5")).toBe(false);
});

test("a later assignment replaces the earlier and moves to the end; NAMES replaces what it sets", () => {
  const list = (...pairs: readonly [string, string][]): VirtualSet[] =>
    pairs.map(([name, value]) => ({ name, value }));
  const first = applyVirtualSets(
    [],
    list(["time_zone", "'a'"], ["character_set_results", "NULL"], ["sql_mode", "''"]),
  );
  const second = applyVirtualSets(first, list(["time_zone", "'b'"], ["names", "utf8mb4"]));
  expect(formatVirtualSets(second)).toBe("SET SESSION sql_mode = '', SESSION time_zone = 'b', NAMES utf8mb4");
  const third = applyVirtualSets(second, list(["character_set_results", "NULL"]));
  expect(formatVirtualSets(third)).toBe(
    "SET SESSION sql_mode = '', SESSION time_zone = 'b', NAMES utf8mb4, SESSION character_set_results = NULL",
  );
  expect(formatVirtualSets([])).toBe("");
});

test("the list says what it means for reading and caching", () => {
  const after = (...statements: string[]) =>
    describeVirtualSets(
      statements.reduce<readonly VirtualSet[]>(
        (list, sql) => applyVirtualSets(list, facts(sql).virtualSets ?? []),
        [],
      ),
    );
  expect(after()).toEqual({ modes: "", block: null, charsetUnsafe: false, autocommit: null });
  expect(after("set names utf8mb4 collate utf8mb4_bin", "set autocommit=0")).toMatchObject({
    block: null,
    autocommit: false,
  });
  expect(after("set autocommit=off", "set autocommit='ON'").autocommit).toBe(true);
  expect(after("set names latin1")).toMatchObject({ block: "charset-introducer", charsetUnsafe: false });
  expect(after("set names gbk")).toMatchObject({ block: "charset-introducer", charsetUnsafe: true });
  expect(after("set names gbk", "set names utf8").block).toBe(null);
  expect(after("set character_set_client = big5").charsetUnsafe).toBe(true);
  expect(after("set sql_mode = 'ANSI_QUOTES'")).toMatchObject({ block: "sql-mode", modes: "ANSI_QUOTES" });
  expect(after("set sql_mode = 'STRICT_TRANS_TABLES'")).toMatchObject({
    block: null,
    modes: "STRICT_TRANS_TABLES",
  });
  expect(after("set sql_mode = ansi").block).toBe("sql-mode");
  expect(after("set sql_mode = default")).toMatchObject({ block: null, modes: "" });
});

test.each([
  "SET `sql_mode` = 'NO_BACKSLASH_ESCAPES', @a = 1",
  "SET @@session .sql_mode = 'NO_BACKSLASH_ESCAPES'",
  "SET @@session. sql_mode = 'NO_BACKSLASH_ESCAPES'",
  "SET @a = 1, `sql_mode` = (SELECT 'ANSI_QUOTES')",
  "SET old_mode = '', `sql_mode` = 'ANSI_QUOTES'",
  "SET `character_set_client` = @a",
  "SET LOCAL `sql_mode` = @a",
])("texts may read in other ways after %s", (sql) => {
  expect(facts(sql).unreadableAfter).toBe(true);
});

test.each([
  "SET `time_zone` = @a",
  "SET @a = 1",
  "SET @@session.`timestamp` = 5",
  "SET GLOBAL time_zone = 'x'",
])("texts read as before after %s", (sql) => {
  expect(facts(sql).unreadableAfter).toBeUndefined();
});
