import fc from "fast-check";
import { expect, test } from "vitest";
import { Bench, CHANGE_T, type FakeCall, type Sent } from "../test/bench.ts";
import { propertyOptions } from "../test/property-seed.ts";
import type { Session } from "./session.ts";

const READS = ["SELECT a FROM t", "SELECT a FROM u", "SELECT a FROM t WHERE id = 1"];
const OTHERS = [
  "UPDATE t SET a = 1",
  "SELECT NOW()",
  "SELECT FOUND_ROWS()",
  "SET @@boost_cached_queries = 1",
  "ROLLBACK",
];
const EPOCHS = ["e1", "e2", "e3"];

/** One thing that happens. `pick` chooses among what there is then. */
type Step =
  | { readonly kind: "send"; readonly sql: string; readonly session: Partial<Session> }
  | { readonly kind: "origin"; readonly what: number; readonly pick: number }
  | { readonly kind: "client"; readonly what: "cancel" | "resume"; readonly pick: number }
  | {
      readonly kind: "feed";
      readonly what: "change" | "heartbeat" | "epoch" | "gap" | "profile" | "no-catalogue";
    }
  | { readonly kind: "pass"; readonly ms: number };

const session: fc.Arbitrary<Partial<Session>> = fc.constantFrom<Partial<Session>>(
  {},
  {},
  {},
  { pin: "p1" },
  { pin: "p1", inTransaction: true },
  { lost: true },
  { bookmark: { epoch: "e1", seq: 2 } },
  { autocommit: false },
);
const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      sql: fc.constantFrom(...READS, ...READS, ...OTHERS),
      session,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("origin" as const), what: fc.nat(13), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("client" as const),
      what: fc.constantFrom("cancel" as const, "resume" as const),
      pick,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("feed" as const),
      what: fc.constantFrom(
        "change" as const,
        "heartbeat" as const,
        "epoch" as const,
        "gap" as const,
        "profile" as const,
        "no-catalogue" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 400, 1_000, 61_000) }),
  },
);

/** What an origin may say next; after the last five nothing follows. */
const SAYS: readonly ((call: FakeCall, seq: number) => void)[] = [
  (call, seq) => call.dispatched({ seq }),
  (call, seq) => call.dispatched({ seq, epoch: "e2" }),
  (call) => call.dispatched({ mayFill: false }),
  (call) => call.columns(),
  (call) => call.rows(),
  (call) => call.rows(9_990),
  (call) => call.end(),
  (call) => call.end({ more: true }),
  (call) => call.databaseError(),
  (call) => call.finish(),
  (call, seq) => call.finish({ epoch: "e1", seq: seq + 1, change: CHANGE_T, mayFill: false }),
  (call) => call.failure({ lost: true, harmless: false, code: "database-lost" }),
  (call) => call.failure({ code: "read-lost" }),
  (call) => call.lose(call.isPaused),
];
const FIRST_END = 9;

/** A world in which anything may happen at any time. */
class World {
  readonly bench = new Bench({ exchangesMax: 12 });
  readonly sent: (Sent & { isCancelled: boolean })[] = [];
  readonly #ended = new Set<FakeCall>();

  get open(): FakeCall[] {
    return this.bench.calls.filter((call) => !this.#ended.has(call) && !call.isCancelled);
  }

  do(one: Step): void {
    const { bench } = this;
    switch (one.kind) {
      case "send":
        this.sent.push({ ...bench.send(one.sql, bench.session(one.session)), isCancelled: false });
        return;
      case "origin": {
        const call = this.open[one.pick % Math.max(1, this.open.length)];
        if (call !== undefined) this.say(call, one.what);
        return;
      }
      case "client": {
        const target = this.sent[one.pick % Math.max(1, this.sent.length)];
        if (one.what === "cancel" && target !== undefined && target.sink.finalCount === 0)
          target.isCancelled = true;
        if (one.what === "cancel") target?.pending?.cancel();
        else target?.pending?.resume();
        return;
      }
      case "feed":
        return this.#feed(one.what);
      case "pass":
        bench.pass(one.ms);
    }
  }

  say(call: FakeCall, what: number): void {
    if (what >= FIRST_END) this.#ended.add(call);
    SAYS[what]?.(call, this.bench.freshness.position()?.seq ?? 0);
  }

  #feed(what: Extract<Step, { kind: "feed" }>["what"]): void {
    const { bench } = this;
    const epoch = bench.freshness.position()?.epoch;
    if (what === "epoch" || epoch === undefined) bench.welcome(EPOCHS[bench.calls.length % 3] ?? "e1", 3);
    else if (what === "change") bench.change();
    else if (what === "heartbeat") bench.heartbeat();
    else if (what === "gap") bench.freshness.onChange(9_999, CHANGE_T);
    else if (what === "profile") bench.engine.setProfile("shop_db", "p2", "");
    else bench.engine.setCatalogue(null);
  }
}

test("whatever happens: each statement gets exactly one end, and nothing stays in progress", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.do(one);
        expect(world.bench.engine.exchangeCount).toBeLessThanOrEqual(12);
        expect(world.bench.engine.exchangeCount).toBeGreaterThanOrEqual(world.open.length);
      }
      // The origin ends what is still open; what that makes others ask is ended too.
      for (let call = world.open[0]; call !== undefined; call = world.open[0]) world.say(call, FIRST_END);
      for (const { decision, sink, isCancelled } of world.sent) {
        const wanted = decision.kind !== "pending" || isCancelled ? 0 : 1;
        expect(sink.finalCount).toBe(wanted);
      }
      expect([world.bench.engine.exchangeCount, world.bench.timers.count]).toEqual([0, 0]);
    }),
    propertyOptions(1_500),
  );
});
