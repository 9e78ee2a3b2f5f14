import type { StatementCall, StatementClient, StatementHandlers } from "@rockpool/backhaul";
import { type ErrorCode, RockpoolError, type TimerHandle } from "@rockpool/base";
import type { UpstreamStatement } from "@rockpool/engine";
import type { StatementMessage, StatementRequest } from "@rockpool/protocol/backhaul";
import { describe, expect, test } from "vitest";
import { OriginUpstream } from "../src/origin-upstream.ts";

const STATEMENT: UpstreamStatement = {
  login: "shop",
  schema: "app",
  pin: null,
  autocommit: true,
  endsSession: false,
  timeoutMs: null,
  lastInsertId: 0n,
  variables: [],
  sql: Buffer.from("UPDATE t SET a = 1"),
  context: { requestId: "r1", trace: { traceparent: "00-…", tracestate: "" } },
};
const FAILURE: StatementMessage = {
  kind: "failure",
  failure: { code: "pool-exhausted", lost: false, harmless: true },
};

/** The way to the origin between fakes, with time that the test moves. */
class Bench {
  now = 50_000;
  readonly sent: {
    request: StatementRequest;
    handlers: StatementHandlers;
    waitMaxMs: number;
    log: string[];
  }[] = [];
  readonly #tasks = new Set<{ readonly at: number; readonly task: () => void }>();
  readonly upstream: OriginUpstream;

