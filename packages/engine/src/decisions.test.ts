import { ALL_RIGHTS, type LoginRights } from "@rockpool/base";
import { visibilityOf } from "@rockpool/sql";
import { describe, expect, test } from "vitest";
import { Bench, type BenchOptions, CONTEXT, FakeSink, LOGIN } from "../test/bench.ts";
import type { EngineLogin, Session } from "./session.ts";

const READ = "SELECT a FROM t WHERE b = 'x'";

/** A login of the same account with fewer rights. */
function limited(name: string, changes: Partial<LoginRights>): EngineLogin {
  const rights = { ...ALL_RIGHTS, ...changes };
  return { ...LOGIN, name, rights, visibility: visibilityOf(rights) };
}

/** Each row: what happens after READ was stored, who asks again, and what comes of it. */
const CASES: readonly [
  name: string,
  status: string,
  prepare?: ((bench: Bench) => void) | undefined,
  asker?: Partial<Session>,
][] = [
  ["nothing happened", "hit"],
  ["the bound has just not passed", "hit", (bench) => bench.pass(1_000)],
  ["the bound passed without a heartbeat", "miss: not-fresh", (bench) => bench.pass(1_001)],
  [
    "the feed broke",
    "miss: not-fresh",
    (bench) => bench.freshness.onChange(99, { everything: false, schemas: [], tables: [], keys: [] }),
  ],
  ["its table changed", "miss: changed", (bench) => bench.change()],
  [
    "another table changed",
    "hit",
    (bench) => bench.change({ everything: false, schemas: [], tables: ["app.u"], keys: [] }),
  ],
  [
    "a row of its table changed",
    "miss: changed",
    (bench) =>
      bench.change({
        everything: false,
        schemas: [],
        tables: [],
        keys: [{ table: "app.t", column: "id", value: "1" }],
      }),
  ],
  [
    "a definition of its schema changed",
    "miss: changed",
    (bench) => bench.change({ everything: false, schemas: ["app"], tables: [], keys: [] }),
  ],
  [
    "everything changed",
    "miss: changed",
    (bench) => bench.change({ everything: true, schemas: [], tables: [], keys: [] }),
  ],
  [
    "it reached the maximum age",
    "hit",
    (bench) => {
      bench.pass(60_000);
      bench.heartbeat();
    },
  ],
  [
    "it passed the maximum age",
    "miss: too-old",
    (bench) => {
      bench.pass(60_001);
      bench.heartbeat();
    },
  ],
  ["a new epoch began", "miss: changed", (bench) => bench.welcome("e2", 0)],
  ["the cache was cleared", "miss: absent", (bench) => bench.cache.clear()],
  [
    "the session wrote something this edge has not heard of",
    "miss: bookmark",
    undefined,
    { bookmark: { epoch: "e1", seq: 1 } },
  ],
  [
    "the session's write has arrived in the feed",
    "hit",
    (bench) => bench.change({ everything: false, schemas: [], tables: ["app.u"], keys: [] }),
    { bookmark: { epoch: "e1", seq: 1 } },
  ],
  ["the session wrote in another epoch", "miss: bookmark", undefined, { bookmark: { epoch: "e0", seq: 1 } }],
  [
    "the login may have written to its table",
    "miss: bookmark",
    (bench) => {
      bench.pass(1);
      bench.logins.note("shop", { everything: false, schemas: [], tables: ["app.t"], keys: [] }, bench.now);
    },
  ],
  [
    "the login may have written to another table",
    "hit",
    (bench) => {
      bench.pass(1);
      bench.logins.note("shop", { everything: false, schemas: [], tables: ["app.u"], keys: [] }, bench.now);
    },
  ],
  [
    "another login may have written to its table",
    "hit",
    (bench) => {
      bench.pass(1);
      bench.logins.note("else", { everything: true, schemas: [], tables: [], keys: [] }, bench.now);
    },
  ],
  [
    "the server defaults became others",
    "miss: absent",
    (bench) => bench.engine.setProfile("shop_db", "p2", ""),
  ],
  ["the server defaults are not known", "miss: absent", (bench) => bench.engine.forgetProfiles()],
  ["a session with autocommit off and nothing written asks (R4)", "hit", undefined, { autocommit: false }],
  ["another login of the same account asks", "hit", undefined, { login: { ...LOGIN, name: "second" } }],
  [
    "a read-only login of the same account asks",
    "hit",
    undefined,
    { login: limited("second", { readOnly: true }) },
  ],
  [
    "a login of the same account asks that may see less",
    "miss: absent",
    undefined,
    { login: limited("second", { databases: ["app"] }) },
  ],
  [
    "a login of the same account asks that may see nothing of it",
    "bypass: rejected",
    undefined,
    { login: limited("second", { databases: ["other"] }) },
  ],
  [
    "a login of the same account asks that may not read",
    "bypass: rejected",
    undefined,
    { login: limited("second", { statements: ["write"] }) },
  ],
  [
    "a login of another account asks",
    "miss: absent",
    (bench) => bench.engine.setProfile("other_db", "p", ""),
    { login: { ...LOGIN, account: "other_db" } },
  ],
  [
    "a session with a harmless setting asks",
    "miss: absent",
    undefined,
    { variables: [{ name: "time_zone", value: "'+01:00'" }] },
  ],
  [
    "a session with an unreadable charset asks",
    "bypass: charset-introducer",
    undefined,
    { variables: [{ name: "names", value: "gbk" }] },
  ],
  [
    "a session with a mode that alters texts asks",
    "bypass: sql-mode",
    undefined,
    { variables: [{ name: "sql_mode", value: "'ANSI_QUOTES'" }] },
  ],
  ["a session in another database asks", "bypass: unknown-table", undefined, { schema: "other" }],
  ["a pinned session asks (R5)", "bypass: pinned", undefined, { pin: "p1" }],
  [
    "a session in a transaction asks",
    "bypass: in-transaction",
    undefined,
    { pin: "p1", inTransaction: true },
  ],
  ["a session whose transaction was lost asks (S3)", "bypass: session-lost", undefined, { lost: true }],
  [
    "there is no catalogue",
    "bypass: no-catalogue",
    (bench) => {
      bench.cache.clear();
      bench.analyser.setCatalogue(null);
      bench.engine.setCatalogue(null);
    },
  ],
];

