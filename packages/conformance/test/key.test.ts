/**
 * The cache key: sessions that differ in account, database, server defaults, variables or text send the same bytes,
 * and each gets what a direct connection in its state gets. README.md lists which test fails without which component.
 */
import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DirectSession, type DirectTarget, openDirectSession } from "../src/direct-session.ts";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import { createPsdbSession, type PsdbSession } from "../src/psdb-session.ts";

const OTHER_SCHEMA = "key_other";
const LIMITED = { user: "key_limited", password: "key-limited-password" };
/** A login, the database it starts in, and its database account where that is not the main one. */
interface Login {
  readonly name: string;
  readonly database: string;
  readonly account: { readonly user: string; readonly password: string } | null;
}
const LOGINS: readonly [Login, Login, Login] = [
  { name: "plain", database: "rockpool", account: null },
  { name: "elsewhere", database: OTHER_SCHEMA, account: null },
  { name: "limited", database: "rockpool", account: LIMITED },
];

let rig: Rig;
let admin: DirectSession;

beforeAll(async () => {
  rig = await openRig({
    // Nothing but the key may tell the sessions apart; time is no part of this.
    edgeConfig: { freshness: { boundMs: 10_000 } },
    logins: LOGINS.map(({ name, database, account }) => ({
      name,
      password: `${name}-password`,
      database,
      ...(account === null ? {} : { account }),
    })),
  });
  admin = await openDirectSession(rig.db);
  for (const schema of [rig.db.database, OTHER_SCHEMA]) {
    await make(`CREATE DATABASE IF NOT EXISTS ${schema}`);
    await make(`USE ${schema}`);
    await fillSchema(schema === OTHER_SCHEMA ? 5 : 0);
  }
  await make(`CREATE USER '${LIMITED.user}'@'%' IDENTIFIED BY '${LIMITED.password}'`);
  for (const table of ["facts", "words"]) {
    await make(`GRANT SELECT ON ${rig.db.database}.${table} TO '${LIMITED.user}'@'%'`);
  }
  await make(`USE ${rig.db.database}`);
  // One definition through the edge makes all of the new tables known there.
  await createPsdbSession(targetOf("plain")).run("CREATE TABLE last_one (id INT PRIMARY KEY)");
});
afterAll(async () => {
  admin?.close();
  await rig?.close();
});

async function make(sql: string): Promise<void> {
  const answer = await admin.execute(sql);
  if (answer.kind === "error") throw new Error(`${answer.message}\n${sql}`);
}

async function fillSchema(offset: number): Promise<void> {
  await make(`CREATE TABLE facts (id INT PRIMARY KEY AUTO_INCREMENT, at TIMESTAMP(3) NOT NULL, day DATE, n INT,
    u INT UNSIGNED, c CHAR(8), f DOUBLE)`);
  const facts = [1, 2, 3, 4, 5, 6].map((id) => {
    const n = id * 7 + offset;
    return `(${id}, '2024-0${id}-15 1${id}:30:00.125', '2024-0${id}-07', ${n}, ${id}, 'c${id}', ${n} / 3)`;
  });
  await make(`INSERT INTO facts VALUES ${facts.join(", ")}`);
  await make("CREATE TABLE words (id INT PRIMARY KEY, w VARCHAR(100))");
  await make(
    `INSERT INTO words VALUES (1, 'Äpfel'), (2, 'birne'), (3, '😀${offset}'), (4, REPEAT('long ', 12))`,
  );
  await make("CREATE TABLE hidden (id INT PRIMARY KEY, v INT)");
  await make(`INSERT INTO hidden VALUES (1, ${offset})`);
}

