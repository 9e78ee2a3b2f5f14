import { MIB, RockpoolError } from "@rockpool/base";
import { decodeTextRow } from "../mysql/text-row.ts";
import type { ResultRows } from "./result-form.ts";

/** A row is made into one text, a binary one into four times its size, in one go. */
const ROW_MAX_BYTES = 16 * MIB;
const COMMA = ",";

/** Rows that are written one by one, `encodeRow` making each from its cells, with commas between them. */
export function createBoundedRows(
  columnCount: number,
  encodeRow: (cells: readonly (Uint8Array | null)[]) => string,
): ResultRows {
  let isFirst = true;
  return {
    push(payload) {
      if (payload.length > ROW_MAX_BYTES) throw new RockpoolError("row-too-large");
      const text = encodeRow(decodeTextRow(payload, columnCount));
      const piece = isFirst ? text : COMMA + text;
      isFirst = false;
      return [piece];
    },
    end: () => "",
  };
}
