import { RockpoolError } from "@rockpool/base";
import { describe, expect, test } from "vitest";
import { Bench, CHANGE_T, type FakeCall } from "../test/bench.ts";
import type { Session } from "./session.ts";

const READ = "SELECT a FROM t WHERE b = 'x'";
const WRITE = "UPDATE t SET a = 1";
const DEPS_T = { tables: ["app.t"], keys: [], schemas: ["app"] };
const DEPS_U = { tables: ["app.u"], keys: [], schemas: ["app"] };

describe("the answer is passed on", () => {
  test("in its order, each piece once, and the call is over", () => {
    const bench = new Bench();
    const { call, sink } = bench.send("SELECT NOW()");
    call?.answer();
    expect(sink.heard).toEqual(["columns", "rows", "end", "finish"]);
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test("a door that is full holds the origin back until it resumes", () => {
    const bench = new Bench();
    const { call, sink, pending } = bench.send(READ);
    call?.dispatched();
    call?.columns();
    sink.isFull = true;
    call?.rows();
    expect(call?.isPaused).toBe(true);
    pending?.resume();
    expect(call?.isPaused).toBe(false);
  });

  test("a door that cannot tell the end gets to tell an error; who waits is served, nothing is stuck", () => {
    const bench = new Bench();
    const { call, sink } = bench.send(READ);
    const joiner = bench.send(READ);
    sink.onWord = (word) => {
      if (word === "finish") throw new RockpoolError("unsupported-statement");
    };
    call?.answer();
    expect(sink.heard).toEqual(["columns", "rows", "end", "failure unsupported-statement"]);
    expect(sink.session).toEqual(bench.session());
    expect(joiner.sink.heard).toEqual(["whole"]);
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test("a joiner's door that breaks leaves the others their answer", () => {
    const bench = new Bench();
    const { call } = bench.send(READ);
    const broken = bench.send(READ);
    const sound = bench.send(READ);
    broken.sink.onWord = (word) => {
      if (word === "whole") throw new Error("a door's bug");
    };
    call?.answer();
    expect(broken.sink.heard).toEqual(["failure internal"]);
    expect(sound.sink.heard).toEqual(["whole"]);
    expect(bench.engine.exchangeCount).toBe(0);
  });
});

describe("a carried change (R8)", () => {
  test("is applied before the answer is released", () => {
    const bench = new Bench();
    bench.fill(READ);
    const { call, sink } = bench.send(WRITE);
    let status = "";
    sink.onWord = (word) => {
      if (word === "finish") status = bench.statusOf(bench.send(READ));
    };
    call?.ok({ epoch: "e1", seq: 1, change: CHANGE_T });
    expect(status).toBe("miss: changed");
    expect(sink.session?.bookmark).toEqual({ epoch: "e1", seq: 1 });
    expect(bench.logins.isEmpty).toBe(true);
  });

  test("comes with a database error too: a failed statement may have changed something", () => {
    const bench = new Bench();
    bench.fill(READ);
    const { call, sink } = bench.send(WRITE);
    call?.dispatched();
    call?.databaseError();
    call?.finish({ epoch: "e1", seq: 1, change: CHANGE_T });
    expect(sink.heard).toEqual(["database-error"]);
    expect(sink.session?.bookmark).toEqual({ epoch: "e1", seq: 1 });
    expect(bench.statusOf(bench.send(READ))).toBe("miss: changed");
  });

  test("of an epoch that this edge does not follow becomes a time bookmark of the login", () => {
    const bench = new Bench();
    const { call } = bench.send(WRITE);
    bench.pass(10);
    call?.ok({ epoch: "else", seq: 9, change: CHANGE_T });
    expect([bench.logins.notBefore("shop", DEPS_T), bench.logins.notBefore("shop", DEPS_U)]).toEqual([
      bench.now,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  test("a statement that altered nothing leaves no mark", () => {
    const bench = new Bench();
    const { call, sink } = bench.send(WRITE);
    call?.ok();
    expect([sink.session?.bookmark, bench.logins.isEmpty]).toEqual([null, true]);
  });
});

describe("a bookmark of another epoch", () => {
  const session: Partial<Session> = { bookmark: { epoch: "e0", seq: 70 } };

  test("becomes the stamp of the next answer, which was read after the write it stands for", () => {
    const bench = new Bench();
    bench.change();
    const { call, sink } = bench.send("SELECT NOW()", bench.session(session));
    call?.answer({ dispatched: { seq: 1 } });
    expect(sink.session?.bookmark).toEqual({ epoch: "e1", seq: 1 });
    bench.send(READ).call?.answer({ dispatched: { seq: 1 } });
    expect(bench.send(READ, sink.session ?? undefined).decision.kind).toBe("hit");
  });

  test("stays when the answer does not say when it was read", () => {
    const bench = new Bench();
    const { call, sink } = bench.send(WRITE, bench.session(session));
    call?.end();
    call?.finish({ mayFill: false });
    expect(sink.session?.bookmark).toEqual(session.bookmark);
  });

  test("a bookmark of this epoch stays", () => {
    const bench = new Bench();
    const own = bench.session({ bookmark: { epoch: "e1", seq: 3 } });
    const { call, sink } = bench.send("SELECT NOW()", own);
    call?.answer({ dispatched: { seq: 9 } });
    expect(sink.session?.bookmark).toEqual({ epoch: "e1", seq: 3 });
  });
});

/** How a statement's answer can be lost for good, and the error that its client gets for a write. */
const LOSSES: readonly [name: string, lose: (call: FakeCall) => void, code: string][] = [
  ["before anything came", (call) => call.lose(), "outcome-unknown"],
  [
    "after it was dispatched",
    (call) => {
      call.dispatched();
      call.lose();
    },
    "outcome-unknown",
  ],
  [
    "after its OK, without the end",
    (call) => {
      call.dispatched();
      call.end();
      call.lose();
    },
    "outcome-unknown",
  ],
  [
    "at the database",
    (call) => {
      call.dispatched();
      call.failure({ code: "database-lost", harmless: false });
    },
    "database-lost",
  ],
  [
    "to its deadline",
    (call) => {
      call.dispatched();
      call.failure({ code: "deadline-exceeded", harmless: false });
    },
    "deadline-exceeded",
  ],
];

describe("a write whose answer was lost (R17, S2)", () => {
  test.each(LOSSES)("%s: sent once, an error, a bookmark of the login on its tables", (_name, lose, code) => {
    const bench = new Bench();
    const { call, sink } = bench.send(WRITE);
    bench.pass(7);
    if (call !== null) lose(call);
    expect(bench.calls.length).toBe(1);
    expect(sink.heard.at(-1)).toBe(`failure ${code}`);
    expect(sink.error?.row.retry).toBe("never");
    expect(bench.logins.notBefore("shop", DEPS_T)).toBe(bench.now);
    expect(bench.logins.notBefore("shop", DEPS_U)).toBe(Number.NEGATIVE_INFINITY);
    // It travels with the session: no edge answers it from the cache until a position is known again.
    expect(bench.statusOf(bench.send(READ, sink.session ?? undefined))).toContain("miss");
    expect([sink.finalCount, bench.engine.exchangeCount]).toEqual([1, 1]);
  });

  test.each([
    ["CALL p()"],
    ["ALTER TABLE u ADD x INT"],
    ["SELECT a, NEXTVAL(s) FROM t"],
    ["INSERT INTO u VALUES (1) RETURNING a"],
  ])("%s is no read: not sent again", (sql) => {
    const bench = new Bench();
    const { call, sink } = bench.send(sql);
    call?.lose();
    expect([bench.calls.length, sink.heard]).toEqual([1, ["failure outcome-unknown"]]);
    expect(bench.logins.notBefore("shop", DEPS_U)).toBe(bench.now);
  });

  test("a client that went away leaves the same mark, and hears nothing", () => {
    const bench = new Bench();
    const { call, sink, pending } = bench.send(WRITE);
    pending?.cancel();
    pending?.cancel();
    expect([call?.isCancelled, sink.heard, bench.engine.exchangeCount]).toEqual([true, [], 0]);
    expect(bench.logins.notBefore("shop", DEPS_T)).toBe(bench.now);
  });

  test("one that certainly did not run leaves none", () => {
    const bench = new Bench();
    for (const lose of [(call: FakeCall) => call.lose(true), (call: FakeCall) => call.failure()]) {
      const { call, sink } = bench.send(WRITE);
      if (call !== null) lose(call);
      expect(sink.error?.row.retry).toBe("safe");
      expect(sink.session).toEqual(bench.session());
    }
    expect([bench.calls.length, bench.logins.isEmpty]).toEqual([2, true]);
  });
});

describe("a pure read whose answer was lost (R17)", () => {
  const LOST: readonly [string, (call: FakeCall) => void][] = [
    ["unharmed", (call) => call.lose(true)],
    ["maybe run", (call) => call.lose()],
    [
      "dispatched",
      (call) => {
        call.dispatched();
        call.lose();
      },
    ],
    [
      "at the database",
      (call) => {
        call.dispatched();
        call.failure({ code: "read-lost" });
      },
    ],
  ];

  test.each(LOST)("%s: asked once more, answered, stored with the second dispatch", (_name, lose) => {
    const bench = new Bench();
    const { call, sink } = bench.send(READ);
    bench.change();
    bench.pass(5);
    if (call !== null) lose(call);
    expect(bench.calls.map(({ sql }) => sql)).toEqual([READ, READ]);
    bench.calls[1]?.answer({ dispatched: { seq: 1 } });
    expect(sink.heard).toEqual(["columns", "rows", "end", "finish"]);
    expect([sink.entry?.stamp.seq, sink.entry?.dispatchedAt]).toEqual([1, bench.now]);
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test.each(LOST)("%s, twice: an error, not a third time", (_name, lose) => {
    const bench = new Bench();
    const { sink } = bench.send(READ);
    for (const call of [bench.calls[0], bench.calls[1]]) {
      if (call === undefined) continue;
      const known = bench.calls.indexOf(call);
      expect(known).toBeLessThan(2);
      lose(call);
    }
    if (bench.calls[1] !== undefined && sink.finalCount === 0) lose(bench.calls[1]);
    expect([bench.calls.length, sink.finalCount, sink.heard.length]).toEqual([2, 1, 1]);
    expect([bench.engine.exchangeCount, bench.logins.isEmpty]).toEqual([0, true]);
  });

  test.each([
    [
      "columns were passed on",
      (call: FakeCall) => {
        call.dispatched();
        call.columns();
      },
      {},
    ],
    ["it belongs to a pinned session", (call: FakeCall) => call.dispatched(), { pin: "p1" }],
    [
      "it belongs to a transaction",
      (call: FakeCall) => call.dispatched(),
      { pin: "p1", inTransaction: true },
    ],
  ] satisfies [string, (call: FakeCall) => void, Partial<Session>][])(
    "not again when %s",
    (_name, begin, changes) => {
      const bench = new Bench();
      const { call, sink } = bench.send(READ, bench.session(changes));
      if (call !== null) begin(call);
      call?.lose();
      expect([bench.calls.length, sink.heard.at(-1)]).toEqual([1, "failure read-lost"]);
    },
  );

  test("one that has waited for the origin in vain is not made to wait again", () => {
    const bench = new Bench();
    const { call, sink } = bench.send(READ);
    call?.handlers.onLost(true, new RockpoolError("origin-unreachable"));
    expect([bench.calls.length, sink.heard]).toEqual([1, ["failure origin-unreachable"]]);
  });

  test("a failure that says something else is not repeated", () => {
    const bench = new Bench();
    const { call, sink } = bench.send(READ);
    call?.failure({ code: "pool-exhausted" });
    expect([bench.calls.length, sink.heard]).toEqual([1, ["failure pool-exhausted"]]);
  });
});

describe("a lost pinned session (S3)", () => {
  const PINNED: Partial<Session> = { pin: "p1", inTransaction: true };

  test.each([
    ["the link broke", WRITE, (call: FakeCall) => call.lose()],
    ["the link broke under a read", READ, (call: FakeCall) => call.lose()],
    [
      "the origin does not know it any more",
      WRITE,
      (call: FakeCall) => call.failure({ code: "session-lost", lost: true }),
    ],
    [
      "the database went away",
      WRITE,
      (call: FakeCall) => call.failure({ code: "database-lost", lost: true, harmless: false }),
    ],
  ] as const)("%s: errors until ROLLBACK, then a clean session", (_name, sql, lose) => {
    const bench = new Bench();
    const { call, sink } = bench.send(sql, bench.session(PINNED));
    if (call !== null) lose(call);
    const lost = sink.session;
    expect(lost).toMatchObject({ pin: null, lost: true, inTransaction: false });
    const sentCount = bench.calls.length;
    for (const next of [
      READ,
      WRITE,
      "COMMIT",
      "BEGIN",
      "ROLLBACK TO SAVEPOINT s",
      "SET @@boost_cached_queries = 1",
    ]) {
      const refused = bench.send(next, lost ?? undefined);
      expect(refused.decision).toMatchObject({
        kind: "answered",
        error: { code: "session-lost" },
        session: lost,
      });
    }
    expect(bench.engine.lookup(bench.session({ lost: true }), READ)).toBeNull();
    const rollback = bench.send("ROLLBACK", lost ?? undefined).decision;
    expect(rollback).toMatchObject({ kind: "answered", error: null, session: { lost: false, pin: null } });
    expect(bench.calls.length).toBe(sentCount);
  });

  test("a statement that certainly did not reach it leaves it alone", () => {
    const bench = new Bench();
    const session = bench.session(PINNED);
    const { call, sink } = bench.send(WRITE, session);
    call?.lose(true);
    expect(sink.session).toEqual(session);
  });

  test("ROLLBACK of one that the origin has lost already is OK", () => {
    const bench = new Bench();
    const { call, sink } = bench.send("ROLLBACK", bench.session(PINNED));
    call?.failure({ code: "session-lost", lost: true });
    expect(sink.heard).toEqual(["end", "finish"]);
    expect(sink.session).toMatchObject({ pin: null, lost: false, inTransaction: false });
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test("ROLLBACK TO of one that the origin has lost is not", () => {
    const bench = new Bench();
    const { call, sink } = bench.send("ROLLBACK TO s", bench.session(PINNED));
    call?.failure({ code: "session-lost", lost: true });
    expect([sink.heard, sink.session?.lost]).toEqual([["failure session-lost"], true]);
  });
});

describe("the session after an answer", () => {
  test("is what the origin says, with the statement's own settings if it succeeded", () => {
    const bench = new Bench();
    const { call, sink } = bench.send("SET time_zone = '+01:00', autocommit = 0");
    call?.ok({ lastInsertId: 4n });
    expect(sink.session).toMatchObject({ autocommit: false, lastInsertId: 4n, pin: null });
    expect(sink.session?.variables.map(({ name }) => name)).toContain("time_zone");
    const use = bench.send("USE other", sink.session ?? undefined);
    use.call?.ok({ pin: "p2", inTransaction: true });
    expect(use.sink.session).toMatchObject({
      schema: "other",
      pin: "p2",
      inTransaction: true,
      autocommit: false,
    });
  });

  test("keeps its settings when the statement failed", () => {
    const bench = new Bench();
    for (const sql of ["SET time_zone = 'nowhere'", "USE other"]) {
      const { call, sink } = bench.send(sql);
      call?.dispatched();
      call?.databaseError(1298);
      call?.finish();
      expect(sink.session).toEqual(bench.session());
    }
  });
});
