/*
 * From MySQL's column type and flags to the type names of Vitess (go/sqltypes/type.go, MySQLToType), which are the
 * names in `fields[].type` of psdb. One deliberate difference: newer Vitess calls a YEAR with the BINARY flag, such as
 * MAX(year_column), VARBINARY, and the driver then gives bytes; here it stays YEAR.
 */

const FLAG_UNSIGNED = 32;
const FLAG_BINARY = 128;
const FLAG_ENUM = 256;
const FLAG_SET = 2048;
const CHARSET_BINARY = 63;

/** `""` stands for NULL_TYPE: proto3's zero, which the JSON form leaves out. */
const NULL_TYPE = "";

const BASE_TYPES: ReadonlyMap<number, string> = new Map([
  [0, "DECIMAL"],
  [1, "INT8"],
  [2, "INT16"],
  [3, "INT32"],
  [4, "FLOAT32"],
  [5, "FLOAT64"],
  [6, NULL_TYPE],
  [7, "TIMESTAMP"],
  [8, "INT64"],
  [9, "INT24"],
  [10, "DATE"],
  [11, "TIME"],
  [12, "DATETIME"],
  [13, "YEAR"],
  [14, "DATE"],
  [15, "VARCHAR"],
  [16, "BIT"],
  [17, "TIMESTAMP"],
  [18, "DATETIME"],
  [19, "TIME"],
  [242, "VECTOR"],
  [245, "JSON"],
  [246, "DECIMAL"],
  [247, "ENUM"],
  [248, "SET"],
  [249, "TEXT"],
  [250, "TEXT"],
  [251, "TEXT"],
  [252, "TEXT"],
  [253, "VARCHAR"],
  [254, "CHAR"],
  [255, "GEOMETRY"],
]);

/**
 * The Vitess name of a column's type; `""` for NULL_TYPE. `json` = MariaDB's metadata calls it JSON. A type that
 * Vitess does not know (it would refuse the whole result) is relayed as the bytes it is: VARBINARY or VARCHAR.
 */
export function vitessType(
  column: { readonly type: number; readonly flags: number; readonly charset: number },
  json: boolean,
): string {
  if (json) return "JSON";
  const base = BASE_TYPES.get(column.type);
  if (base === undefined) return column.charset === CHARSET_BINARY ? "VARBINARY" : "VARCHAR";
  return modifyType(base, column.flags);
}

function modifyType(base: string, flags: number): string {
  switch (base) {
    case "INT8":
    case "INT16":
    case "INT24":
    case "INT32":
    case "INT64":
      return (flags & FLAG_UNSIGNED) === 0 ? base : `U${base}`;
    case "TEXT":
      return (flags & FLAG_BINARY) === 0 ? base : "BLOB";
    case "VARCHAR":
      return (flags & FLAG_BINARY) === 0 ? base : "VARBINARY";
    case "CHAR":
      // In this order: an ENUM of a *_bin collation is BINARY to Vitess.
      if ((flags & FLAG_BINARY) !== 0) return "BINARY";
      if ((flags & FLAG_ENUM) !== 0) return "ENUM";
      return (flags & FLAG_SET) === 0 ? base : "SET";
    default:
      return base;
  }
}