/** What sessions set, each a statement as clients send it. All of them shape answers. */
const SETTINGS = [
  "SET time_zone = '+00:00'",
  "SET time_zone = '+05:30'",
  "SET SESSION time_zone = '-11:00'",
  "SET sql_mode = 'ONLY_FULL_GROUP_BY'",
  "SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'",
  "SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,STRICT_TRANS_TABLES'",
  "SET @@sql_mode = 'ANSI_QUOTES'",
  "SET sql_mode = ''",
  "SET NAMES utf8mb4",
  "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
  "SET NAMES utf8mb3",
  "SET NAMES ascii",
  "SET NAMES latin1",
  "SET collation_connection = utf8mb4_bin",
  "SET character_set_results = ascii",
  "SET character_set_connection = latin1",
  "SET group_concat_max_len = 4",
  "SET group_concat_max_len = 40, time_zone = '+01:00'",
  "SET lc_time_names = 'de_DE'",
  "SET SESSION lc_time_names = 'fr_FR'",
  "SET sql_select_limit = 2",
  "SET @@session.sql_select_limit = 4",
  "SET sql_select_limit = DEFAULT",
  "SET div_precision_increment = 0",
  "SET div_precision_increment = 9",
  "SET default_week_format = 3",
  "SET sql_auto_is_null = 0",
  "SET sql_big_selects = 0, max_join_size = 3",
  "SET max_join_size = DEFAULT",
  "SET sql_notes = 0",
  "SET autocommit = 1",
  "SET innodb_lock_wait_timeout = 3",
] as const;

/** Statements whose answers depend on the settings, the database or the rights; every session sends the same bytes. */
const STATEMENTS = [
  "SELECT id, at FROM facts ORDER BY id",
  "SELECT FROM_UNIXTIME(id * 1000000) FROM facts ORDER BY id",
  "SELECT id FROM facts WHERE at > '2024-03-15 18:00:00' ORDER BY id",
  "SELECT n / 7 AS q, AVG(n / 3) OVER () AS a FROM facts ORDER BY id",
  "SELECT GROUP_CONCAT(c ORDER BY id) AS list FROM facts",
  "SELECT DATE_FORMAT(day, '%M, %W') AS spoken, MONTHNAME(day) AS m, WEEK(day) AS w FROM facts ORDER BY id",
  "SELECT u - 5 AS below FROM facts ORDER BY id",
  "SELECT MAX(n), c FROM facts GROUP BY u ORDER BY u",
  "SELECT CONCAT(c, '|') AS padded FROM facts ORDER BY id",
  "SELECT id, w FROM words ORDER BY id",
  "SELECT 'a' = 'A' AS same, COLLATION('x') AS name, CHARSET('x') AS cs FROM words WHERE id = 1",
  "SELECT HEX('é') AS bytes, LENGTH(CONCAT(id, 'é')) AS len FROM words WHERE id = 1",
  'SELECT "c" AS quoted FROM facts WHERE id = 1',
  "SELECT a.id FROM facts a, facts b WHERE a.n > b.n ORDER BY 1, b.id",
  "SELECT id FROM facts WHERE id IS NULL",
  "SELECT id, v FROM hidden ORDER BY id",
  "SELECT COUNT(*) AS n FROM facts",
  "select count(*) as n from facts",
  "SELECT COUNT(*)  AS n FROM facts",
  "SELECT w FROM words WHERE id = 2",
  "SELECT w FROM words WHERE id = 3",
] as const;

interface Pair {
  readonly name: string;
  readonly edge: PsdbSession;
  readonly direct: DirectSession;
}

function targetOf(name: string) {
  return { url: rig.edges[0]?.line.http ?? "", user: name, password: `${name}-password` };
}

async function openPair(login: Login, settings: readonly string[] = []): Promise<Pair> {
  const { host, port, user, password } = rig.db;
  const account = login.account ?? { user, password };
  const target: DirectTarget = { host, port, ...account, database: login.database };
  const pair = {
    name: login.name,
    edge: createPsdbSession(targetOf(login.name)),
    direct: await openDirectSession(target),
  };
  for (const sql of settings) await compare(pair, sql);
  return pair;
}

