import type { StatementCall, StatementClient, StatementHandlers } from "@rockpool/backhaul";
import { RockpoolError, type TimerHandle } from "@rockpool/base";
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
  readonly sent: { request: StatementRequest; handlers: StatementHandlers; log: string[] }[] = [];
  readonly #tasks = new Set<{ readonly at: number; readonly task: () => void }>();
  readonly upstream: OriginUpstream;

  constructor() {
    const client: Pick<StatementClient, "execute"> = {
      execute: (request, handlers): StatementCall => {
        const log: string[] = [];
        this.sent.push({ request, handlers, log });
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
      connectTimeoutMs: 3_000,
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
  test("a statement waits, and fails unsent after the connect timeout", () => {
    const bench = new Bench();
    const { told } = bench.execute();
    bench.pass(2_999);
    expect(told).toEqual([]);
    bench.pass(1);
    expect(told).toEqual(["lost true origin-unreachable"]);
    bench.upstream.setClock("origin-1", 0, bench.now);
    expect([bench.sent.length, bench.timerCount]).toEqual([0, 0]);
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
