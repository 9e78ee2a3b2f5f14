import { describe, expect, test } from "vitest";
import { Bench, CHANGE_T, type FakeCall } from "../test/bench.ts";
import { RENDERING_OVERHEAD_BYTES, RENDERINGS_MAX, renderingOf, rowsOf } from "./stored-result.ts";

const READ = "SELECT a FROM t WHERE b = 'x'";

/** Each row: how the answer differs from one that is stored, and what is said of it (nothing = it was not even asked). */
const REFUSED: readonly [name: string, answer: (call: FakeCall, bench: Bench) => void, outcome?: string][] = [
  [
    "its connection has another profile (R16)",
    (call) => call.answer({ dispatched: { profile: "q" } }),
    "other-profile",
  ],
  [
    "its table changed after its stamp",
    (call, bench) => {
      call.dispatched();
      bench.change();
      rest(call);
    },
    "changed",
  ],
  [
    "a definition changed after its catalogue (R11)",
    (call, bench) => {
      bench.change({ ...CHANGE_T, tables: [], schemas: ["app"] });
      call.dispatched({ seq: 1 });
      rest(call);
    },
    "definition-changed",
  ],
  [
    "its table is in doubt (R14)",
    (call, bench) => {
      bench.freshness.onDoubt(1, "d", CHANGE_T);
      call.dispatched({ seq: 1 });
      rest(call);
    },
    "in-doubt",
  ],
  [
    "another origin stamped it (R19)",
    (call) => call.answer({ dispatched: { epoch: "else" } }),
    "other-epoch",
  ],
  [
    "a new epoch began in flight",
    (call, bench) => {
      call.dispatched();
      bench.welcome("e2", 0);
      rest(call);
    },
    "other-epoch",
  ],
  [
    "the feed broke in flight",
    (call, bench) => {
      call.dispatched();
      bench.freshness.onChange(77, CHANGE_T);
      rest(call);
    },
    "no-feed",
  ],
  ["its connection was not fit at the start (R4)", (call) => call.answer({ dispatched: { mayFill: false } })],
  ["its connection was not fit at the end (R4)", (call) => call.answer({ finish: { mayFill: false } })],
  [
    "it has warnings",
    (call) => {
      begin(call);
      call.end({ warnings: 1 });
      call.finish();
    },
  ],
  [
    "it has several results",
    (call) => {
      begin(call);
      call.end({ more: true });
      call.columns();
      call.end();
      call.finish();
    },
  ],
  [
    "an OK follows its result",
    (call) => {
      begin(call);
      call.end({ more: true });
      call.end();
      call.finish();
    },
  ],
  [
    "it has no columns",
    (call) => {
      call.dispatched();
      call.end();
      call.finish();
    },
  ],
  [
    "it has no end",
    (call) => {
      begin(call);
      call.finish();
    },
  ],
  [
    "the origin never said when it was dispatched",
    (call) => {
      call.columns();
      call.rows();
      call.end();
      call.finish();
    },
  ],
  [
    "it is larger than an entry may be",
    (call) => {
      begin(call);
      call.rows(10_000);
      call.end();
      call.finish();
    },
  ],
  [
    "it is just too large with what an entry costs",
    (call) => {
      begin(call);
      call.rows(9_900);
      call.end();
      call.finish();
    },
    "entry-too-large",
  ],
  [
    "the database failed it",
    (call) => {
      begin(call);
      call.databaseError(1317);
      call.finish();
    },
  ],
  [
    "the origin failed it",
    (call) => {
      begin(call);
      call.failure({ code: "deadline-exceeded" });
    },
  ],
  [
    "it broke off (S4)",
    (call) => {
      begin(call);
      call.end();
      call.lose();
    },
  ],
];

function begin(call: FakeCall): void {
  call.dispatched();
  call.columns();
  call.rows();
}

function rest(call: FakeCall): void {
  call.columns();
  call.rows();
  call.end();
  call.finish();
}

describe("an answer is not stored when", () => {
  test.each(REFUSED)("%s", (_name, answer, outcome) => {
    const bench = new Bench();
    const { call, sink } = bench.send(READ);
    if (call !== null) answer(call, bench);
    expect([sink.finalCount, sink.entry, bench.cache.count]).toEqual([1, null, 0]);
    expect(bench.admissions).toEqual(outcome === undefined ? [] : [outcome]);
    expect(bench.engine.exchangeCount).toBe(0);
  });
});

