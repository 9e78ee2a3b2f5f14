import type { RawColumn, StatementEnd } from "@rockpool/base";
import { encodeJsonText } from "../psdb/json-text.ts";
import { createBoundedRows } from "../text/bounded-rows.ts";
import { type ColumnKind, readColumns } from "../text/column-kind.ts";
import { asBuffer, asciiOf, encodeTextCell } from "../text/json-cell.ts";
import type { ResultForm, ResultRows } from "../text/result-form.ts";

/*
 * The answer of PolyScale's POST /sql: a plain JSON array of row objects, the values as JSON has them after a Node
 * driver read them: numbers where they are exact, strings elsewhere, JSON columns as values, bytes as a Buffer's JSON.
 */

const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
/** What JSON allows of a number, and a float of MySQL is, but for `-0`-like oddities. */
const FLOAT = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const COMMA = 0x2c;
const ZERO = 0x30;
const NOT_ASCII = /[\u0080-\uffff]/g;

/** The answer is this text and nothing else. */
export const POLYSCALE_RESULT: ResultForm = {
  name: "polyscale",
  open: (columns) => ({ text: "[", rows: createObjectRows(columns) }),
  close: "]",
  ok: encodeWritten,
};

/** What a statement without columns did, as the one element of the array; integers beyond 2^53 are strings. */
function encodeWritten(end: Pick<StatementEnd, "affectedRows" | "insertId" | "warnings">): string {
  const insertId = BigInt.asUintN(64, end.insertId);
  const members = [
    `"affectedRows":${exactInteger(end.affectedRows.toString())}`,
    `"insertId":${exactInteger(insertId.toString())}`,
    `"warningStatus":${end.warnings}`,
  ];
  return `[{${members.join(",")}}]`;
}

function createObjectRows(columns: readonly RawColumn[]): ResultRows {
  const members = readMembers(columns);
  return createBoundedRows(columns.length, (cells) => {
    let text = "{";
    for (const { head, index, kind } of members) {
      const cell = cells[index] ?? null;
      text += head + (cell === null ? "null" : encodeValue(cell, kind));
    }
    return `${text}}`;
  });
}

/** One member of every row: of columns with the same name the last one's value, in the first one's place. */
interface Member {
  /** The comma and the name. */
  readonly head: string;
  readonly index: number;
  readonly kind: ColumnKind;
}

function readMembers(columns: readonly RawColumn[]): readonly Member[] {
  const byName = new Map<string, { index: number; kind: ColumnKind }>();
  readColumns(columns).forEach(({ definition, kind }, index) => byName.set(definition.name, { index, kind }));
  return [...byName].map(([name, { index, kind }], position) => ({
    head: `${position === 0 ? "" : ","}${encodeJsonText(name)}:`,
    index,
    kind,
  }));
}

function encodeValue(cell: Uint8Array, kind: ColumnKind): string {
  switch (kind) {
    case "integer":
    case "big-integer":
      return exactInteger(asciiOf(cell));
    case "float": {
      const text = asciiOf(cell);
      return FLOAT.test(text) ? text : encodeTextCell(cell);
    }
    case "json":
      return embedJson(cell);
    case "binary":
      return encodeBytes(cell);
    case "decimal":
    case "time":
    case "text":
      return encodeTextCell(cell);
    default:
      return kind satisfies never;
  }
}

/** A JSON number if every reader gets exactly this value, else a string. ZEROFILL's zeros are left out. */
function exactInteger(text: string): string {
  if (text.length < 16 && INTEGER.test(text)) return text;
  if (!/^-?[0-9]{1,255}$/.test(text)) return encodeJsonText(text);
  const value = BigInt(text);
  const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isExact ? value.toString() : `"${value}"`;
}

/** The column's JSON as it is; a text that is none (MariaDB can store one) stays a string. */
function embedJson(cell: Uint8Array): string {
  const text = asBuffer(cell).toString("utf8");
  try {
    JSON.parse(text);
  } catch {
    return encodeTextCell(cell);
  }
  // JSON has characters beyond ASCII only inside strings, where an escape means the same.
  return text.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** As `JSON.stringify` writes a Buffer. */
function encodeBytes(cell: Uint8Array): string {
  return `{"type":"Buffer","data":[${joinDecimals(cell)}]}`;
}

/** `1,22,255`. Blobs have millions of them: digits are written, not strings made. */
function joinDecimals(cell: Uint8Array): string {
  const digits = Buffer.allocUnsafe(cell.length * 4);
  let at = 0;
  for (const byte of cell) {
    if (at > 0) digits[at++] = COMMA;
    if (byte >= 100) digits[at++] = ZERO + Math.trunc(byte / 100);
    if (byte >= 10) digits[at++] = ZERO + (Math.trunc(byte / 10) % 10);
    digits[at++] = ZERO + (byte % 10);
  }
  return digits.toString("latin1", 0, at);
}
