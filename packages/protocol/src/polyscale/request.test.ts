import { RockpoolError } from "@rockpool/base";
import { describe, expect, test } from "vitest";
import { encodeTidbError, parseIsolationLevel, parseTidbQuery } from "../tidb/index.ts";
import { encodePolyscaleError, parseSqlRequest } from "./index.ts";

const REQUEST = {
  cacheId: "c",
  username: "u",
  password: "p",
  sql: "SELECT 1",
  provider: "mysql",
  database: "d",
};

describe("the body of /sql", () => {
  test("is read by its names, bindings in both forms", () => {
    expect(parseSqlRequest(JSON.stringify(REQUEST))).toEqual({
      username: "u",
      password: "p",
      sql: "SELECT 1",
      provider: "mysql",
      database: "d",
      bindings: null,
    });
    const list = parseSqlRequest(JSON.stringify({ ...REQUEST, bindings: [1, "a", null, true, [1, 2]] }));
    expect(list.bindings).toEqual([1, "a", null, true, [1, 2]]);
    const named = parseSqlRequest(`{"bindings":{"__proto__":1},${JSON.stringify(REQUEST).slice(1)}`);
    expect(named.bindings).toEqual(new Map([["__proto__", 1]]));
  });

  test.each([
    ["no JSON", "x"],
    ["a list", "[]"],
    ["no password", JSON.stringify({ ...REQUEST, password: undefined })],
    ["a number for a name", JSON.stringify({ ...REQUEST, username: 1 })],
    ["text for bindings", JSON.stringify({ ...REQUEST, bindings: "x" })],
    [
      "too many bindings",
      JSON.stringify({ ...REQUEST, bindings: [Array.from({ length: 65_536 }, () => 1)] }),
    ],
    [
      "more values than any statement has",
      JSON.stringify({ ...REQUEST, x: Array.from({ length: 70_001 }, () => 1) }),
    ],
  ])("%s is refused", (_name, body) => {
    expect(() => parseSqlRequest(body)).toThrow(expect.objectContaining({ code: "bad-request" }));
  });

  test("may have as many bindings as a prepared statement", () => {
    const bindings = Array.from({ length: 65_535 }, () => 1);
    expect(parseSqlRequest(JSON.stringify({ ...REQUEST, bindings })).bindings).toHaveLength(65_535);
  });

  test.each([
    ["an object", {}],
    ["a list in a list", [[1]]],
  ])("%s is no value", (_name, value) => {
    const body = JSON.stringify({ ...REQUEST, bindings: [value] });
    expect(() => parseSqlRequest(body)).toThrow(expect.objectContaining({ code: "bind-variable-invalid" }));
  });
});

test("the body of /v1beta/sql is its query, or nothing", () => {
  expect([
    parseTidbQuery('{"query":"SELECT 1"}'),
    parseTidbQuery("{}"),
    parseTidbQuery('{"query":null}'),
  ]).toEqual(["SELECT 1", "", ""]);
  for (const body of ["x", "[]", '{"query":1}']) {
    expect(() => parseTidbQuery(body)).toThrow(expect.objectContaining({ code: "bad-request" }));
  }
});

test("an isolation level is one of four", () => {
  expect([
    parseIsolationLevel(undefined),
    parseIsolationLevel(""),
    parseIsolationLevel("read-committed"),
  ]).toEqual([null, null, "READ COMMITTED"]);
  expect(() => parseIsolationLevel("READ COMMITTED; DROP TABLE t")).toThrow(RockpoolError);
});

test("errors have the forms that their clients throw", () => {
  const database = { errno: 1146, sqlState: "42S02", message: "Table 'app.ü' doesn't exist" };
  const message = "Table 'app.ü' doesn't exist (errno 1146) (sqlstate 42S02)";
  const polyscale = encodePolyscaleError(database);
  expect(JSON.parse(polyscale.body)).toEqual({
    statusCode: 400,
    code: "1146",
    error: "Bad Request",
    message,
  });
  expect(polyscale.httpStatus).toBe(400);
  const tidb = encodeTidbError(database);
  expect([tidb.httpStatus, JSON.parse(tidb.body)]).toEqual([400, { code: "1146", message }]);
  const own = new RockpoolError("access-denied");
  expect(JSON.parse(encodePolyscaleError(own).body)).toMatchObject({
    statusCode: 401,
    error: "Unauthorized",
  });
  expect(encodeTidbError(own).httpStatus).toBe(401);
  expect(polyscale.body + tidb.body).toMatch(/^[\x20-\x7e]*$/);
});