  constructor() {
    const client: Pick<StatementClient, "execute"> = {
      execute: (request, handlers, waitMaxMs): StatementCall => {
        const log: string[] = [];
        this.sent.push({ request, handlers, waitMaxMs, log });
        const note = (word: string) => () => void log.push(word);
        return { pause: note("pause"), resume: note("resume"), cancel: note("cancel") };
      },
    };
    this.upstream = new OriginUpstream({
      client: client as StatementClient, // the only method that it calls
      clock: { now: () => this.now, wallMs: () => 0 },
      timers: {
        after: (delayMs, task): TimerHandle => {
          const entry = { at: this.now + delayMs, task };
          this.#tasks.add(entry);
          return { cancel: () => this.#tasks.delete(entry) };
        },
      },
      requestTimeoutMs: 60_000,
      holdMaxMs: 10_000,
      waitersMax: 2,
    });
  }

  get timerCount(): number {
    return this.#tasks.size;
  }

  pass(ms: number): void {
    this.now += ms;
    for (const entry of this.#tasks) {
      if (entry.at > this.now) continue;
      this.#tasks.delete(entry);
      entry.task();
    }
  }

  execute() {
    const told: string[] = [];
    const call = this.upstream.execute(STATEMENT, {
      onMessage: (message) => told.push(message.kind),
      onLost: (harmless, cause) =>
        told.push(`lost ${harmless} ${cause instanceof RockpoolError ? cause.code : cause.message}`),
    });
    return { call, told };
  }
}

describe("a deadline (R18)", () => {
  test("is in the origin's time: its clock then, what has passed here since it was asked, and the budget", () => {
    const bench = new Bench();
    bench.upstream.setClock("origin-1", 7_000, 49_900);
    bench.now += 400;
    bench.execute();
    expect(bench.sent[0]?.request).toMatchObject({ instance: "origin-1", deadlineMs: 7_000 + 500 + 60_000 });
  });

  test("is the next process's once that one has spoken, and never told to it in the old one's time", () => {
    const bench = new Bench();
    bench.upstream.setClock("origin-1", 900_000, bench.now);
    bench.upstream.forgetClock();
    const { told } = bench.execute();
    expect(bench.sent).toEqual([]);
    bench.upstream.setClock("origin-2", 10, bench.now);
    expect(bench.sent[0]?.request).toMatchObject({ instance: "origin-2", deadlineMs: 60_010 });
    expect(told).toEqual([]);
  });

  test("comes with the client's request id and the trace that it belongs to", () => {
    const bench = new Bench();
    bench.upstream.setClock("origin-1", 0, bench.now);
    bench.execute();
    expect(bench.sent[0]?.request).toMatchObject(STATEMENT.context);
  });
});

describe("while the origin's clock is not known", () => {
  test("a statement waits, and fails unsent when it has been held for long enough", () => {
    const bench = new Bench();
    const { told } = bench.execute();
    bench.pass(9_999);
    expect(told).toEqual([]);
    bench.pass(1);
    expect(told).toEqual(["lost true origin-unreachable"]);
    bench.upstream.setClock("origin-1", 0, bench.now);
    expect([bench.sent.length, bench.timerCount]).toEqual([0, 0]);
  });

  test("what it has waited is no longer there for the connection, nor for the statement", () => {
    const bench = new Bench();
    bench.execute();
    bench.pass(4_000);
    bench.upstream.setClock("origin-1", 0, bench.now);
    expect(bench.sent[0]).toMatchObject({ waitMaxMs: 6_000, request: { deadlineMs: 56_000 } });
  });

  test("more than may wait fail at once, a cancelled one makes room", async () => {
    const bench = new Bench();
    const first = bench.execute();
    const second = bench.execute();
    const third = bench.execute();
    expect(third.told).toEqual([]); // never before `execute` has returned
    await Promise.resolve();
    expect(third.told).toEqual(["lost true origin-unreachable"]);
    first.call.cancel();
    const fourth = bench.execute();
    bench.upstream.setClock("origin-1", 0, bench.now);
    expect([bench.sent.length, first.told, second.told, fourth.told]).toEqual([2, [], [], []]);
  });

  test("a pause is remembered", () => {
    const bench = new Bench();
    const { call } = bench.execute();
    call.pause();
    bench.upstream.setClock("origin-1", 0, bench.now);
    call.resume();
    expect(bench.sent[0]?.log).toEqual(["pause", "resume"]);
  });
});

describe("a statement under way", () => {
  function start() {
    const bench = new Bench();
    bench.upstream.setClock("origin-1", 0, bench.now);
    const trip = bench.execute();
    const [sent] = bench.sent;
    if (sent === undefined) throw new Error("not sent");
    return { bench, sent, ...trip };
  }

  test("hears its answer to the end and nothing after it", () => {
    const { bench, sent, told } = start();
    sent.handlers.onMessage(FAILURE);
    sent.handlers.onMessage(FAILURE);
    sent.handlers.onLost(false, new Error("late"));
    bench.pass(100_000);
    expect([told, bench.timerCount]).toEqual([["failure"], 0]);
  });

  test("hears of its loss once", () => {
    const { bench, sent, told } = start();
    sent.handlers.onLost(false, new Error("cut"));
    sent.handlers.onMessage(FAILURE);
    bench.pass(100_000);
    expect(told).toEqual(["lost false cut"]);
  });

  test("that is never answered, not even at its deadline, is cancelled: its outcome is unknown", () => {
    const { bench, sent, told } = start();
    bench.pass(61_999);
    expect(told).toEqual([]);
    bench.pass(1);
    expect([told, sent.log]).toEqual([["lost false outcome-unknown"], ["cancel"]]);
  });

  test("that is cancelled hears nothing more", () => {
    const { bench, sent, told, call } = start();
    call.cancel();
    call.cancel();
    sent.handlers.onMessage(FAILURE);
    bench.pass(100_000);
    expect([told, sent.log]).toEqual([[], ["cancel"]]);
  });
});

describe("a statement that certainly did not reach the database", () => {
  const failure = (code: ErrorCode, harmless = true): StatementMessage => ({
    kind: "failure",
    failure: { code, lost: false, harmless },
  });
  const DISPATCHED: StatementMessage = {
    kind: "dispatched",
    dispatched: { epoch: "e", seq: 1, profile: "p", mayFill: true },
  };

  function start() {
    const bench = new Bench();
    bench.upstream.setClock("origin-1", 0, bench.now);
    return { bench, ...bench.execute(), last: () => bench.sent.at(-1)?.handlers };
  }

  test("is sent again, at once and then less and less often, for ten seconds", () => {
    const { bench, told, last } = start();
    let lostCount = 0;
    for (let passedMs = 0; passedMs <= 10_000; passedMs += 25) {
      for (; lostCount < bench.sent.length; lostCount++) last()?.onLost(true, new Error("refused"));
      bench.pass(25);
    }
    expect(told).toEqual(["lost true origin-unreachable"]);
    expect(bench.sent[1]?.waitMaxMs).toBe(10_000);
    expect(bench.sent.length).toBeGreaterThan(15);
    expect(bench.sent.length).toBeLessThan(40);
    expect(bench.timerCount).toBe(0);
  });

  test("is answered as if nothing had been", () => {
    const { bench, told, last } = start();
    last()?.onLost(true, new Error("refused"));
    last()?.onMessage(DISPATCHED);
    last()?.onMessage(failure("database-unreachable"));
    expect([told, bench.timerCount]).toEqual([["dispatched", "failure"], 0]);
  });

  test("is not sent again when nobody wants it, or when it may have reached it after all", () => {
    for (const [harmless, cause, expected] of [
      [true, new RockpoolError("origin-unreachable"), "lost true origin-unreachable"],
      [false, new Error("cut"), "lost false cut"],
    ] as const) {
      const { bench, told, last } = start();
      last()?.onLost(harmless, cause);
      bench.pass(100_000);
      expect([told, bench.sent.length]).toEqual([[expected], 1]);
    }
  });

  test("is not sent again once an answer has begun", () => {
    const { bench, told, last } = start();
    last()?.onMessage(DISPATCHED);
    last()?.onLost(true, new Error("refused"));
    bench.pass(100_000);
    expect([told, bench.sent.length]).toEqual([["dispatched", "lost true refused"], 1]);
  });

  test("waits for the next process's clock when that one has got it", () => {
    const { bench, told, last } = start();
    last()?.onMessage(failure("origin-unreachable"));
    bench.pass(1_000);
    expect(bench.sent.length).toBe(1);
    bench.execute(); // nobody asks the wrong one again
    expect(bench.sent.length).toBe(1);
    bench.upstream.setClock("origin-2", 7, bench.now);
    expect(bench.sent.map(({ request }) => request.instance)).toEqual(["origin-1", "origin-2", "origin-2"]);
    expect(bench.sent[1]?.request.deadlineMs).toBe(7 + 59_000);
    expect(told).toEqual([]);
  });

  test("is held for as long as the origin says that it stops, but not beyond its deadline", () => {
    const { bench, told, last } = start();
    for (let passedMs = 0; passedMs < 59_000; passedMs += 500) {
      last()?.onMessage(failure("shutting-down"));
      bench.pass(500);
    }
    expect([told, bench.sent.length > 100]).toEqual([[], true]);
    bench.pass(1_000);
    last()?.onMessage(failure("shutting-down"));
    bench.pass(1_000);
    expect([told, bench.timerCount]).toEqual([["lost true origin-unreachable"], 0]);
  });

  test("is not sent again when its client has left meanwhile; a pause outlives a loss", () => {
    const { bench, told, last, call } = start();
    call.pause();
    last()?.onLost(true, new Error("refused"));
    expect(bench.sent[1]?.log).toEqual(["pause"]);
    last()?.onLost(true, new Error("refused"));
    call.cancel();
    bench.pass(100_000);
    expect([told, bench.sent.length, bench.timerCount]).toEqual([[], 2, 0]);
  });
});
