import { RockpoolError } from "@rockpool/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import { bindQuery } from "./bind-query.ts";
import type { BindVariable } from "./execute-request.ts";

const LIMIT = 10_000;

function variable(type: string, value: string | Uint8Array): BindVariable {
  return { type, value: typeof value === "string" ? Buffer.from(value) : value };
}

function bind(query: string, variables: Record<string, BindVariable>): string {
  return bindQuery(query, new Map(Object.entries(variables)), LIMIT);
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return "fine";
  } catch (error) {
    return error instanceof RockpoolError ? error.code : String(error);
  }
}

const FIVE = { v1: variable("INT64", "5") };

describe("where a name counts", () => {
  test.each([
    ["SELECT :v1", "SELECT 5"],
    ["SELECT :v1,:v1", "SELECT 5,5"],
    ["SELECT ':v1', \":v1\", `:v1`, :v1", "SELECT ':v1', \":v1\", `:v1`, 5"],
    ["SELECT 'it''s :v1', 'a\\':v1', :v1", "SELECT 'it''s :v1', 'a\\':v1', 5"],
    ["SELECT 1 -- :v1\n, :v1", "SELECT 1 -- :v1\n, 5"],
    ["SELECT 1 # :v1\n, :v1", "SELECT 1 # :v1\n, 5"],
    ["SELECT /* :v1 */ :v1", "SELECT /* :v1 */ 5"],
    ["SELECT 6--:v1", "SELECT 6--5"],
    ["SELECT 6 -:v1", "SELECT 6 -5"],
    ["SELECT 6 --\u007f:v1", "SELECT 6 --\u007f:v1"],
    ["SELECT /*+ NO_ICP(t) */ :v1", "SELECT /*+ NO_ICP(t) */ 5"],
    ["again:LOOP :v1", "again:LOOP 5"],
    ["SELECT 1:v1", "SELECT 1:v1"],
    ["SELECT @a := :v1", "SELECT @a := 5"],
    ["SELECT 7 / :v1", "SELECT 7 / 5"],
    ["SELECT : v1", "SELECT : v1"],
    ["SELECT 'open :v1", "SELECT 'open :v1"],
    ["SELECT /* open :v1", "SELECT /* open :v1"],
  ])("%s", (query, expected) => {
    expect(bind(query, FIVE)).toBe(expected);
  });

  test("without variables nothing is touched, labels included", () => {
    expect(bind("again:LOOP :v1", {})).toBe("again:LOOP :v1");
  });
});

describe("literals", () => {
  test.each([
    ["NULL_TYPE", "", "null"],
    ["INT64", "-9223372036854775808", "-9223372036854775808"],
    ["UINT64", "18446744073709551615", "18446744073709551615"],
    ["INT8", "007", "7"],
    ["DECIMAL", "-12.50", "-12.50"],
    ["FLOAT64", "1.5e-7", "1.5e-7"],
    ["VARCHAR", "it's \\ \0 \r\n é😀", "'it''s \\\\ \\0 \\r\\n é😀'"],
    ["TEXT", "", "''"],
    ["CHAR", "' OR 1=1 -- ", "''' OR 1=1 -- '"],
    ["DATE", "2024-02-29", "'2024-02-29'"],
    ["JSON", '{"a":1}', `'{"a":1}'`],
    ["BLOB", "a'b", "x'612762'"],
    ["VARBINARY", "", "x''"],
  ])("%s %s", (type, value, literal) => {
    expect(bind("SELECT :v", { v: variable(type, value) })).toBe(`SELECT ${literal}`);
  });

  test.each([
    ["TUPLE", "1"],
    ["EXPRESSION", "NOW()"],
    ["int64", "1"],
    ["INT64", ""],
    ["INT64", "1 OR 1=1"],
    ["INT64", "9223372036854775808"],
    ["UINT64", "-1"],
    ["UINT64", "18446744073709551616"],
    ["FLOAT64", "inf"],
    ["FLOAT64", "1e99999"],
    ["DECIMAL", "1e5"],
    ["DECIMAL", "1".repeat(101)],
    ["VARCHAR", Uint8Array.of(0xff)],
  ])("%s %s is refused", (type, value) => {
    expect(codeOf(() => bind("SELECT :v", { v: variable(type, value) }))).toBe("bind-variable-invalid");
  });
});

test("a name that was not sent, and a list, are missing", () => {
  expect(codeOf(() => bind("SELECT :other", FIVE))).toBe("bind-variable-missing");
  expect(codeOf(() => bind("SELECT ::v1", FIVE))).toBe("bind-variable-missing");
  expect(codeOf(() => bind("SELECT :v1é", FIVE))).toBe("bind-variable-missing");
  expect(codeOf(() => bind("SELECT :toString", FIVE))).toBe("bind-variable-missing");
});

test.each(["/*!50000 :v1 */", "/*M!100100 x */ :v1", ":v1 /*! */"])(
  "variables beside an executable comment: %s",
  (query) => {
    expect(codeOf(() => bind(query, FIVE))).toBe("unsupported-statement");
    expect(bind(query, {})).toBe(query);
  },
);

test("a value repeated past the bound is refused before the text is made", () => {
  const long = { v: variable("VARCHAR", "x".repeat(2000)) };
  expect(codeOf(() => bind("SELECT :v", long))).toBe("fine");
  expect(codeOf(() => bind(`SELECT ${":v,".repeat(100_000)}1`, long))).toBe("statement-too-large");
});

test("a text literal read back as MySQL reads it is the value, with and without backslash escapes it never ends early", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("'", "\\", "\0", "\n", "\r", '"', "a", "é", ";", "-") }),
      (value) => {
        const literal = bind(":v", { v: variable("VARCHAR", value) });
        expect(readString(literal, true)).toEqual({ value, rest: "" });
        expect(readString(literal, false).rest).toBe("");
      },
    ),
    propertyOptions(1000),
  );
});

const UNESCAPES: Readonly<Record<string, string>> = { "0": "\0", n: "\n", r: "\r" };

/** Reads a quoted string as the server's lexer does. */
function readString(text: string, backslashEscapes: boolean): { value: string; rest: string } {
  let value = "";
  let at = 1;
  while (at < text.length) {
    if (backslashEscapes && text[at] === "\\") {
      value += UNESCAPES[text[at + 1] ?? ""] ?? text[at + 1];
      at += 2;
    } else if (text[at] === "'" && text[at + 1] !== "'") {
      return { value, rest: text.slice(at + 1) };
    } else {
      value += text[at];
      at += text[at] === "'" ? 2 : 1;
    }
  }
  return { value, rest: "unterminated" };
}

test.each(["_gbk :a", "_Big5 /* c */ :a", "SELECT 1, _cp932:a"])("a value beside %s is refused", (text) => {
  const variables = new Map([["a", { type: "VARCHAR", value: Buffer.from("x") }]]);
  expect(() => bindQuery(`SELECT ${text}`, variables, 1_000)).toThrow(
    expect.objectContaining({ code: "unsupported-statement" }),
  );
});
