import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { maskSource } from "./mask.ts";

test.each([
  ['const a = "b // c";', 'const a = "      ";'],
  ["const a = 'it\\'s';", "const a = '     ';"],
  ["a(); // b", "a();     "],
  ["a(/* b */ c);", "a(        c);"],
  ["const r = /a[/]b/g;", "const r = /     /g;"],
  ['if (/x"y/.test(z)) q();', "if (/   /.test(z)) q();"],
  ["const d = a / b / c;", "const d = a / b / c;"],
  ["return /x/;", "return / /;"],
  ["const t = `a ${b + `c ${d}`} e`;", "const t = `  ${b + `  ${d}`}  `;"],
  ["const t = `${{ a: 1 }.a}x`; setTimeout();", "const t = `${{ a: 1 }.a} `; setTimeout();"],
  ["const s = `setTimeout(`;", "const s = `           `;"],
])("%s", (source, code) => {
  expect(maskSource(source).code).toBe(code);
});

test("strings stay in the second view, comments go", () => {
  expect(maskSource('import { a } from "b"; // from "c"').codeWithStrings).toBe(
    'import { a } from "b";            ',
  );
});

test("comments come with their lines", () => {
  expect(maskSource("a;\n// one\nb; /* two\n */ // three").comments).toEqual([
    { line: 2, text: "// one" },
    { line: 3, text: "/* two\n */" },
    { line: 4, text: "// three" },
  ]);
});

test.each(["/*", '"', "`", "`${", "/[", "'\\", "`\\"])("an unterminated %s ends with the file", (source) => {
  expect(maskSource(source).code).toHaveLength(source.length);
});

test("line numbers and lengths survive on real files", () => {
  for (const file of ["mask.ts", "mask.test.ts"]) {
    const source = readFileSync(new URL(file, import.meta.url), "utf8");
    const masked = maskSource(source);
    expect(masked.code).toHaveLength(source.length);
    expect(masked.codeWithStrings.split("\n")).toHaveLength(source.split("\n").length);
  }
});
