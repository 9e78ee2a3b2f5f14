import { describe, expect, test } from "vitest";
import { encodeColumnDefinition, encodeTextRow } from "../mysql/index.ts";
import type { ResultForm } from "../text/result-form.ts";
import { TIDB_RESULT } from "../tidb/index.ts";
import { POLYSCALE_RESULT } from "./index.ts";

interface Column {
  readonly name?: string;
  readonly type: number;
  readonly charset?: number;
  readonly flags?: number;
  readonly json?: boolean;
  readonly columnLength?: number;
}

function render(
  form: ResultForm,
  columns: readonly Column[],
  rows: readonly (string | Buffer | null)[][],
): string {
  const raw = columns.map(
    ({ name = "c", type, charset = 63, flags = 0, json = false, columnLength = 10 }) => ({
      json,
      definition: encodeColumnDefinition({
        catalog: "def",
        schema: "s",
        table: "t",
        orgTable: "t",
        name,
        orgName: name,
        charset,
        columnLength,
        type,
        flags,
        decimals: 0,
      }),
    }),
  );
  const { text, rows: writer } = form.open(raw);
  const pieces = rows.flatMap((row) =>
    writer.push(encodeTextRow(row.map((cell) => (cell === null ? null : Buffer.from(cell))))),
  );
  return text + pieces.join("") + writer.end() + form.close;
}

/** Each row: the column, its text as the server sends it, the JSON value at PolyScale, the type and string at TiDB. */
const VALUES: readonly [
  name: string,
  column: Column,
  cell: string | Buffer,
  polyscale: string,
  type: string,
  tidb: string,
][] = [
  ["TINYINT", { type: 1 }, "-5", "-5", "TINYINT", "-5"],
  ["SMALLINT UNSIGNED", { type: 2, flags: 32 }, "7", "7", "UNSIGNED SMALLINT", "7"],
  ["MEDIUMINT", { type: 9 }, "7", "7", "MEDIUMINT", "7"],
  ["INT ZEROFILL", { type: 3, flags: 32 | 64 }, "00042", "42", "UNSIGNED INT", "00042"],
  ["BIGINT", { type: 8 }, "9007199254740991", "9007199254740991", "BIGINT", "9007199254740991"],
  ["BIGINT beyond 2^53", { type: 8 }, "9007199254740992", '"9007199254740992"', "BIGINT", "9007199254740992"],
  [
    "BIGINT UNSIGNED",
    { type: 8, flags: 32 },
    "18446744073709551615",
    '"18446744073709551615"',
    "UNSIGNED BIGINT",
    "18446744073709551615",
  ],
  ["FLOAT", { type: 4 }, "1.5", "1.5", "FLOAT", "1.5"],
  [
    "DOUBLE",
    { type: 5 },
    "1.7976931348623157e308",
    "1.7976931348623157e308",
    "DOUBLE",
    "1.7976931348623157e308",
  ],
  ["FLOAT ZEROFILL", { type: 4 }, "0001.5", '"0001.5"', "FLOAT", "0001.5"],
  ["DECIMAL", { type: 246 }, "1.10", '"1.10"', "DECIMAL", "1.10"],
  ["YEAR", { type: 13 }, "2024", "2024", "YEAR", "2024"],
  ["DATE", { type: 10 }, "0000-00-00", '"0000-00-00"', "DATE", "0000-00-00"],
  [
    "DATETIME",
    { type: 12 },
    "2024-01-02 03:04:05.678901",
    '"2024-01-02 03:04:05.678901"',
    "DATETIME",
    "2024-01-02 03:04:05.678901",
  ],
  [
    "TIMESTAMP",
    { type: 7 },
    "2024-01-02 03:04:05",
    '"2024-01-02 03:04:05"',
    "TIMESTAMP",
    "2024-01-02 03:04:05",
  ],
  ["TIME", { type: 11 }, "-838:59:59", '"-838:59:59"', "TIME", "-838:59:59"],
  ["VARCHAR", { type: 253, charset: 45 }, 'ü"\\\n', '"\\u00fc\\"\\\\\\n"', "VARCHAR", 'ü"\\\n'],
  ["CHAR", { type: 254, charset: 45 }, "x", '"x"', "CHAR", "x"],
  ["ENUM", { type: 254, charset: 45, flags: 256 }, "x", '"x"', "ENUM", "x"],
  ["SET", { type: 254, charset: 45, flags: 2048 }, "x,y", '"x,y"', "SET", "x,y"],
  ["TINYTEXT", { type: 252, charset: 45, columnLength: 1_020 }, "", '""', "TINYTEXT", ""],
  ["TEXT", { type: 252, charset: 45, columnLength: 262_140 }, "a", '"a"', "TEXT", "a"],
  ["LONGTEXT", { type: 252, charset: 45, columnLength: 4_294_967_295 }, "a", '"a"', "LONGTEXT", "a"],
  [
    "BLOB",
    { type: 252, columnLength: 65_535 },
    Buffer.from([0, 255]),
    '{"type":"Buffer","data":[0,255]}',
    "BLOB",
    "00ff",
  ],
  [
    "MEDIUMBLOB",
    { type: 252, columnLength: 16_777_215 },
    "",
    '{"type":"Buffer","data":[]}',
    "MEDIUMBLOB",
    "",
  ],
  ["VARBINARY", { type: 253 }, Buffer.from([10]), '{"type":"Buffer","data":[10]}', "VARBINARY", "0a"],
  ["BINARY", { type: 254 }, Buffer.from([1]), '{"type":"Buffer","data":[1]}', "BINARY", "01"],
  ["BIT", { type: 16 }, Buffer.from([5]), '{"type":"Buffer","data":[5]}', "BIT", "05"],
  [
    "JSON",
    { type: 245 },
    '{"a": ["ü", 12345678901234567890]}',
    '{"a": ["\\u00fc", 12345678901234567890]}',
    "JSON",
    '{"a": ["ü", 12345678901234567890]}',
  ],
  ["MariaDB's JSON", { type: 252, charset: 45, json: true }, "[1]", "[1]", "JSON", "[1]"],
  ["JSON that is none", { type: 252, charset: 45, json: true }, "{a", '"{a"', "JSON", "{a"],
  ["GEOMETRY", { type: 255 }, Buffer.from([1, 2]), '{"type":"Buffer","data":[1,2]}', "BLOB", "0102"],
];

