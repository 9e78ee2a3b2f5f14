import { expect, test } from "vitest";
import { createAnalyser, type StatementFacts } from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";

// What statements other than cacheable reads change, leave behind and need.

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());

function facts(sql: string, modes = ""): StatementFacts {
  return analyser.analyse(sql, { defaultSchema: "app", modes });
}

function effect(sql: string, modes = ""): string {
  const { everything, schemas, tables } = facts(sql, modes).effect;
  if (everything) return "*";
  return [...schemas.map((schema) => `${schema}.*`), ...tables].toSorted().join(" ");
}

const EFFECTS: readonly (readonly [sql: string, effect: string])[] = [
  ["insert into t (x, y) values (1, 2)", "app.t"],
  ["insert t values (1)", "app.t"],
  ["INSERT IGNORE INTO `app`.`t` SET x = 1", "app.t"],
  ["insert into t values (1) on duplicate key update x = values(x)", "app.t"],
  ["insert into t (x) select x from u", "app.t app.u"],
  ["insert into t (x) values (1) returning id", "app.t"],
  ["insert into nope (x) values (1)", "*"],
  ["insert into nope.t (x) values (1)", "*"],
  ["insert into t select * from nope", "*"],
  ["insert into t select x from u, nope", "*"],
  ["insert into T values (1)", "*"],
  ["replace into t values (1)", "app.t"],
  ["update t set x = 1 where id = 5", "app.t"],
  ["update low_priority ignore t set x = 1", "app.t"],
  ["update t left join (u join v) on 1 set u.x=1", "app.t app.u app.v"],
  ["update t, nope set t.x = 1", "*"],
  ["update t set x = (select max(y) from nope)", "*"],
  ["update t set x = extract(year from y), z = trim(both 'x' from w)", "app.t"],
  ["delete from t where id = 1", "app.t"],
  ["delete t, u from t join u join v", "app.t app.u app.v"],
  ["delete u from t join u", "app.t app.u"],
  ["delete d1 from t as d1 join u as d2 on d1.i = d2.i", "app.t app.u"],
  ["delete from d1, d2 using t as d1 join u as d2 where d1.i = d2.i", "app.t app.u"],
  ["delete from d1 using nope as d1 join u where 1", "*"],
  ["with c as (select * from u) delete from t where id in (select id from c)", "app.t app.u"],
  ["with c as (select * from nope) update t set x = 1", "*"],
  ["delete from parents", "app.children app.parents"],
  ["update audited set x = 1", "app.audited app.log"],
  ["update noisy set x = 1", "*"],
  ["insert into good_view values (1)", "app.t other.x"],
  ["update t set x = f_pure(1)", "app.t"],
  ["update t set x = f_insert(1)", "app.log app.t"],
  ["update t set x = other.f_other(1)", "app.t other.t other.x"],
  ["update t set x = f_wild(1)", "*"],
  ["update t set x = unheard_of(1)", "*"],
  ["update t set x = `f_insert`(1)", "app.log app.t"],
  ["update t set x = rollup(1)", "*"],
  ["update t set x = escape (1)", "*"],
  ["update t set x = now(), y = uuid(), z = last_insert_id()", "app.t"],
  ["update t set x = uuid_to_bin(y)", "app.log app.t"],
  ["delete from other.t", "app.t other.t"],
  ["update mysql.user set x = 1", "*"],
  ["delete from t /*! , u */", "*"],
  ["/*!50003 delete from t */", "*"],
  ["/*M!100000 update t set a=1 */", "*"],
  ["select 1; delete from t", "*"],
  ["select f_insert(1)", "app.log"],
  ["select f_wild(1) from t", "*"],
  ["select unheard_of(1)", "*"],
  ["select nextval(seq)", "app.seq"],
  ["select next value for seq", "app.seq"],
  ["select setval(nope, 1)", "*"],
  ["select * from writing_view", "app.log"],
  ["select * from nope", "*"],
  ["select * from t natural join u", ""],
  ["select * from t natural join writing_view", "app.log"],
  ["select * from t natural join nope", "*"],
  ["select * from t for update", ""],
  ["select x into @x from t", ""],
  ["do f_insert(1)", "app.log"],
  ["do sleep(1)", ""],
  ["load data infile 'x' into table t", "app.t"],
  ["load data local infile 'x' into table nope fields terminated by ',' (a, b)", "*"],
  ["call p_clean()", "app.t"],
  ["call app.p_clean(f_insert(1))", "app.log app.t"],
  ["call p_wild()", "*"],
  ["call unheard_of()", "*"],
  ["create table x (id int primary key, key (id), name varchar(10))", "app.*"],
  ["create table other.y (id int)", "app.* other.*"],
  ["create table nope.y (id int)", "*"],
  ["create table x select * from t", "app.*"],
  ["create table x select f_insert(1) from t", "*"],
  ["create view w as select t.x from t", "app.*"],
  ["create or replace definer=`a`@`b` sql security invoker view other.w as select z.x from z", "other.*"],
  ["create procedure p() begin delete from z.t; end", "*"],
  ["create trigger g after insert on t for each row insert into log values (new.x)", "app.*"],
  ["alter table t add column z int", "app.*"],
  ["rename table t to t_old, t_new to t", "app.*"],
  ["rename table t to nope.t", "*"],
  ["truncate t", "app.*"],
  ["truncate table other.t", "app.* other.*"],
  ["drop table if exists t, u", "app.*"],
  ["drop database other", "other.*"],
  ["create database if not exists fresh", "fresh.*"],
  ["alter database other character set utf8", "*"],
  ["drop database mysql", "*"],
  ["create temporary table t (x int)", ""],
  ["create temporary table x select f_insert(1)", "app.log"],
  ["drop temporary table t", ""],
  ["optimize table t", "app.*"],
  ["analyze table t", "app.*"],
  ["grant select on app.* to 'x'@'%'", "*"],
  ["create user 'x'@'%' identified by 'y'", "*"],
  ["set password = 'x'", "*"],
  ["flush privileges", "*"],
  ["execute s", "*"],
  ["execute immediate 'drop table t'", "*"],
  ["prepare s from 'delete from t'", ""],
  ["begin", ""],
  ["commit", ""],
  ["rollback", ""],
  ["set @x = f_insert(1)", "app.log"],
  ["set @x = (select max(y) from t)", ""],
  ["set global read_only = 1", "*"],
  ["set time_zone = '+00:00'", ""],
  ["show tables", ""],
  ["explain select * from t", ""],
  ["explain update t set x = 1", ""],
  ["analyze update t set x = 1", "app.t"],
  ["analyze format=json delete from t", "app.t"],
  ["explain analyze select f_insert(1)", "app.log"],
  ["set statement max_statement_time = 1 for update t set x = 1", "app.t"],
  ["begin not atomic delete from t; end", "*"],
  ["lock tables t write", ""],
  ["xa commit 'x'", "*"],
  ["kill 5", ""],
  ["shutdown", "*"],
  ["insert into t values ('open", "*"],
  ["insert into tab\uFFFDle values (1)", "*"],
];

