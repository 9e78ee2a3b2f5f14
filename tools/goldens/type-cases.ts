/**
 * Every column type with values at its edges, and what a Vitess server would call it. Written by hand from Vitess's
 * MySQLToType table (column type and flags to name); `why` gives the entry that decides. The encoder of
 * packages/protocol has no part in it.
 */

/** How the JavaScript driver gives a value to its user. */
export type DriverForm = "text" | "number" | "json" | "bytes";

/** One type. */
export interface TypeCase {
  /** Also the table's name. */
  readonly name: string;
  /** Column declaration, or null for an expression. */
  readonly declaration: string | null;
  /** SQL literals to insert, or the one statement to run when there is no declaration. */
  readonly inserts: readonly string[];
  /** The column's name in the result. */
  readonly column: string;
  /** The Vitess type; "" = NULL_TYPE, which the JSON leaves out. */
  readonly type: string;
  readonly why: string;
  /** The bytes of each cell: text, `hex:…`, or null. */
  readonly cells: readonly (string | null)[];
  readonly driver: DriverForm;
}

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
const POINT = "000000000101000000000000000000f03f0000000000000040";

/** The cases, in the order of the golden file. */
export const TYPE_CASES: readonly TypeCase[] = [
  stored("tinyint", "TINYINT", "INT8", "type 1", ["-128", "127", "0", null], "number"),
  stored(
    "tinyint_unsigned",
    "TINYINT UNSIGNED",
    "UINT8",
    "type 1, UNSIGNED 32",
    ["0", "255", null],
    "number",
  ),
  stored("bool", "BOOLEAN", "INT8", "type 1: BOOLEAN is TINYINT(1)", ["0", "1", null], "number"),
  stored("smallint", "SMALLINT", "INT16", "type 2", ["-32768", "32767", null], "number"),
  stored(
    "smallint_unsigned",
    "SMALLINT UNSIGNED",
    "UINT16",
    "type 2, UNSIGNED 32",
    ["0", "65535", null],
    "number",
  ),
  stored("mediumint", "MEDIUMINT", "INT24", "type 9", ["-8388608", "8388607", null], "number"),
  stored(
    "mediumint_unsigned",
    "MEDIUMINT UNSIGNED",
    "UINT24",
    "type 9, UNSIGNED 32",
    ["0", "16777215", null],
    "number",
  ),
  stored("int", "INT", "INT32", "type 3", ["-2147483648", "2147483647", null], "number"),
  stored(
    "int_unsigned",
    "INT UNSIGNED",
    "UINT32",
    "type 3, UNSIGNED 32",
    ["0", "4294967295", null],
    "number",
  ),
  stored(
    "int_zerofill",
    "INT(8) ZEROFILL",
    "UINT32",
    "type 3, UNSIGNED 32 (ZEROFILL implies it)",
    ["00000042", null],
    "number",
  ),
  stored(
    "bigint",
    "BIGINT",
    "INT64",
    "type 8",
    ["-9223372036854775808", "9223372036854775807", null],
    "text",
  ),
  stored(
    "bigint_unsigned",
    "BIGINT UNSIGNED",
    "UINT64",
    "type 8, UNSIGNED 32",
    ["0", "18446744073709551615", null],
    "text",
  ),
  stored(
    "decimal_widest",
    "DECIMAL(65,30)",
    "DECIMAL",
    "type 246",
    [
      "99999999999999999999999999999999999.999999999999999999999999999999",
      "-99999999999999999999999999999999999.999999999999999999999999999999",
      "0.000000000000000000000000000000",
      null,
    ],
    "text",
  ),
  stored(
    "decimal_unsigned",
    "DECIMAL(10,2) UNSIGNED",
    "DECIMAL",
    "type 246: UNSIGNED does not matter",
    ["0.00", "99999999.99", null],
    "text",
  ),
  stored(
    "float",
    "FLOAT",
    "FLOAT32",
    "type 4",
    ["-3.40282e38", "3.40282e38", "1.17549e-38", "0.1", null],
    "number",
  ),
  stored(
    "double",
    "DOUBLE",
    "FLOAT64",
    "type 5",
    ["-1.7976931348623157e308", "1.7976931348623157e308", "2.2250738585072014e-308", "0.1", null],
    "number",
  ),
  stored("date", "DATE", "DATE", "type 10", ["1000-01-01", "9999-12-31", "0000-00-00", null], "text"),
  stored(
    "datetime",
    "DATETIME",
    "DATETIME",
    "type 12",
    ["1000-01-01 00:00:00", "0000-00-00 00:00:00", null],
    "text",
  ),
  stored(
    "datetime_6",
    "DATETIME(6)",
    "DATETIME",
    "type 12",
    ["1000-01-01 00:00:00.000001", "9999-12-31 23:59:59.999999", null],
    "text",
  ),
  stored(
    "timestamp",
    "TIMESTAMP NULL",
    "TIMESTAMP",
    "type 7",
    ["1970-01-01 00:00:01", "2038-01-19 03:14:07", null],
    "text",
  ),
  stored(
    "timestamp_3",
    "TIMESTAMP(3) NULL",
    "TIMESTAMP",
    "type 7",
    ["2001-02-03 04:05:06.789", null],
    "text",
  ),
  stored(
    "time",
    "TIME",
    "TIME",
    "type 11",
    ["-838:59:59", "838:59:59", "-00:00:01", "00:00:00", null],
    "text",
  ),
  stored("time_6", "TIME(6)", "TIME", "type 11", ["-838:59:59.000001", "23:59:59.999999", null], "text"),
  stored("year", "YEAR", "YEAR", "type 13", ["1901", "2155", "0000", null], "number"),
  stored("bit_1", "BIT(1)", "BIT", "type 16", ["hex:00", "hex:01", null], "bytes"),
  stored(
    "bit_64",
    "BIT(64)",
    "BIT",
    "type 16",
    ["hex:ffffffffffffffff", "hex:8000000000000001", null],
    "bytes",
  ),
  stored("char", "CHAR(10)", "CHAR", "type 254, no flag", ["abc", "", "é😀", null], "text"),
  stored(
    "char_bin",
    "CHAR(10) COLLATE utf8mb4_bin",
    "BINARY",
    "type 254, BINARY 128; its charset is not 63",
    ["abc", "é", null],
    "text",
  ),
  stored(
    "char_latin1",
    "CHAR(10) CHARACTER SET latin1",
    "CHAR",
    "type 254, no flag; SET NAMES utf8mb4 converts",
    ["é", "ÿ", null],
    "text",
  ),
  stored(
    "varchar",
    "VARCHAR(50)",
    "VARCHAR",
    "type 253, no flag",
    ["abc", "", "naïve 😀 \u0000 end", null],
    "text",
  ),
  stored(
    "varchar_bin",
    "VARCHAR(50) COLLATE utf8mb4_bin",
    "VARBINARY",
    "type 253, BINARY 128; its charset is not 63",
    ["é😀", "", null],
    "text",
  ),
  stored(
    "varchar_latin1",
    "VARCHAR(50) CHARACTER SET latin1",
    "VARCHAR",
    "type 253, no flag",
    ["é", null],
    "text",
  ),
  stored(
    "varchar_ucs2",
    "VARCHAR(50) CHARACTER SET ucs2",
    "VARCHAR",
    "type 253, no flag",
    ["é€", null],
    "text",
  ),
  stored(
    "varchar_ascii_bin",
    "VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin",
    "VARBINARY",
    "type 253, BINARY 128",
    ["abc", null],
    "text",
  ),
  stored("tinytext", "TINYTEXT", "TEXT", "type 252, no BINARY", ["abc", "", null], "text"),
  stored("text", "TEXT", "TEXT", "type 252, no BINARY", ["é😀", "", null], "text"),
  stored(
    "text_bin",
    "TEXT COLLATE utf8mb4_bin",
    "BLOB",
    "type 252, BINARY 128; its charset is not 63",
    ["é😀", null],
    "text",
  ),
  stored("mediumtext", "MEDIUMTEXT", "TEXT", "type 252, no BINARY", ["abc", null], "text"),
  stored("longtext", "LONGTEXT", "TEXT", "type 252, no BINARY", ["abc", null], "text"),
  stored(
    "binary",
    "BINARY(4)",
    "BINARY",
    "type 254, BINARY 128",
    ["hex:00ff0080", "hex:61000000", null],
    "bytes",
  ),
  stored(
    "varbinary",
    "VARBINARY(256)",
    "VARBINARY",
    "type 253, BINARY 128",
    [`hex:${ALL_BYTES}`, "hex:", null],
    "bytes",
  ),
  stored("tinyblob", "TINYBLOB", "BLOB", "type 252, BINARY 128", ["hex:00ff", null], "bytes"),
  stored("blob", "BLOB", "BLOB", "type 252, BINARY 128", [`hex:${ALL_BYTES}`, "hex:", null], "bytes"),
  stored("mediumblob", "MEDIUMBLOB", "BLOB", "type 252, BINARY 128", ["hex:c328", null], "bytes"),
  stored("longblob", "LONGBLOB", "BLOB", "type 252, BINARY 128", ["hex:efbbbf", null], "bytes"),
  stored(
    "json",
    "JSON",
    "JSON",
    "type 245 on MySQL; on MariaDB type 252 with metadata format=json",
    ['{"a": [1, "é😀", null]}', "[]", null],
    "json",
  ),
  stored(
    "enum",
    "ENUM('small','größe','')",
    "ENUM",
    "type 254, ENUM 256",
    ["small", "größe", "", null],
    "text",
  ),
  stored(
    "enum_bin",
    "ENUM('a','b') COLLATE utf8mb4_bin",
    "BINARY",
    "type 254, BINARY 128 decides before ENUM 256",
    ["a", null],
    "text",
  ),
  stored("set", "SET('a','b','ü')", "SET", "type 254, SET 2048", ["", "a", "a,ü", null], "text"),
  {
    ...stored("geometry", "GEOMETRY", "GEOMETRY", "type 255", [`hex:${POINT}`, null], "bytes"),
    inserts: ["ST_GeomFromText('POINT(1 2)')", "NULL"],
  },
  {
    ...stored("point", "POINT", "GEOMETRY", "type 255", [`hex:${POINT}`, null], "bytes"),
    inserts: ["ST_GeomFromText('POINT(1 2)')", "NULL"],
  },
  stored(
    "inet6",
    "INET6",
    "BINARY",
    "type 254, BINARY 128; text in the connection's charset",
    ["2001:db8::1", null],
    "text",
  ),
  stored(
    "uuid",
    "UUID",
    "BINARY",
    "type 254, BINARY 128; text in the connection's charset",
    ["123e4567-e89b-12d3-a456-426655440000", null],
    "text",
  ),
  expression("null_literal", "NULL", "NULL", "", "type 6: NULL_TYPE is proto3's zero", null, "text"),
  expression("proto_name", "1 AS `__proto__`", "__proto__", "INT32", "type 3", "1", "number"),
  expression(
    "foreign_name",
    "'a' AS `naïve €`",
    "naïve €",
    "VARCHAR",
    "type 253, no flag; identifiers are utf8mb3, so no emoji",
    "a",
    "text",
  ),
  expression("spaced_name", "'' AS `a b`", "a b", "VARCHAR", "type 253, no flag", "", "text"),
  expression("count", "COUNT(*) AS n FROM `tinyint`", "n", "INT64", "type 8", "4", "text"),
  expression("sum", "SUM(v) AS s FROM `int`", "s", "DECIMAL", "type 246", "-1", "text"),
  expression(
    "latin1_introducer",
    "_latin1 0xff AS c",
    "c",
    "VARCHAR",
    "type 253, no flag; converted to c3 bf",
    "ÿ",
    "text",
  ),
  expression("hex_literal", "x'00ff' AS c", "c", "VARBINARY", "type 253, BINARY 128", "hex:00ff", "bytes"),
  expression(
    "json_function",
    `JSON_OBJECT('a', 1) AS j`,
    "j",
    "JSON",
    "metadata format=json on an expression",
    '{"a": 1}',
    "json",
  ),
  expression(
    "max_year",
    "MAX(v) AS y FROM `year`",
    "y",
    "YEAR",
    "type 13; Vitess's later rule, YEAR with BINARY 128 as VARBINARY, would hand the driver's user bytes",
    "2155",
    "number",
  ),
];

function stored(
  name: string,
  declaration: string,
  type: string,
  why: string,
  cells: readonly (string | null)[],
  driver: DriverForm,
): TypeCase {
  return { name, declaration, inserts: cells.map(sqlLiteral), column: "v", type, why, cells, driver };
}

function expression(
  name: string,
  sql: string,
  column: string,
  type: string,
  why: string,
  cell: string | null,
  driver: DriverForm,
): TypeCase {
  return { name, declaration: null, inserts: [`SELECT ${sql}`], column, type, why, cells: [cell], driver };
}

function sqlLiteral(cell: string | null): string {
  if (cell === null) return "NULL";
  if (cell.startsWith("hex:")) return `x'${cell.slice(4)}'`;
  return `'${cell.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\0", "\\0")}'`;
}
