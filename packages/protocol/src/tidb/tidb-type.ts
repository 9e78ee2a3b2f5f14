import type { ColumnDefinition } from "../mysql/column-definition.ts";
import type { ColumnKind } from "../text/column-kind.ts";

const FLAG_UNSIGNED = 32;
const FLAG_ENUM = 256;
const FLAG_SET = 2048;
const CHARSET_BINARY = 63;
/** Bytes of a character of the connection's character set. */
const TEXT_CHARACTER_MAX_BYTES = 4;

const INTEGERS: ReadonlyMap<number, string> = new Map([
  [1, "TINYINT"],
  [2, "SMALLINT"],
  [3, "INT"],
  [8, "BIGINT"],
  [9, "MEDIUMINT"],
]);

const OTHERS: ReadonlyMap<number, string> = new Map([
  [0, "DECIMAL"],
  [4, "FLOAT"],
  [5, "DOUBLE"],
  [6, "NULL"],
  [7, "TIMESTAMP"],
  [10, "DATE"],
  [11, "TIME"],
  [12, "DATETIME"],
  [13, "YEAR"],
  [14, "DATE"],
  [16, "BIT"],
  [17, "TIMESTAMP"],
  [18, "DATETIME"],
  [19, "TIME"],
  [242, "VECTOR"],
  [245, "JSON"],
  [246, "DECIMAL"],
  [247, "ENUM"],
  [248, "SET"],
  // Its bytes travel as hexadecimal digits, which the client turns back only under a binary name.
  [255, "BLOB"],
]);

/** The type name by which `@tidbcloud/serverless` decodes a column's strings. */
export function tidbType(column: ColumnDefinition, kind: ColumnKind): string {
  if (kind === "json") return "JSON";
  const integer = INTEGERS.get(column.type);
  if (integer !== undefined) return (column.flags & FLAG_UNSIGNED) === 0 ? integer : `UNSIGNED ${integer}`;
  return OTHERS.get(column.type) ?? stringType(column);
}

function stringType({ type, flags, charset, columnLength }: ColumnDefinition): string {
  const isBinary = charset === CHARSET_BINARY;
  if (!isBinary && (flags & FLAG_ENUM) !== 0) return "ENUM";
  if (!isBinary && (flags & FLAG_SET) !== 0) return "SET";
  if (type === 254) return isBinary ? "BINARY" : "CHAR";
  if (type === 253 || type === 15) return isBinary ? "VARBINARY" : "VARCHAR";
  if (type < 249 || type > 252) return isBinary ? "VARBINARY" : "VARCHAR";
  return sizePrefix(columnLength / (isBinary ? 1 : TEXT_CHARACTER_MAX_BYTES)) + (isBinary ? "BLOB" : "TEXT");
}

/** Of which of the four it is, only the length tells: all have one type on the wire. */
function sizePrefix(length: number): string {
  if (length <= 0xff) return "TINY";
  if (length <= 0xffff) return "";
  return length <= 0xffffff ? "MEDIUM" : "LONG";
}
