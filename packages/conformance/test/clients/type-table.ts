import assert from "node:assert/strict";
import type { ClientProgram } from "./client-program.ts";

/** Kinds of columns that clients turn into different JavaScript values. */
export type ColumnKind =
  | "int"
  | "uint32"
  | "bigint"
  | "decimal"
  | "float"
  | "text"
  | "bytes"
  | "bits"
  | "date"
  | "datetime"
  | "timestamp"
  | "time"
  | "year"
  | "json"
  | "enum"
  | "set";

/** What a client makes of a cell: the text that the database sent, and its bytes. */
export type CellReader = (text: string, bytes: Buffer) => unknown;

/** For every kind of column, what a client is documented to give. NULL is null everywhere. */
export type ClientValues = Readonly<Record<ColumnKind, CellReader>>;

interface TypeColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly declaration: string;
  readonly literal: string;
}

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
const UNICODE = `'väl 日本語 💥 𝒳 "q" ''a'' \\\\ %_\\n\\t\\0é'`;

/** Every type of column, with the values at which conversions break. */
export const TYPE_COLUMNS: readonly TypeColumn[] = [
  column("int", "tiny_min", "TINYINT", "-128"),
  column("int", "tiny_flag", "TINYINT(1)", "1"),
  column("int", "tiny_unsigned", "TINYINT UNSIGNED", "255"),
  column("int", "small_min", "SMALLINT", "-32768"),
  column("int", "medium_max", "MEDIUMINT UNSIGNED", "16777215"),
  column("int", "int_min", "INT", "-2147483648"),
  column("uint32", "int_zerofill", "INT(8) UNSIGNED ZEROFILL", "42"),
  column("uint32", "int_unsigned", "INT UNSIGNED", "4294967295"),
  column("bigint", "big_min", "BIGINT", "-9223372036854775808"),
  column("bigint", "big_unsafe", "BIGINT", "9007199254740993"),
  column("bigint", "big_unsigned", "BIGINT UNSIGNED", "18446744073709551615"),
  column(
    "decimal",
    "decimal_wide",
    "DECIMAL(65,30)",
    "-12345678901234567890123456789012345.000000000000000000000000000001",
  ),
  column("decimal", "decimal_short", "DECIMAL(10,2)", "0.10"),
  column("float", "float_single", "FLOAT", "-1.5e-10"),
  column("float", "float_double", "DOUBLE", "1.7976931348623157e308"),
  column("float", "float_tenth", "DOUBLE", "0.1"),
  column("text", "char_short", "CHAR(10)", "'ab'"),
  column("text", "varchar_unicode", "VARCHAR(200)", UNICODE),
  column("text", "varchar_empty", "VARCHAR(10)", "''"),
  column("text", "varchar_binary_collation", "VARCHAR(20) COLLATE utf8mb4_bin", "'Ünï'"),
  column("text", "text_long", "MEDIUMTEXT", "REPEAT('日本💥', 3000)"),
  column("bytes", "binary_fixed", "BINARY(4)", "x'00ff8001'"),
  column("bytes", "varbinary_all", "VARBINARY(300)", `x'${ALL_BYTES}'`),
  column("bytes", "blob_empty", "BLOB", "x''"),
  column("bytes", "blob_long", "LONGBLOB", `REPEAT(x'${ALL_BYTES}', 40)`),
  column("bits", "bits_odd", "BIT(12)", "b'101000000001'"),
  column("date", "date_plain", "DATE", "'2024-02-29'"),
  column("date", "date_first", "DATE", "'1000-01-01'"),
  column("datetime", "datetime_micro", "DATETIME(6)", "'9999-12-31 23:59:59.999999'"),
  column("datetime", "datetime_plain", "DATETIME", "'2024-03-31 02:30:00'"),
  column("timestamp", "timestamp_milli", "TIMESTAMP(3)", "'2037-12-31 23:59:59.123'"),
  column("time", "time_negative", "TIME(3)", "'-838:59:58.999'"),
  column("year", "year_plain", "YEAR", "2155"),
  column("json", "json_nested", "JSON", `'{"a":[1,2.5,null,true],"ü":"💥","o":{"deep":{}}}'`),
  column("enum", "enum_pick", "ENUM('red','grün')", "'grün'"),
  column("set", "set_pick", "SET('a','b','ü')", "'a,ü'"),
];

/** The table that `createTypeTable` makes. */
export const TYPE_TABLE = "every_type";

/** Makes the table, with a row of values and one of NULLs. */
export async function createTypeTable(program: ClientProgram): Promise<void> {
  const declarations = TYPE_COLUMNS.map(({ name, declaration }) => `${name} ${declaration} NULL`);
  await program.make(`CREATE TABLE ${TYPE_TABLE} (id INT PRIMARY KEY, ${declarations.join(", ")})`);
  await program.make(
    `INSERT INTO ${TYPE_TABLE} VALUES (1, ${TYPE_COLUMNS.map(({ literal }) => literal).join(", ")})`,
  );
  await program.make(`INSERT INTO ${TYPE_TABLE} (id) VALUES (2)`);
}

/** Compares what a client read of the type table with the direct database's bytes, seen as `values` says. */
export async function expectTypes(
  program: ClientProgram,
  rows: readonly Readonly<Record<string, unknown>>[],
  values: ClientValues,
  columns: readonly TypeColumn[] = TYPE_COLUMNS,
): Promise<string> {
  const names = columns.map(({ name }) => name).join(", ");
  const answer = await program.direct.execute(`SELECT ${names} FROM ${TYPE_TABLE} ORDER BY id`);
  assert.ok(answer.kind === "rows");
  assert.strictEqual(rows.length, answer.rows.length);
  for (const [index, row] of rows.entries()) {
    for (const [at, { name, kind }] of columns.entries()) {
      const hex: string | null = answer.rows[index]?.[at] ?? null;
      const bytes = Buffer.from(hex ?? "", "hex");
      const expected: unknown = hex === null ? null : values[kind](bytes.toString("utf8"), bytes);
      assert.deepStrictEqual(plain(row[name]), plain(expected), `row ${index + 1}, ${name}`);
    }
  }
  return `${rows.length * columns.length} values`;
}

/** Buffers and typed arrays compare by their bytes: clients give either. */
function plain(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex") };
}

function column(kind: ColumnKind, name: string, declaration: string, literal: string): TypeColumn {
  return { kind, name, declaration, literal };
}