test.each(EFFECTS)("changes: %s", (sql, expected) => {
  expect(effect(sql)).toBe(expected);
});

const PINS: readonly (readonly [sql: string, pin: string | null])[] = [
  ["begin", "transaction"],
  ["begin work", "transaction"],
  ["start transaction read only", "transaction"],
  ["start transaction with consistent snapshot", "transaction"],
  ["commit", null],
  ["commit and chain", "transaction"],
  ["commit and no chain no release", null],
  ["rollback work and chain", "transaction"],
  ["rollback to savepoint s", null],
  ["savepoint s", null],
  ["commit release", "unknown-statement"],
  ["set transaction isolation level serializable", "set-transaction"],
  ["set session transaction isolation level read committed", "session-variable"],
  ["set tx_isolation = 'SERIALIZABLE'", "session-variable"],
  ["set sql_log_bin = 0", "session-variable"],
  ["set global x = 1", "session-variable"],
  ["set role r", "session-variable"],
  ["set @x = 1", "user-variable"],
  ["set time_zone = 'x', @x = 1", "user-variable"],
  ["select @x := 1", "user-variable"],
  ["select x into @x from t", "user-variable"],
  ["select @x", null],
  ["select last_insert_id(5)", "session-variable"],
  ["update t set x = last_insert_id(x + 1)", null],
  ["create temporary table x (y int)", "temporary-table"],
  ["create or replace temporary table x (y int)", "temporary-table"],
  ["drop temporary table x", null],
  ["select get_lock('x', 1)", "user-lock"],
  ["do get_lock('x', 1)", "user-lock"],
  ["select release_lock('x')", null],
  ["lock tables t write", "lock-tables"],
  ["flush tables with read lock", "lock-tables"],
  ["unlock tables", null],
  ["prepare s from 'select 1'", "prepared-statement"],
  ["execute s using @x", "prepared-statement"],
  ["deallocate prepare s", "prepared-statement"],
  ["handler t open", "handler"],
  ["xa start 'x'", "xa"],
  ["select sql_calc_found_rows * from t", "found-rows"],
  ["call p_clean()", null],
  ["call p_clean(@out)", "user-variable"],
  ["call p_dirty()", "routine"],
  ["call unheard_of()", "routine"],
  ["select f_insert(1)", null],
  ["select f_wild(1)", "routine"],
  ["update audited set x = 1", null],
  ["update noisy set x = 1", "routine"],
  ["load data infile 'x' into table t (@a) set x = @a", "user-variable"],
  ["get diagnostics @n = number", "user-variable"],
  ["whatever this is", "unknown-statement"],
  ["select * from t /*! for update */", "unknown-statement"],
  ["/*!40101 SET NAMES utf8 */", "unknown-statement"],
  ["select * from t for update", null],
  ["insert into t values (1)", null],
  ["show tables", null],
  ["use other", null],
  ["", null],
];