describe("a value", () => {
  test.each(VALUES)("of %s", (_name, column, cell, polyscale, type, tidb) => {
    expect(render(POLYSCALE_RESULT, [column], [[cell], [null]])).toBe(`[{"c":${polyscale}},{"c":null}]`);
    expect(JSON.parse(render(TIDB_RESULT, [column], [[cell], [null]]))).toEqual({
      types: [{ name: "c", type, nullable: true }],
      rows: [[tidb], [null]],
      rowsAffected: null,
      sLastInsertID: null,
    });
  });
});

test("of columns with one name the last one counts, in the first one's place; a prototype's name is a name", () => {
  const columns = [
    { name: "a", type: 3 },
    { name: "__proto__", type: 3 },
    { name: "a", type: 3 },
  ];
  const text = render(POLYSCALE_RESULT, columns, [["1", "2", "3"]]);
  expect(text).toBe('[{"a":3,"__proto__":2}]');
  expect(Object.keys((JSON.parse(text) as object[])[0] ?? {})).toEqual(["a", "__proto__"]);
});

test("no rows, and no columns", () => {
  const end = { affectedRows: 2n, insertId: -1n, warnings: 1 };
  expect(render(POLYSCALE_RESULT, [{ type: 3 }], [])).toBe("[]");
  expect(POLYSCALE_RESULT.ok(end)).toBe(
    '[{"affectedRows":2,"insertId":"18446744073709551615","warningStatus":1}]',
  );
  expect(render(TIDB_RESULT, [{ type: 3, flags: 1 }], [])).toBe(
    '{"types":[{"name":"c","type":"INT","nullable":false}],"rows":[],"rowsAffected":null,"sLastInsertID":null}',
  );
  expect(TIDB_RESULT.ok(end)).toBe(
    '{"types":null,"rows":null,"rowsAffected":2,"sLastInsertID":"18446744073709551615"}',
  );
});

test("every byte is written as its number", () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const [row] = JSON.parse(render(POLYSCALE_RESULT, [{ type: 252 }], [[bytes]])) as { c: unknown }[];
  expect(row?.c).toEqual(bytes.toJSON());
});

test("a row beyond 16 MiB is refused", () => {
  const row = Buffer.alloc(17 * 1024 * 1024);
  for (const form of [POLYSCALE_RESULT, TIDB_RESULT]) {
    expect(() => render(form, [{ type: 252 }], [[row]])).toThrow(
      expect.objectContaining({ code: "row-too-large" }),
    );
  }
});

test("everything is ASCII, also what is no UTF-8", () => {
  for (const form of [POLYSCALE_RESULT, TIDB_RESULT]) {
    const text = render(form, [{ name: "ü", type: 253, charset: 45 }], [[Buffer.from([0xff, 0x41])]]);
    expect(text).toMatch(/^[\x20-\x7e]*$/);
    expect(text).toContain("\\ufffdA");
  }
});