describe("a read that was stored, asked again when", () => {
  test.each(CASES)("%s: %s", (_name, status, prepare, asker) => {
    const bench = new Bench();
    bench.fill(READ);
    prepare?.(bench);
    const session = bench.session(asker);
    // The hit path alone must come to the same answer.
    const found = bench.engine.lookup(session, READ) !== null;
    const sent = bench.send(READ, session);
    expect([bench.statusOf(sent), found]).toEqual([status, status === "hit"]);
    const isAnsweredHere = ["hit", "bypass: session-lost", "bypass: rejected"].includes(status);
    expect(sent.call === null).toBe(isAnsweredHere);
  });
});

const BYPASSES: readonly [sql: string, status: string][] = [
  ["INSERT INTO t VALUES (1)", "bypass: not-a-select"],
  ["SELECT a FROM t FOR UPDATE", "bypass: locking-read"],
  ["SELECT 1", "bypass: no-table"],
  ["SELECT a, NOW() FROM t", "bypass: volatile-function"],
  ["SELECT @x", "bypass: user-variable"],
  ["SELECT a FROM t; SELECT 1", "bypass: several-statements"],
  ["SELECT a FROM nowhere", "bypass: unknown-table"],
  ["SET @@boost_cached_queries = 1", "bypass: local"],
  ["SELECT FOUND_ROWS()", "bypass: rejected"],
  ["SHOW WARNINGS", "bypass: rejected"],
];