test.each(PINS)("pins: %s", (sql, pin) => {
  expect(facts(sql).pin).toBe(pin);
});

const PURE: readonly (readonly [sql: string, pure: boolean])[] = [
  ["select * from t", true],
  ["select 1", true],
  ["select now(), uuid(), rand(), user(), database(), version()", true],
  ["select @@session.sql_mode", true],
  ["select @x", true],
  ["select sql_no_cache * from t", true],
  ["select * from memo", true],
  ["select * from information_schema.tables", true],
  ["select found_rows()", true],
  ["show tables", true],
  ["show warnings", true],
  ["describe t", true],
  ["explain select now() from t", true],
  ["explain update t set x = 1", true],
  ["explain select f_insert(1)", false],
  ["explain analyze select * from t", false],
  ["analyze select * from t", false],
  ["analyze update t set x = 1", false],
  ["show tables where f_insert(1)", false],
  ["select f_insert(1)", false],
  ["select f_pure(1)", false],
  ["select nextval(seq)", false],
  ["select next value for seq", false],
  ["select get_lock('x', 1)", false],
  ["select last_insert_id(5)", false],
  ["select @x := 1", false],
  ["select x into @x from t", false],
  ["select * from t for update", false],
  ["select * from t into outfile 'x'", false],
  ["select * from nope", false],
  ["select * from now_view", true],
  ["select * from writing_view", false],
  ["select * from t natural join u", false],
  ["select * from t /*! for update */", false],
  ["insert into t values (1) returning x", false],
  ["do sleep(1)", false],
  ["begin", false],
  ["set time_zone = 'x'", false],
];

test.each(PURE)("pure: %s", (sql, pure) => {
  expect(facts(sql).pure).toBe(pure);
});

