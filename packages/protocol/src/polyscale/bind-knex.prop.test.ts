import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import { bindKnex } from "./bind-knex.ts";
import type { KnexBindings, KnexValue } from "./sql-request.ts";

/** Each row: the text, the bindings, what becomes of it. */
const BOUND: readonly [sql: string, bindings: KnexBindings, bound: string][] = [
  ["SELECT 1", null, "SELECT 1"],
  ["SELECT ?", null, "SELECT ?"],
  ["SELECT 1", [], "SELECT 1"],
  ["SELECT ?, ?", [1, "a"], "SELECT 1, 'a'"],
  ["SELECT ?", [null], "SELECT NULL"],
  ["SELECT ?", [true], "SELECT true"],
  ["SELECT ?", [-0.5], "SELECT -0.5"],
  ["SELECT ?", [1e21], "SELECT 1e+21"],
  ["SELECT ?", ["it's \\ \0\n"], "SELECT 'it''s \\\\ \\0\\n'"],
  ["WHERE id IN (?)", [[1, 2]], "WHERE id IN (1, 2)"],
  ["WHERE a IN (?)", [["x", "y'"]], "WHERE a IN ('x', 'y''')"],
  ["SELECT ?? FROM ??", ["a", "s.t"], "SELECT `a` FROM `s`.`t`"],
  ["SELECT ??", [["a", "b.c"]], "SELECT `a`, `b`.`c`"],
  ["SELECT ??", ["a as b"], "SELECT `a` as `b`"],
  ["SELECT ??", ["t.*"], "SELECT `t`.*"],
  ["SELECT ??", ["a`b"], "SELECT `a``b`"],
  ["SELECT ? \\? \\??", [1], "SELECT 1 ? ??"],
  ["SELECT '?', \"?\", `?`, ? -- ?\n# ?\n/* ? */", [1], "SELECT '?', \"?\", `?`, 1 -- ?\n# ?\n/* ? */"],
  ["SELECT '\\'?', ?", [1], "SELECT '\\'?', 1"],
  [
    "SELECT :a, :b",
    new Map<string, KnexValue>([
      ["a", 1],
      ["b", "x"],
    ]),
    "SELECT 1, 'x'",
  ],
  [
    "SELECT :c: FROM :t:",
    new Map([
      ["c", "n"],
      ["t", "s.t"],
    ]),
    "SELECT `n` FROM `s`.`t`",
  ],
  ["SELECT ':a', \\:a, :a", new Map([["a", 1]]), "SELECT ':a', :a, 1"],
  ["SELECT @x := :a", new Map([["a", 1]]), "SELECT @x := 1"],
  ["SELECT ?", new Map([["a", 1]]), "SELECT ?"],
];

test.each(BOUND)("%s with %j", (sql, bindings, bound) => {
  expect(bindKnex(sql, bindings, 1_000)).toBe(bound);
});

/** Each row: the text, the bindings, the error. */
const REFUSED: readonly [sql: string, bindings: KnexBindings, code: string][] = [
  ["SELECT ?, ?", [1], "bind-variable-missing"],
  ["SELECT ?", [1, 2], "bind-variable-invalid"],
  ["SELECT :a", new Map(), "bind-variable-missing"],
  ["IN (?)", [[]], "bind-variable-invalid"],
  ["SELECT ??", [1], "bind-variable-invalid"],
  ["SELECT ??", [""], "bind-variable-invalid"],
  ["SELECT ??", ["a\0"], "bind-variable-invalid"],
  ["SELECT ?", [Number.POSITIVE_INFINITY], "bind-variable-invalid"],
  ["/*! SELECT */ ?", [1], "unsupported-statement"],
  ["SELECT _gbk ?", ["x"], "unsupported-statement"],
  ["SELECT _SJIS/**/?", ["x"], "unsupported-statement"],
  ["SELECT ?", ["x".repeat(2_000)], "statement-too-large"],
];

test.each(REFUSED)("%s with %j is refused", (sql, bindings, code) => {
  expect(() => bindKnex(sql, bindings, 1_000)).toThrow(expect.objectContaining({ code }));
});

describe("no value ends its literal", () => {
  const nasty = fc.string({
    unit: fc.constantFrom("'", "\\", '"', "`", "\0", "\n", "?", ":a", "ü", "-", " ", "*/"),
  });

  test("read back by MySQL's rules, a literal is the text it was made of", () => {
    fc.assert(
      fc.property(nasty, nasty, (first, second) => {
        const bound = bindKnex("?,?", [first, second], 10_000);
        const literals = readLiterals(bound);
        expect(literals).toEqual([first, second]);
      }),
      propertyOptions(),
    );
  });

  test("an identifier is one quoted name, whatever it is made of", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "'", "\\", "x", " ", ";") }), (name) => {
        fc.pre(name.trim() !== "" && !/\sas\s/i.test(name));
        const bound = bindKnex("??", [name], 10_000);
        expect(bound.slice(1, -1).replaceAll("``", "")).not.toContain("`");
        expect([bound[0], bound.at(-1)]).toEqual(["`", "`"]);
      }),
      propertyOptions(),
    );
  });
});

/** The strings of `'…','…'` as a server with backslash escapes reads them. */
function readLiterals(text: string): string[] {
  const literals: string[] = [];
  let at = 0;
  while (at < text.length) {
    expect(text[at]).toBe("'");
    let value = "";
    for (at += 1; ; at++) {
      const unit = text[at] ?? "";
      if (unit === "") throw new Error("an open literal");
      if (unit === "\\") {
        at += 1;
        const escaped = text[at] ?? "";
        value += { "0": "\0", n: "\n", r: "\r" }[escaped] ?? escaped;
      } else if (unit !== "'") value += unit;
      else if (text[at + 1] === "'") {
        value += "'";
        at += 1;
      } else break;
    }
    literals.push(value);
    at += 2;
  }
  return literals;
}
