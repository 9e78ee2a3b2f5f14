import { describe, expect, test } from "vitest";
import { Bench, CHANGE_T, LOGIN } from "../test/bench.ts";

const READ = "SELECT a FROM t WHERE b = 'x'";

/** A leader and `count` joiners of the same read. */
function openFlight(bench: Bench, count: number) {
  const leader = bench.send(READ);
  const joiners = Array.from({ length: count }, () => bench.send(READ));
  return { leader, joiners };
}

describe("identical reads under way", () => {
  test("share one upstream call, and each gets the whole answer once", () => {
    const bench = new Bench({ exchangesMax: 500 });
    const { leader, joiners } = openFlight(bench, 300);
    expect(joiners.map((sent) => bench.statusOf(sent))).toEqual(Array(300).fill("miss: joined"));
    expect([bench.calls.length, bench.engine.exchangeCount]).toEqual([1, 301]);
    leader.call?.answer();
    expect(leader.sink.heard).toEqual(["columns", "rows", "end", "finish"]);
    for (const { sink } of joiners) expect([sink.heard, sink.entry]).toEqual([["whole"], leader.sink.entry]);
    expect([bench.calls.length, bench.engine.exchangeCount, bench.timers.count]).toEqual([1, 0, 0]);
  });

  test("differ by text, account, schema, settings, and none of them is shared", () => {
    const bench = new Bench();
    bench.engine.setProfile("other_db", "p", "");
    bench.send(READ);
    bench.send(`${READ} `);
    bench.send(READ, bench.session({ login: { ...LOGIN, account: "other_db" } }));
    bench.send(READ, bench.session({ variables: [{ name: "time_zone", value: "'+01:00'" }] }));
    bench.send("SELECT a FROM app.t", bench.session({ schema: null }));
    bench.send("SELECT a FROM app.t", bench.session({ schema: "other" }));
    expect(bench.calls.length).toBe(6);
  });

  test.each([
    ["a write", "UPDATE t SET a = 1", {}],
    ["a read that is not cacheable", "SELECT NOW()", {}],
    ["a read of a pinned session", READ, { pin: "p1" }],
  ])("%s is never shared", (_name, sql, changes) => {
    const bench = new Bench();
    bench.send(sql, bench.session(changes));
    bench.send(sql, bench.session(changes));
    expect(bench.calls.length).toBe(2);
  });
});