test("what belongs to the session is named", () => {
  expect(facts("select last_insert_id()").usesLastInsertId).toBe(true);
  expect(facts("insert into t values (last_insert_id())").usesLastInsertId).toBe(true);
  expect(facts("select @@identity").usesLastInsertId).toBe(true);
  expect(facts("select @@session.last_insert_id").usesLastInsertId).toBe(true);
  expect(facts("select last_insert_id(5)").usesLastInsertId).toBe(false);
  for (const sql of [
    "show warnings",
    "show count(*) errors",
    "select row_count()",
    "select @@warning_count",
    "get diagnostics @n = number",
  ])
    expect([sql, facts(sql).usesDiagnostics]).toEqual([sql, true]);
  expect(facts("select 1").usesDiagnostics).toBe(false);
});

test("stored code and @x need a connection in its initial state", () => {
  for (const sql of [
    "select @x",
    "select f_pure(1)",
    "update audited set x = 1",
    "call p_clean()",
    "delete from nope",
  ])
    expect([sql, facts(sql).needsCleanConnection]).toEqual([sql, true]);
  expect(facts("update t set x = 1").needsCleanConnection).toBe(false);
  expect(facts("call p_clean()").resetAfter).toBe(true);
  expect(facts("select f_pure(1)").resetAfter).toBe(true);
  expect(facts("get diagnostics x = number").resetAfter).toBe(true);
});

test("definitions and rights make the catalogue old", () => {
  for (const sql of [
    "create table x (y int)",
    "truncate t",
    "grant all on *.* to x",
    "execute s",
    "call p_wild()",
    "nonsense",
    "delete from mysql.user",
  ])
    expect([sql, facts(sql).altersCatalogue]).toEqual([sql, true]);
  for (const sql of [
    "insert into t values (1)",
    "create temporary table x (y int)",
    "begin",
    "select * from t",
  ])
    expect([sql, facts(sql).altersCatalogue]).toEqual([sql, false]);
});

test("modes are followed in writes", () => {
  expect(effect("update t set x = 'a\\' where y = 'b'", "NO_BACKSLASH_ESCAPES")).toBe("app.t");
  expect(effect('update "t" set "x" = 1', "ANSI_QUOTES")).toBe("app.t");
  expect(effect("update t set x = 1", "ORACLE")).toBe("*");
  expect(effect("update t set x = 1", "concat(@@sql_mode, 'x')")).toBe("*");
});

test("USE gives the name", () => {
  expect(facts("use `o``ther`").useSchema).toBe("o`ther");
  expect(facts("USE other").useSchema).toBe("other");
});

test("text that may be more than it seems has no kind that is answered without the database", () => {
  for (const sql of [
    "/*!99999 use other */",
    "use other; select 1",
    "/*! begin */",
    "/*!50000 set time_zone = 'x' */",
    "commit; begin",
    "use 'open",
  ])
    expect([sql, facts(sql).kind, facts(sql).useSchema]).toEqual([sql, "other", undefined]);
  expect(facts("select * from t as x\uFFFD")).toMatchObject({
    pure: false,
    plan: { cacheable: false, reason: "invalid-text" },
  });
});

test("without a catalogue every write is everything", () => {
  const bare = createAnalyser();
  for (const sql of ["update t set x = 1", "create table x (y int)", "call p_clean()", "select * from t"])
    expect(bare.analyse(sql, { defaultSchema: "app", modes: "" })).toMatchObject({
      pure: false,
      effect: { everything: true },
    });
});

test("a bulk insert costs few tokens and keeps its effect", () => {
  const rows = Array.from(
    { length: 20_000 },
    (_, id) => `(${id}, 'row ${id}', ${id % 3 === 0 ? "NULL" : "now()"})`,
  );
  expect(effect(`insert into t (id, x, y) values ${rows.join(", ")}`)).toBe("app.t");
});
