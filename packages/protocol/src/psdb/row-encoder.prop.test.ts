/** The row encoder against the obvious one: JSON.stringify over decoded cells. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import { encodeTextRow } from "../mysql/index.ts";
import { ProtocolError } from "../protocol-error.ts";
import { createRowEncoder } from "./row-encoder.ts";

type Cell = Uint8Array | null;

function encodeRows(rows: readonly (readonly Cell[])[], columnCount: number): string {
  const encoder = createRowEncoder(columnCount);
  const pieces = rows.flatMap((row) => encoder.push(encodeTextRow(row)));
  return pieces.join("") + encoder.end();
}

function obviousRows(rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "";
  const texts = rows.map((row) => {
    const values = Buffer.concat(row.map((cell) => cell ?? new Uint8Array())).toString("base64");
    const lengths = row.map((cell) => String(cell === null ? -1 : cell.length));
    return JSON.stringify(values === "" ? { lengths } : { lengths, values });
  });
  return `,"rows":[${texts.join(",")}]`;
}

const cell = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constant(new Uint8Array()) },
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 60, max: 70_000 }).map((length) => new Uint8Array(length).fill(length)),
  },
);
const resultSet = fc
  .integer({ min: 1, max: 8 })
  .chain((columnCount) =>
    fc.tuple(
      fc.constant(columnCount),
      fc.array(fc.array(cell, { minLength: columnCount, maxLength: columnCount }), { maxLength: 30 }),
    ),
  );

test("any result set gives the obvious text", () => {
  fc.assert(
    fc.property(resultSet, ([columnCount, rows]) => {
      expect(encodeRows(rows, columnCount) === obviousRows(rows)).toBe(true);
    }),
    propertyOptions(300),
  );
});

describe("sizes around every boundary", () => {
  const sizes = [
    0, 1, 2, 3, 47, 48, 49, 191, 192, 193, 250, 251, 252, 12_287, 12_288, 12_289, 49_151, 49_152, 49_153,
    65_535, 65_536, 98_304, 98_305, 147_457,
  ];
  test.each(sizes)("%d bytes", (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 255);
    const rows = [[bytes], [null], [bytes.subarray(1)], [bytes]];
    expect(encodeRows(rows, 1) === obviousRows(rows)).toBe(true);
  });

  test("a row of 17 MB comes in small pieces", () => {
    const row = [Buffer.alloc(17_000_000, "rock"), Buffer.from("pool")];
    const encoder = createRowEncoder(2);
    const pieces = encoder.push(encodeTextRow(row));
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(65_536);
    expect(pieces.join("") + encoder.end() === obviousRows([row])).toBe(true);
  });

  test("4,096 NULLs and 4,096 cells", () => {
    const nulls = Array.from({ length: 4096 }, () => null);
    const ones = Array.from({ length: 4096 }, () => Buffer.from("1"));
    expect(encodeRows([nulls, ones, nulls], 4096) === obviousRows([nulls, ones, nulls])).toBe(true);
  });
});

test("no rows, no text", () => {
  expect(createRowEncoder(3).end()).toBe("");
});

test("any bytes: pieces or ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (payload, columnCount) => {
      const encoder = createRowEncoder(columnCount);
      try {
        const text = encoder.push(payload).join("") + encoder.end();
        expect(JSON.parse(`{"fields":[]${text}}`).rows[0].lengths).toHaveLength(columnCount);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    propertyOptions(3000),
  );
});

test.each([
  ["too few cells", "0161"],
  ["too many cells", "0161016101"],
  ["a cell passes the end", "01610261"],
  ["a length passes the end", "0161fc01"],
  ["a length of 2^64-1", "0161feffffffffffffffff"],
  ["an ERR marker", "0161ff"],
])("%s", (_name, payload) => {
  expect(() => createRowEncoder(2).push(Buffer.from(payload, "hex"))).toThrow(ProtocolError);
});

test("a column count out of range is refused", () => {
  expect(() => createRowEncoder(0)).toThrow(ProtocolError);
  expect(() => createRowEncoder(65_536)).toThrow(ProtocolError);
});
