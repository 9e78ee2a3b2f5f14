import { RockpoolError } from "@rockpool/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import { parseExecuteRequest } from "./execute-request.ts";

const codeOf = (body: string): string => {
  try {
    parseExecuteRequest(body);
    return "parsed";
  } catch (error) {
    return error instanceof RockpoolError ? error.code : String(error);
  }
};

test("what the driver sends", () => {
  expect(parseExecuteRequest('{"query":"SELECT 1","session":null}')).toEqual({
    query: "SELECT 1",
    signature: null,
    bindVariables: new Map(),
  });
  const body = JSON.stringify({
    query: "SELECT 2",
    session: { signature: "abc.def", vitessSession: { x: 1 } },
  });
  expect(parseExecuteRequest(body).signature).toBe("abc.def");
});

test("unknown members are ignored, absent ones are empty", () => {
  expect(parseExecuteRequest('{"prepared":true,"__proto__":{"query":"x"}}')).toEqual({
    query: "",
    signature: null,
    bindVariables: new Map(),
  });
});

test.each(["bind_variables", "bindVariables"])("%s", (member) => {
  const variables =
    '{"v1":{"type":"INT64","value":"NQ=="},"n":{},"__proto__":{"type":"VARCHAR","value":"_-8="}}';
  const { bindVariables } = parseExecuteRequest(`{"query":"SELECT :v1","${member}":${variables}}`);
  expect([...bindVariables].map(([name, { type, value }]) => [name, type, [...value]])).toEqual([
    ["v1", "INT64", [0x35]],
    ["n", "NULL_TYPE", []],
    ["__proto__", "VARCHAR", [0xff, 0xef]],
  ]);
});

describe("refused", () => {
  test.each([
    ["", "bad-request"],
    ["null", "bad-request"],
    ["[]", "bad-request"],
    ['"SELECT 1"', "bad-request"],
    ['{"query":1}', "bad-request"],
    ['{"query":"x","session":"abc"}', "bad-session"],
    ['{"query":"x","session":[]}', "bad-session"],
    ['{"query":"x","session":{}}', "bad-session"],
    ['{"query":"x","session":{"signature":""}}', "bad-session"],
    ['{"query":"x","session":{"signature":7}}', "bad-session"],
    [`{"query":"x","session":{"signature":"${"a".repeat(20_000)}"}}`, "bad-session"],
    ['{"query":"x","bind_variables":[]}', "bad-request"],
    ['{"query":"x","bind_variables":{"v1":5}}', "bad-request"],
    ['{"query":"x","bind_variables":{"v1":{"type":9}}}', "bad-request"],
    ['{"query":"x","bind_variables":{"v1":{"type":"INT64","value":"not base64!"}}}', "bad-request"],
  ])("%.60s", (body, code) => {
    expect(codeOf(body)).toBe(code);
  });

  test("70,000 bind variables", () => {
    const entries = Array.from({ length: 70_000 }, (_, index) => `"v${index}":{}`);
    expect(codeOf(`{"query":"x","bind_variables":{${entries.join(",")}}}`)).toBe("bad-request");
  });

  test("JSON nested 100,000 deep is read or refused, and does not overflow", () => {
    expect(["parsed", "bad-request"]).toContain(
      codeOf(`{"query":"x","y":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
    );
  });
});

test("any text and any JSON: a request or one of two errors", () => {
  const member = fc.constantFrom(
    "query",
    "session",
    "signature",
    "bind_variables",
    "bindVariables",
    "v1",
    "type",
    "value",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 1 }),
      fc.dictionary(member, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  const body = fc.oneof(
    fc.string(),
    tree.map((value) => JSON.stringify(value)),
    tree.map((value) => JSON.stringify(value).slice(0, -1)),
  );
  fc.assert(
    fc.property(body, (text) => {
      expect(["parsed", "bad-request", "bad-session"]).toContain(codeOf(text));
    }),
    propertyOptions(2000),
  );
});