describe("a statement past the cache for its own sake", () => {
  test.each(BYPASSES)("%s → %s", (sql, status) => {
    const bench = new Bench();
    for (let round = 0; round < 2; round++) {
      const sent = bench.send(sql);
      expect(bench.statusOf(sent)).toBe(status);
      sent.call?.answer();
      expect(bench.cache.count).toBe(0);
    }
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test("what needs no database is answered here, without an error or with one", () => {
    const bench = new Bench();
    const session = bench.session();
    const local = bench.send("SET @@boost_cached_queries = 1", session).decision;
    expect(local).toMatchObject({ kind: "answered", error: null, session });
    const refused = bench.send("SELECT FOUND_ROWS()", session).decision;
    expect(refused).toMatchObject({ kind: "answered", error: { code: "diagnostics-not-kept" }, session });
    expect(bench.calls).toEqual([]);
  });

  test("diagnostics are asked of the connection that has them", () => {
    const bench = new Bench();
    expect(bench.send("SHOW WARNINGS", bench.session({ pin: "p1" })).call?.statement.pin).toBe("p1");
  });
});

describe("a login with limited rights", () => {
  const refused = (rights: Partial<LoginRights>, sql: string, prepare?: (bench: Bench) => void) => {
    const bench = new Bench();
    prepare?.(bench);
    const { decision } = bench.send(sql, bench.session({ login: limited("second", rights) }));
    return decision.kind === "answered" ? (decision.error?.code ?? null) : decision.kind;
  };

  test("is refused here what it may not do, and nothing goes to the origin", () => {
    expect(refused({ readOnly: true }, "DELETE FROM t")).toBe("read-only-login");
    expect(refused({ statements: ["read"] }, "DELETE FROM t")).toBe("statement-not-allowed");
    expect(refused({ databases: ["app"] }, "SELECT * FROM other.u")).toBe("database-not-allowed");
    expect(refused({ readOnly: true }, READ)).toBe("pending");
    expect(refused({ readOnly: true }, "SET @@boost_cached_queries = 1")).toBeNull();
  });

  test("is judged by the origin alone while texts cannot be read here for certain", () => {
    const forget = (bench: Bench) => bench.engine.forgetProfiles();
    expect(refused({ readOnly: true }, "DELETE FROM t", forget)).toBe("pending");
    const lose = (bench: Bench) => bench.engine.setCatalogue(null);
    expect(refused({ readOnly: true }, "DELETE FROM t", lose)).toBe("pending");
  });

  test("may always end a transaction that was lost", () => {
    const bench = new Bench();
    const login = limited("second", { statements: ["read"] });
    const { decision } = bench.send("ROLLBACK", bench.session({ login, lost: true }));
    expect(decision).toMatchObject({ kind: "answered", error: null, session: { lost: false } });
  });
});

test("with the bound at 0 nothing is stored and nothing is a hit", () => {
  const options: BenchOptions = { boundMs: 0 };
  const bench = new Bench(options);
  for (let round = 0; round < 2; round++) {
    const sent = bench.send(READ);
    expect(bench.statusOf(sent)).toBe("miss: absent");
    sent.call?.answer();
  }
  expect([bench.cache.count, bench.admissions]).toEqual([0, ["caching-off", "caching-off"]]);
});

test("more statements than may be in progress are refused, hits are not", () => {
  const bench = new Bench({ exchangesMax: 2 });
  bench.fill(READ);
  const first = bench.send("SELECT SLEEP(1)");
  bench.send("SELECT SLEEP(2)");
  const third = bench.send("SELECT SLEEP(3)").decision;
  expect(third).toMatchObject({ kind: "answered", error: { code: "too-many-clients" } });
  expect(bench.send(READ).decision.kind).toBe("hit");
  first.call?.answer();
  expect(bench.send("SELECT SLEEP(3)").decision.kind).toBe("pending");
});

test("what travels is the session's state and the exact bytes", () => {
  const bench = new Bench();
  const variables = [
    { name: "time_zone", value: "'+01:00'" },
    { name: "autocommit", value: "0" },
  ];
  const session = bench.session({
    schema: "other",
    autocommit: false,
    lastInsertId: 7n,
    variables,
    pin: "p1",
  });
  const { call } = bench.send("INSERT INTO t VALUES ('ü')", session);
  expect(call?.statement).toEqual({
    context: CONTEXT,
    endsSession: false,
    timeoutMs: null,
    login: "shop",
    schema: "other",
    pin: "p1",
    autocommit: false,
    lastInsertId: 7n,
    variables: [{ name: "time_zone", value: "'+01:00'" }],
    sql: Buffer.from("INSERT INTO t VALUES ('ü')"),
  });
});

test("a statement's terms travel: what is left of its time, and that its session is over", () => {
  const bench = new Bench();
  const sql = "SELECT a FROM t WHERE b = 'y'";
  const terms = { timeoutMs: 300, endsSession: true };
  bench.engine.execute(bench.session(), sql, Buffer.from(sql), new FakeSink(), CONTEXT, terms);
  expect(bench.calls.at(-1)?.statement).toMatchObject(terms);
});

test("who waits for another's read waits no longer than it may itself", () => {
  const bench = new Bench();
  const sql = "SELECT a FROM t WHERE b = 'y'";
  bench.send(sql);
  const terms = { timeoutMs: 300, endsSession: false };
  bench.engine.execute(bench.session(), sql, Buffer.from(sql), new FakeSink(), CONTEXT, terms);
  expect(bench.calls).toHaveLength(1);
  bench.pass(300);
  expect(bench.calls).toHaveLength(2);
  expect(bench.calls.at(-1)?.statement.timeoutMs).toBe(0);
});