/** Runs `sql` both ways, holds the answers equal, and tells whether the edge's was a hit. */
async function compare(pair: Pair, sql: string, history: readonly string[] = []): Promise<boolean> {
  const expected = await pair.direct.execute(sql);
  const { answer, cache } = await pair.edge.execute(sql);
  expect({ who: pair.name, history, sql, answer }).toEqual({
    who: pair.name,
    history,
    sql,
    answer: expected,
  });
  return cache.startsWith("hit");
}

test("sessions with random settings, logins and databases send the same bytes and get their own answers", async () => {
  const random = createSeededRandom(takeSeed("key", 20_240_701));
  const pairs: { pair: Pair; history: string[] }[] = [];
  for (let index = 0; index < 10; index += 1) {
    pairs.push({ pair: await openPair(random.pick(LOGINS)), history: [] });
  }
  let hits = 0;
  for (let step = 0; step < 1_000; step += 1) {
    const { pair, history } = pairs[random.below(pairs.length)] ?? expect.fail();
    if (random.chance(0.06)) {
      const setting = random.pick(SETTINGS);
      await compare(pair, setting, history);
      history.push(setting);
    } else if (await compare(pair, random.pick(STATEMENTS), history)) {
      hits += 1;
    }
  }
  for (const { pair } of pairs) pair.direct.close();
  console.log(`key: 1000 steps, ${hits} hits`);
  expect(hits).toBeGreaterThan(150);
});

