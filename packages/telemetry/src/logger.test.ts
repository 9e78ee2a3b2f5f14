import { RockpoolError } from "@rockpool/base";
import { expect, test } from "vitest";
import { createLogger, type LogFields, type LogLevel } from "./logger.ts";

/** The lines a logger wrote, parsed. */
function capture(level: LogLevel = "debug") {
  const lines: string[] = [];
  const logger = createLogger({ level, name: "edge", write: (line) => lines.push(line) });
  return { logger, lines, parsed: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

test("a line is one JSON object with level, ISO time, name and message", () => {
  const { logger, lines, parsed } = capture();
  logger.info("listening", { port: 8080, total: 12n });
  expect(lines).toHaveLength(1);
  expect(parsed()[0]).toMatchObject({
    level: "info",
    name: "edge",
    msg: "listening",
    port: 8080,
    total: "12",
  });
  expect(parsed()[0]?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("lines below the level are not written", () => {
  const { logger, parsed } = capture("warn");
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  expect(parsed().map((line) => line["msg"])).toEqual(["c", "d"]);
});

test.each([
  "password",
  "dbPassword",
  "authorization",
  "Authorization",
  "proxy-authorization",
  "sharedSecret",
  "sessionToken",
  "cookie",
  "sql",
  "statementText",
])("the value of %s is redacted, also in a child", (name) => {
  const { logger, lines } = capture();
  logger.info("x", { [name]: "hunter2" });
  logger.child({ [name]: "hunter2" }).info("y");
  expect(lines.join("")).not.toContain("hunter2");
  expect(lines.join("").split("[redacted]")).toHaveLength(3);
});

test("a child adds its fields to every line", () => {
  const { logger, parsed } = capture();
  logger.child({ requestId: "r1" }).child({ login: "app" }).warn("slow");
  expect(parsed()[0]).toMatchObject({ requestId: "r1", login: "app", msg: "slow" });
});

test("an error of ours keeps code and context; secrets in the context go", () => {
  const { logger, parsed } = capture();
  const error = new RockpoolError("pool-exhausted", { context: { waiters: 3, password: "hunter2" } });
  logger.error("refused", { error });
  expect(parsed()[0]?.["error"]).toMatchObject({
    type: "RockpoolError",
    code: "pool-exhausted",
    context: { waiters: 3, password: "[redacted]" },
  });
});

/** Errors that quote what they were given, as their libraries throw them. */
const quoting: [string, Error][] = [
  [
    "a database client's error",
    Object.assign(new Error("Duplicate entry 'hunter2'"), {
      code: "ER_DUP_ENTRY",
      errno: 1062,
      sqlState: "23000",
      sqlMessage: "Duplicate entry 'hunter2'",
      sql: "INSERT INTO t VALUES ('hunter2')",
    }),
  ],
  ["JSON.parse's error", new SyntaxError(`Unexpected token 'h', "hunter2" is not valid JSON`)],
];

test.each(quoting)("%s leaves no text in the log, neither directly nor as a cause", (_, error) => {
  const { logger, lines } = capture();
  const fields: LogFields = { direct: error, wrapped: new RockpoolError("internal", { cause: error }) };
  logger.error("failed", fields);
  expect(lines.join("")).not.toContain("hunter2");
  expect(lines.join("")).toContain(error.name);
});

test("errno and SQLSTATE of a database error are kept", () => {
  const { logger, parsed } = capture();
  logger.error("failed", { error: Object.assign(new Error("x"), { errno: 1062, sqlState: "23000" }) });
  expect(parsed()[0]?.["error"]).toMatchObject({ errno: 1062, sqlState: "23000" });
});

test("a cycle of causes ends", () => {
  const { logger, lines } = capture();
  const error = new Error("round");
  error.cause = error;
  logger.error("failed", { error });
  expect(lines).toHaveLength(1);
});

test("the level can be changed, for children that are there already too", () => {
  const lines: string[] = [];
  const log = createLogger({ level: "warn", write: (line) => lines.push(line) });
  const child = log.child({ part: "x" });
  child.info("unheard");
  log.setLevel("debug");
  child.debug("heard");
  log.setLevel("silent");
  child.error("unheard");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["heard"]);
});