describe("a joiner asks alone, once, when", () => {
  test("a dependency changed after the stamp", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 2);
    leader.call?.dispatched();
    bench.change();
    leader.call?.columns();
    leader.call?.rows();
    leader.call?.end();
    leader.call?.finish();
    expect([leader.sink.heard.at(-1), leader.sink.entry]).toEqual(["finish", null]);
    expect([bench.calls.length, bench.engine.exchangeCount]).toEqual([3, 2]);
    for (const call of bench.calls.slice(1)) call.answer({ dispatched: { seq: 1 } });
    expect(joiners.map(({ sink }) => sink.heard.at(-1))).toEqual(["finish", "finish"]);
    expect([bench.calls.length, bench.engine.exchangeCount]).toEqual([3, 0]);
  });

  test("its session wrote what the answer may lack", () => {
    const bench = new Bench();
    const { leader } = openFlight(bench, 0);
    const writer = bench.send(READ, bench.session({ bookmark: { epoch: "e1", seq: 1 } }));
    const reader = bench.send(READ);
    leader.call?.answer();
    expect([writer.sink.heard, reader.sink.heard]).toEqual([[], ["whole"]]);
    bench.calls[1]?.answer();
    expect([bench.calls.length, writer.sink.heard.at(-1)]).toEqual([2, "finish"]);
  });

  test("its login may have written since the read left", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 1);
    bench.pass(5);
    bench.logins.note("shop", CHANGE_T, bench.now);
    const other = bench.send(READ, bench.session({ login: { ...LOGIN, name: "second" } }));
    leader.call?.answer();
    expect([joiners[0]?.sink.heard, other.sink.heard]).toEqual([[], ["whole"]]);
    expect(bench.calls.length).toBe(2);
  });

  test("the edge cannot prove any more that it is fresh", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 1);
    bench.now += 1_001; // past the bound, before any timer could fire
    leader.call?.answer();
    expect([joiners[0]?.sink.heard, bench.calls.length]).toEqual([[], 2]);
  });

  test("the bound passed while it waited: a slow leader holds nobody back, and the others are not asked twice", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 3);
    bench.pass(1_000);
    expect([bench.calls.length, bench.engine.exchangeCount]).toEqual([4, 4]);
    bench.heartbeat();
    leader.call?.answer();
    expect(bench.calls.length).toBe(4);
    for (const call of bench.calls.slice(1)) call.answer();
    expect(joiners.map(({ sink }) => sink.finalCount)).toEqual([1, 1, 1]);
    expect(bench.engine.exchangeCount).toBe(0);
  });

  test.each([
    [
      "failed at the database",
      (bench: Bench) => {
        bench.calls[0]?.dispatched();
        bench.calls[0]?.databaseError();
        bench.calls[0]?.finish();
      },
    ],
    ["failed at the origin", (bench: Bench) => bench.calls[0]?.failure({ code: "pool-exhausted" })],
    [
      "has an answer that may not be stored",
      (bench: Bench) => bench.calls[0]?.answer({ dispatched: { mayFill: false } }),
    ],
    [
      "has an answer too large to be stored",
      (bench: Bench) => {
        bench.calls[0]?.dispatched();
        bench.calls[0]?.columns();
        bench.calls[0]?.rows(20_000);
        bench.calls[0]?.end();
        bench.calls[0]?.finish();
      },
    ],
  ])("its leader %s", (_name, end) => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 2);
    end(bench);
    expect([leader.sink.finalCount, bench.calls.length]).toEqual([1, 3]);
    for (const call of bench.calls.slice(1)) call.answer();
    expect(joiners.map(({ sink }) => sink.heard)).toEqual([
      ["columns", "rows", "end", "finish"],
      ["columns", "rows", "end", "finish"],
    ]);
    expect([bench.calls.length, bench.engine.exchangeCount]).toEqual([3, 0]);
  });

  test("its leader's client went away", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 2);
    leader.pending?.cancel();
    expect([leader.call?.isCancelled, leader.sink.heard, bench.calls.length]).toEqual([true, [], 3]);
    for (const call of bench.calls.slice(1)) call.answer();
    expect(joiners.map(({ sink }) => sink.heard.at(-1))).toEqual(["finish", "finish"]);
    expect(bench.engine.exchangeCount).toBe(0);
  });
});

describe("a joiner that goes away", () => {
  test("leaves the others and the leader alone", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 3);
    joiners[1]?.pending?.cancel();
    joiners[1]?.pending?.cancel();
    expect(bench.engine.exchangeCount).toBe(3);
    leader.call?.answer();
    expect(joiners.map(({ sink }) => sink.heard)).toEqual([["whole"], [], ["whole"]]);
    expect([bench.engine.exchangeCount, bench.timers.count]).toEqual([0, 0]);
  });

  test("while it asks alone, has that cancelled", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 1);
    leader.call?.failure();
    joiners[0]?.pending?.cancel();
    expect([bench.calls[1]?.isCancelled, bench.engine.exchangeCount]).toEqual([true, 0]);
  });

  test("after it had its answer, changes nothing", () => {
    const bench = new Bench();
    const { leader, joiners } = openFlight(bench, 1);
    leader.call?.answer();
    joiners[0]?.pending?.cancel();
    joiners[0]?.pending?.resume();
    expect([joiners[0]?.sink.heard, bench.engine.exchangeCount]).toEqual([["whole"], 0]);
  });
});

test("a leader's retry keeps its joiners", () => {
  const bench = new Bench();
  const { leader, joiners } = openFlight(bench, 2);
  leader.call?.lose();
  expect(bench.calls.length).toBe(2);
  bench.calls[1]?.answer();
  expect(joiners.map(({ sink }) => sink.heard)).toEqual([["whole"], ["whole"]]);
});

test("joiners count as statements in progress: the bound holds for all together", () => {
  const bench = new Bench({ exchangesMax: 3 });
  const { leader } = openFlight(bench, 2);
  expect(bench.send(READ).decision).toMatchObject({ kind: "answered", error: { code: "too-many-clients" } });
  leader.call?.answer();
  expect(bench.send(READ).decision.kind).toBe("hit");
});
