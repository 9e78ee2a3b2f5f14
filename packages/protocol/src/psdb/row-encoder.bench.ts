/**
 * What the row encoder does with rows of three shapes, in MB of row payload per second. A miss of 1 GiB streams
 * through it, so it must stay above 150 MB/s on rows of ordinary width.
 *
 * Run: node packages/protocol/src/psdb/row-encoder.bench.ts
 */
import { encodeTextRow } from "../mysql/text-row.ts";
import { createRowEncoder } from "./row-encoder.ts";

const ROUNDS = 5;
const ROUND_BYTES = 128 * 1024 * 1024;

const SHAPES: readonly (readonly [string, readonly number[]])[] = [
  ["4 integers (about 30 bytes)", [6, 3, 10, 8]],
  ["12 columns, two texts (about 200 bytes)", [8, 19, 19, 4, 40, 11, 1, 1, 60, 10, 6, 8]],
  ["one text of 2 KB", [8, 2048]],
  ["one blob of 1 MB", [8, 1024 * 1024]],
];

for (const [name, cellLengths] of SHAPES) {
  const row = encodeTextRow(cellLengths.map((length) => Buffer.alloc(length, "Rockpool ")));
  const speeds = Array.from({ length: ROUNDS }, () => measure(row, cellLengths.length)).toSorted(
    (a, b) => a - b,
  );
  const median = speeds[(ROUNDS - 1) / 2] ?? 0;
  console.log(`${name}: ${median.toFixed(0)} MB/s (${row.length} bytes a row)`);
}

function measure(row: Uint8Array, columnCount: number): number {
  const encoder = createRowEncoder(columnCount);
  const rowCount = Math.ceil(ROUND_BYTES / row.length);
  let written = 0;
  const start = performance.now();
  for (let index = 0; index < rowCount; index++) {
    for (const piece of encoder.push(row)) written += piece.length;
  }
  written += encoder.end().length;
  const seconds = (performance.now() - start) / 1000;
  if (written < rowCount * row.length) throw new Error("the encoder lost bytes");
  return (rowCount * row.length) / 1e6 / seconds;
}