describe("each component of the key alone", () => {
  const [plain, elsewhere, limited] = LOGINS;

  /** Two sessions, one statement: the first one's answer is stored, then the second asks. */
  async function expectTold(first: Pair, second: Pair, sql: string): Promise<void> {
    await compare(first, sql);
    expect(await compare(first, sql), `${sql}: not stored, so it proves nothing`).toBe(true);
    await compare(second, sql);
    first.direct.close();
    second.direct.close();
  }

  test("account: rights of another database account", async () => {
    await expectTold(await openPair(plain), await openPair(limited), "SELECT id, v FROM hidden WHERE id = 1");
  });

  test("schema: the login's default database", async () => {
    await expectTold(await openPair(plain), await openPair(elsewhere), "SELECT v FROM hidden WHERE id = 1");
  });

  test("schema: USE", async () => {
    const other = await openPair(plain, [`USE ${OTHER_SCHEMA}`]);
    await expectTold(await openPair(plain), other, "SELECT v AS used FROM hidden WHERE id = 1");
  });

  test.each([
    ["names", "SET NAMES ascii", "SELECT w FROM words WHERE id = 1"],
    ["character_set_results", "SET character_set_results = ascii", "SELECT w FROM words WHERE id = 1 -- r"],
    [
      "character_set_connection",
      "SET character_set_connection = latin1",
      "SELECT HEX('é') AS h FROM words LIMIT 1",
    ],
    [
      "collation_connection",
      "SET collation_connection = utf8mb4_bin",
      "SELECT 'a' = 'A' AS s FROM words LIMIT 1",
    ],
    ["time_zone", "SET time_zone = '+05:30'", "SELECT at FROM facts WHERE id = 1"],
    [
      "sql_mode",
      "SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
      "SELECT HEX(c) AS padded FROM facts WHERE id = 1",
    ],
    [
      "group_concat_max_len",
      "SET group_concat_max_len = 8",
      "SELECT GROUP_CONCAT(c ORDER BY id) FROM facts -- g",
    ],
    ["lc_time_names", "SET lc_time_names = 'de_DE'", "SELECT MONTHNAME(day) FROM facts WHERE id = 5"],
    ["sql_select_limit", "SET sql_select_limit = 2", "SELECT id FROM facts ORDER BY id"],
    ["div_precision_increment", "SET div_precision_increment = 9", "SELECT n / 7 FROM facts WHERE id = 1"],
    ["default_week_format", "SET default_week_format = 3", "SELECT WEEK(day) FROM facts WHERE id = 3"],
    [
      "character_set_client",
      "SET character_set_client = ascii",
      "SELECT HEX('😀') AS h FROM words WHERE id = 1",
    ],
  ])("variable: %s", async (_name, setting, sql) => {
    await expectTold(await openPair(plain), await openPair(plain, [setting]), sql);
  });

  test("variable: sql_big_selects, when the limit is the same", async () => {
    const limit = "SET max_join_size = 3";
    const first = await openPair(plain, [limit, "SET sql_big_selects = 1"]);
    const second = await openPair(plain, [limit, "SET sql_big_selects = 0"]);
    await expectTold(first, second, "SELECT a.id, b.id FROM facts a, words b ORDER BY 1, 2");
  });

  test("variable: max_join_size, when it is to be kept", async () => {
    const first = await openPair(plain, ["SET max_join_size = 1000, sql_big_selects = 0"]);
    const second = await openPair(plain, ["SET max_join_size = 3, sql_big_selects = 0"]);
    await expectTold(first, second, "SELECT a.id FROM facts a, words b ORDER BY 1");
  });

  test("text: bytes that only differ in a literal's case, a blank or a comment's look-alike", async () => {
    const pair = await openPair(plain);
    const literals = ["a b", "A b", "a  b", "a b ", "a/* x */ b", "a -- b", "a1", "a2"];
    for (const sql of literals.map((literal) => `SELECT '${literal}' AS text FROM words`)) {
      await compare(pair, sql);
      expect(await compare(pair, sql)).toBe(true);
    }
    pair.direct.close();
  });

  test("profile: the server's own defaults, changed by SET GLOBAL", async () => {
    const before = await openPair(plain);
    const sql = "SELECT n / 11 FROM facts WHERE id = 1";
    await compare(before, sql);
    expect(await compare(before, sql)).toBe(true);
    await make("SET GLOBAL div_precision_increment = 12");
    try {
      await replaceConnections();
      const after = await openPair(plain);
      await compare(after, sql);
      // The origin's connections are new ones now, so that an old direct connection is not the oracle any more.
      await waitUntil(async () => (await after.edge.execute(sql)).cache.startsWith("hit"));
      await compare(after, sql);
      after.direct.close();
    } finally {
      await make("SET GLOBAL div_precision_increment = DEFAULT");
      await replaceConnections();
      before.direct.close();
    }
  });

  /** Ends all of the origin's connections, as an administrator would, and waits until it serves again. */
  async function replaceConnections(): Promise<void> {
    const opened = await rig.metric(rig.origin.line.admin, "rockpool_origin_pool_opened_total");
    rig.databaseLink.reset();
    await waitUntil(async () => {
      const reply = await createPsdbSession(targetOf("plain")).execute("SELECT 1 + 1");
      const now = await rig.metric(rig.origin.line.admin, "rockpool_origin_pool_opened_total");
      return reply.answer.kind === "rows" && now > opened;
    });
  }
});

describe("an answer that depends on more than the key", () => {
  test("sql_auto_is_null makes IS NULL ask for the session's last insert id: never stored, never another's", async () => {
    const [plain] = LOGINS;
    const first = await openPair(plain, ["SET sql_auto_is_null = 1"]);
    const second = await openPair(plain, ["SET sql_auto_is_null = 1"]);
    const read = "SELECT id, n FROM auto WHERE id IS NULL";
    await first.edge.execute("CREATE TABLE auto (id INT PRIMARY KEY AUTO_INCREMENT, n INT)");
    await first.edge.execute("INSERT INTO auto (n) VALUES (10)");
    await second.edge.execute("INSERT INTO auto (n) VALUES (20)");
    expect(await first.edge.cells(read)).toEqual([["1", "10"]]);
    expect(await second.edge.cells(read)).toEqual([["2", "20"]]);
    first.direct.close();
    second.direct.close();
  });
});
