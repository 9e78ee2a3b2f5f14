import { describe, expect, test } from "vitest";
import { type ColumnDefinition, encodeColumnDefinition } from "../mysql/index.ts";
import { encodeField, encodeFields } from "./field.ts";
import { vitessType } from "./vitess-type.ts";

const EMPTY: ColumnDefinition = {
  catalog: "def",
  schema: "",
  table: "",
  orgTable: "",
  name: "",
  orgName: "",
  charset: 0,
  columnLength: 0,
  type: 6,
  flags: 0,
  decimals: 0,
};

test("a column of a table, as a real server of the protocol answered it", () => {
  const id = { ...EMPTY, schema: "d", table: "t", orgTable: "t", name: "id", orgName: "id" };
  expect(
    encodeField({ ...id, charset: 63, columnLength: 20, type: 8, flags: 49667, decimals: 1 }, false),
  ).toBe(
    '{"name":"id","type":"INT64","table":"t","orgTable":"t","database":"d","orgName":"id",' +
      '"columnLength":20,"charset":63,"decimals":1,"flags":49667}',
  );
});

test("a NULL literal of MySQL has no type", () => {
  expect(encodeField({ ...EMPTY, name: "NULL", charset: 63, flags: 32896 }, false)).toBe(
    '{"name":"NULL","charset":63,"flags":32896}',
  );
});

test("zero and empty values are left out", () => {
  expect(encodeField(EMPTY, false)).toBe("{}");
});

test("names are escaped to ASCII and keep their BOM", () => {
  const definition = encodeColumnDefinition({ ...EMPTY, name: '\ufeff"é😀\u2028\\', type: 3 });
  const fields = encodeFields([{ definition, json: false }]);
  expect(fields).toBe('[{"name":"\\ufeff\\"\\u00e9\\ud83d\\ude00\\u2028\\\\","type":"INT32"}]');
  expect(JSON.parse(fields)).toEqual([{ name: '\ufeff"é😀\u2028\\', type: "INT32" }]);
});

describe("types that MariaDB does not send", () => {
  const cases: readonly (readonly [string, number, number, number, string])[] = [
    ["JSON of MySQL: charset 63, flags 144", 245, 144, 63, "JSON"],
    ["VECTOR of MySQL 9", 242, 144, 63, "VECTOR"],
    ["the old DECIMAL", 0, 0, 63, "DECIMAL"],
    ["internal NEWDATE", 14, 128, 63, "DATE"],
    ["internal VARCHAR", 15, 128, 63, "VARBINARY"],
    ["internal TIMESTAMP2", 17, 0, 63, "TIMESTAMP"],
    ["internal DATETIME2", 18, 0, 63, "DATETIME"],
    ["internal TIME2", 19, 0, 63, "TIME"],
    ["ENUM by its own number", 247, 0, 45, "ENUM"],
    ["SET by its own number", 248, 0, 45, "SET"],
    ["TINY_BLOB", 249, 144, 63, "BLOB"],
    ["MEDIUM_BLOB as text", 250, 16, 45, "TEXT"],
    ["LONG_BLOB as text", 251, 16, 45, "TEXT"],
    ["*_bin text of MySQL: charset 255 stays text to the driver", 252, 144, 255, "BLOB"],
    ["unknown, binary", 200, 0, 63, "VARBINARY"],
    ["unknown, text", 200, 0, 255, "VARCHAR"],
  ];
  test.each(cases)("%s", (_name, type, flags, charset, expected) => {
    expect(vitessType({ type, flags, charset }, false)).toBe(expected);
  });
});
