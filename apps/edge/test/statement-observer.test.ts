import { RockpoolError } from "@rockpool/base";
import type { AnswerSink, Observation, ObservedStatement } from "@rockpool/engine";
import { writeRowLength } from "@rockpool/protocol/backhaul";
import { createLogger } from "@rockpool/telemetry";
import { expect, test } from "vitest";
import { createStatementObserver } from "../src/observe/statement-observer.ts";

/** A statement of a session, as far as an observer looks at it. */
function statementOf(
  sql: string,
  changes: { pin?: string | null; isModeKnown?: boolean } = {},
): ObservedStatement {
  const statement = {
    session: { login: { name: "app" }, pin: changes.pin ?? null },
    context: { requestId: "r1", trace: null },
    sql,
    analysis: { defaultSchema: "app", modes: "" },
    isModeKnown: changes.isModeKnown ?? true,
    facts: {},
  };
  return statement as unknown as ObservedStatement; // the rest of a session and of the facts is not asked for
}

const ignored: string[] = [];
const note = (word: string) => () => void ignored.push(word);
const SINK: AnswerSink = {
  columns: note("columns"),
  rows: () => false,
  end: note("end"),
  whole: note("whole"),
  finish: note("finish"),
  databaseError: note("database-error"),
  failure: note("failure"),
};

function open(logs = true) {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const observe = createStatementObserver({
    clock: { now: () => (time += 1.5), wallMs: () => 0 },
    log: createLogger({ write: (line) => lines.push(JSON.parse(line)) }),
    logsTemplates: () => logs,
    isTraced: false,
  });
  const start = (statement: ObservedStatement): Observation => {
    const observation = observe(statement, SINK);
    if (observation === null) throw new Error("not observed");
    observation.decided({ kind: "miss", reason: "absent" });
    return observation;
  };
  return { lines, observe, start };
}

const SESSION = statementOf("").session;

test("nothing is looked at when nothing is asked for", () => {
  expect(open(false).observe(statementOf("SELECT 1"), SINK)).toBeNull();
});

test("an answer's line: rows are counted over pieces, and the door's backpressure is passed on", () => {
  const { lines, start } = open();
  const rows = new Uint8Array(12);
  writeRowLength(rows, 0, 2);
  writeRowLength(rows, 6, 2);
  const observation = start(statementOf("SELECT a FROM t WHERE b = 'x'"));
  expect(observation.rows(rows.subarray(0, 7))).toBe(false);
  observation.rows(rows.subarray(7));
  observation.finish(SESSION, null);
  expect(lines).toEqual([
    expect.objectContaining({
      requestId: "r1",
      login: "app",
      status: "miss",
      reason: "absent",
      outcome: "done",
      rows: 2,
      durationMs: 1.5,
      template: "SELECT a FROM t WHERE b = ?",
    }),
  ]);
});

test.each<[string, (observation: Observation) => void]>([
  ["cancelled", (observation) => observation.cancelled()],
  ["outcome-unknown", (observation) => observation.failure(new RockpoolError("outcome-unknown"), SESSION)],
  [
    "database 1062",
    (observation) =>
      observation.databaseError({ errno: 1062, sqlState: "23000", message: "secret" }, SESSION),
  ],
  [
    "session-lost",
    (observation) =>
      observation.answered({ kind: "bypass", reason: "session-lost" }, new RockpoolError("session-lost")),
  ],
])("outcome: %s", (outcome, end) => {
  const { lines, start } = open();
  end(start(statementOf("SELECT 1")));
  expect(lines.map((line) => line["outcome"])).toEqual([outcome]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test.each<[string, Parameters<typeof statementOf>[1]]>([
  ["whose server's modes are not known yet", { isModeKnown: false }],
  ["with a connection of its own", { pin: "p1" }],
])("in a session %s only texts that read alike in all modes are templates", (_, changes) => {
  const { lines, start } = open();
  for (const sql of [`SELECT "x"`, "SELECT 'x'"]) start(statementOf(sql, changes)).finish(SESSION, null);
  expect(lines.map((line) => line["template"])).toEqual(["unreadable", "SELECT ?"]);
});
