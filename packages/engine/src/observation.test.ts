import { expect, test } from "vitest";
import { Bench, CONTEXT, FakeSink } from "../test/bench.ts";
import type { AnswerSink } from "./answer-sink.ts";
import type { ObservedStatement, Observation } from "./observation.ts";

const READ = "SELECT a FROM t WHERE b = 'x'";

/** Writes down what it is told; passes everything on. */
class FakeObservation extends FakeSink implements Observation {
  readonly statement: ObservedStatement;
  readonly #sink: AnswerSink;

  constructor(statement: ObservedStatement, sink: AnswerSink) {
    super();
    this.statement = statement;
    this.#sink = sink;
  }

  decided(status: Parameters<Observation["decided"]>[0]): void {
    this.heard.push(`decided ${status.kind === "hit" ? "hit" : status.reason}`);
  }
  answered(status: Parameters<Observation["answered"]>[0], error: Error | null): void {
    this.heard.push(`answered ${status.kind === "hit" ? "hit" : status.reason} ${error === null}`);
  }
  cancelled(): void {
    this.heard.push("cancelled");
  }
  override finish(...given: Parameters<AnswerSink["finish"]>): void {
    super.finish(...given);
    this.#sink.finish(...given);
  }
  override whole(...given: Parameters<AnswerSink["whole"]>): void {
    super.whole(...given);
    this.#sink.whole(...given);
  }
}

function openBench() {
  const seen: FakeObservation[] = [];
  const bench = new Bench({
    observe: (statement, sink) => {
      const observation = new FakeObservation(statement, sink);
      seen.push(observation);
      return observation;
    },
  });
  return { bench, seen };
}

test("a miss is seen from its decision to its end; its context travels to the origin", () => {
  const { bench, seen } = openBench();
  const { call, sink } = bench.send(READ);
  call?.answer();
  expect(seen[0]?.heard).toEqual(["decided absent", "columns", "rows", "end", "finish"]);
  expect(sink.heard).toEqual(["finish"]); // what the observation passed on
  expect(seen[0]?.statement).toMatchObject({ sql: READ, context: CONTEXT, facts: { kind: "select" } });
  expect(call?.statement.context).toBe(CONTEXT);
});

test("nobody is asked about a hit", () => {
  const { bench, seen } = openBench();
  bench.fill(READ);
  expect(bench.send(READ).decision.kind).toBe("hit");
  expect(seen).toHaveLength(1);
});

test("one that joins another's read is told so", () => {
  const { bench, seen } = openBench();
  const { call } = bench.send(READ);
  bench.send(READ);
  call?.answer();
  expect(seen[1]?.heard).toEqual(["decided joined", "whole"]);
});

test("what the edge answers by itself is told at once", () => {
  const { bench, seen } = openBench();
  bench.send("SELECT ROW_COUNT()");
  bench.send("ROLLBACK", bench.session({ lost: true }));
  expect(seen.map(({ heard }) => heard)).toEqual([["answered rejected false"], ["answered local true"]]);
});

test("a client that goes away is told, and the call is cancelled", () => {
  const { bench, seen } = openBench();
  const { call, pending } = bench.send(READ);
  pending?.cancel();
  expect([seen[0]?.heard, call?.isCancelled]).toEqual([["decided absent", "cancelled"], true]);
});