test("stored: a copy of the rows, the stamp of its dispatch, its age from when it was sent", () => {
  const bench = new Bench();
  bench.change();
  const { call, sink } = bench.send(READ);
  bench.pass(50);
  call?.dispatched({ seq: 1 });
  call?.columns();
  const piece = Uint8Array.of(0, 0, 0, 1, 65);
  call?.handlers.onMessage({ kind: "rows", piece });
  piece.fill(255);
  call?.handlers.onMessage({ kind: "rows", piece: Uint8Array.of(0, 0, 0, 1, 66) });
  call?.end();
  call?.finish();
  expect(sink.entry?.stamp).toEqual({ epoch: "e1", seq: 1, catalogueSeq: 0 });
  expect(sink.entry?.deps).toMatchObject({ tables: ["app.t"], keys: [], schemas: ["app"] });
  expect(sink.entry?.dispatchedAt).toBe(bench.now - 50);
  expect(sink.entry === null ? null : [...rowsOf(sink.entry.body)]).toEqual([0, 0, 0, 1, 65, 0, 0, 0, 1, 66]);
  expect(bench.admissions).toEqual(["admit"]);
  expect(bench.send(READ).decision).toMatchObject({ kind: "hit", status: { ageMs: 50 } });
});

test("a plan made in another epoch is never current, whatever its position was (R11)", () => {
  const bench = new Bench();
  for (let count = 0; count < 500; count++) bench.change();
  bench.engine.setCatalogue({ epoch: "e1", seq: 500 });
  const { call, sink } = bench.send(READ);
  // While it waits at the origin, another server takes over; there, a definition changes.
  bench.welcome("e2", 0);
  bench.change({ ...CHANGE_T, tables: [], schemas: ["app"] });
  call?.answer({ dispatched: { epoch: "e2", seq: 1 } });
  expect([sink.entry, bench.admissions]).toEqual([null, ["definition-changed"]]);
});

test("the key's profile is what counts, also when the account's becomes another one in flight (R16)", () => {
  const bench = new Bench();
  const { call, sink } = bench.send(READ);
  bench.engine.setProfile("shop_db", "q", "");
  call?.answer({ dispatched: { profile: "q" } });
  expect([sink.entry, bench.admissions]).toEqual([null, ["other-profile"]]);
  bench.engine.setProfile("shop_db", "p", "");
  expect(bench.statusOf(bench.send(READ))).toBe("miss: absent");
});

test("an entry that a door made larger is accounted for, and one that is gone is not stored again", () => {
  const bench = new Bench();
  const entry = bench.fill(READ);
  const before = bench.cache.bytes;
  expect(bench.engine.keepRendering(entry, "a", "x".repeat(500))).toBe(true);
  expect(bench.cache.bytes).toBe(before + 500 + RENDERING_OVERHEAD_BYTES);
  bench.cache.clear();
  expect(bench.engine.keepRendering(entry, "b", new Uint8Array(10))).toBe(true);
  expect([bench.cache.count, renderingOf(entry.body, "a")]).toEqual([0, "x".repeat(500)]);
  expect([renderingOf(entry.body, "b")?.length, renderingOf(entry.body, "c")]).toEqual([10, null]);
});

test("an entry keeps no more renderings than its share, and stays without those that do not fit", () => {
  const bench = new Bench({ entrySizeMaxBytes: 1_000 });
  const entry = bench.fill(READ);
  expect(bench.engine.keepRendering(entry, "large", "x".repeat(4_000))).toBe(false);
  for (let index = 0; index < RENDERINGS_MAX; index++) {
    expect(bench.engine.keepRendering(entry, `f${index}`, "x".repeat(10))).toBe(true);
  }
  expect(bench.engine.keepRendering(entry, "one more", "x")).toBe(false);
  expect([bench.cache.get(entry.key), entry.body.renderings.length]).toEqual([entry, RENDERINGS_MAX]);
  bench.engine.drop(entry);
  expect(bench.cache.count).toBe(0);
});
