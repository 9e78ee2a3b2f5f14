import type { StatementResponder } from "@rockpool/backhaul";
import {
  encodeRowsFrame,
  encodeStatementMessage,
  type StatementRequest,
  writeRowLength,
} from "@rockpool/protocol/backhaul";
import { createLogger } from "@rockpool/telemetry";
import { expect, test } from "vitest";
import { type HandleStatement, watchStatements } from "../src/observe/watch-statements.ts";

const REQUEST: StatementRequest = {
  requestId: "r1",
  trace: null,
  instance: "o1",
  deadlineMs: 0,
  login: "app",
  schema: "shop",
  pin: null,
  autocommit: true,
  lastInsertId: 0n,
  variables: [],
  endsSession: false,
  sql: Buffer.from("SELECT a FROM t WHERE b = 'secret'"),
};
const DISPATCHED = encodeStatementMessage({
  kind: "dispatched",
  dispatched: { epoch: "e", seq: 1, profile: "p", mayFill: true },
});
const FINISH = encodeStatementMessage({
  kind: "finish",
  finish: {
    pin: null,
    inTransaction: false,
    lastInsertId: 0n,
    epoch: "",
    seq: 0,
    change: null,
    mayFill: false,
  },
});

/** A responder that writes down how many frames passed. */
function fakeResponder(isAborted = false): StatementResponder & { frameCount: number } {
  return {
    frameCount: 0,
    isAborted,
    onDrain: () => {},
    onAborted: () => {},
    send() {
      this.frameCount += 1;
      return true;
    },
    end() {},
  };
}

function watch(handle: HandleStatement, options: { logs?: boolean; sqlMode?: string | null } = {}) {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const watched = watchStatements(handle, {
    clock: { now: () => (time += 2), wallMs: () => 0 },
    log: createLogger({ write: (line) => lines.push(JSON.parse(line)) }),
    logsTemplates: () => options.logs ?? true,
    tracing: null,
    sqlModeOf: () => (options.sqlMode === undefined ? "" : options.sqlMode),
    isMariaDb: () => true,
    database: { host: "db", port: 3306 },
  });
  return { lines, watched };
}

test("where nothing is asked for, the responder is the very one that came", async () => {
  const seen: StatementResponder[] = [];
  const { watched, lines } = watch((_, responder) => Promise.resolve(void seen.push(responder)), {
    logs: false,
  });
  const responder = fakeResponder();
  await watched(REQUEST, responder);
  expect([seen[0] === responder, lines]).toEqual([true, []]);
});

test("a whole answer: every frame passes, rows are counted, the wait is told apart", async () => {
  const rows = new Uint8Array(5);
  writeRowLength(rows, 0, 1);
  const { watched, lines } = watch((_, responder) => {
    for (const frame of [DISPATCHED, encodeRowsFrame(rows), FINISH]) responder.send(frame);
    return Promise.resolve();
  });
  const responder = fakeResponder();
  await watched(REQUEST, responder);
  expect(responder.frameCount).toBe(3);
  expect(lines).toEqual([
    expect.objectContaining({
      requestId: "r1",
      login: "app",
      outcome: "done",
      rows: 1,
      waitMs: 2,
      durationMs: 4,
      template: "SELECT a FROM t WHERE b = ?",
    }),
  ]);
});

test.each<[string, Uint8Array[], boolean]>([
  [
    "database 1062",
    [
      encodeStatementMessage({
        kind: "database-error",
        error: { errno: 1062, sqlState: "23000", message: "secret" },
      }),
      FINISH,
    ],
    false,
  ],
  [
    "pool-exhausted",
    [
      encodeStatementMessage({
        kind: "failure",
        failure: { code: "pool-exhausted", lost: false, harmless: true },
      }),
    ],
    false,
  ],
  ["cancelled", [DISPATCHED], true],
  ["unfinished", [], false],
])("outcome: %s", async (outcome, frames, isAborted) => {
  const { watched, lines } = watch((_, responder) => {
    for (const frame of frames) responder.send(frame);
    return Promise.resolve();
  });
  await watched(REQUEST, fakeResponder(isAborted));
  expect(lines.map((line) => line["outcome"])).toEqual([outcome]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test.each<[string, Partial<StatementRequest>, string | null]>([
  ["the server's mode is not known", {}, null],
  ["it is an odd one", {}, "ANSI_QUOTES"],
  ["the session set an odd one", { variables: [{ name: "sql_mode", value: "'ANSI_QUOTES'" }] }, ""],
  ["the session has a connection of its own", { pin: "p1" }, ""],
])("a text with double quotes has no template when %s", async (_, changes, sqlMode) => {
  const { watched, lines } = watch(() => Promise.resolve(), { sqlMode });
  await watched({ ...REQUEST, ...changes, sql: Buffer.from('SELECT "secret"') }, fakeResponder());
  expect(lines.map((line) => line["template"])).toEqual(["unreadable"]);
});

test("a text that is not UTF-8 has none", async () => {
  const { watched, lines } = watch(() => Promise.resolve());
  await watched({ ...REQUEST, sql: Buffer.from([0x53, 0xff, 0x27]) }, fakeResponder());
  expect(lines.map((line) => line["template"])).toEqual(["unreadable"]);
});
