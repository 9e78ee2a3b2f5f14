import type { RawColumn } from "@rockpool/base";
import { type ColumnDefinition, decodeColumnDefinition } from "../mysql/column-definition.ts";

/** What a column's text-protocol values are, for protocols that write them as JSON values. */
export type ColumnKind =
  | "integer"
  | "big-integer"
  | "float"
  | "decimal"
  | "time"
  | "json"
  | "binary"
  | "text";

const CHARSET_BINARY = 63;

const KIND_BY_TYPE: ReadonlyMap<number, ColumnKind> = new Map([
  [0, "decimal"],
  [1, "integer"],
  [2, "integer"],
  [3, "integer"],
  [4, "float"],
  [5, "float"],
  [7, "time"],
  [8, "big-integer"],
  [9, "integer"],
  [10, "time"],
  [11, "time"],
  [12, "time"],
  [13, "integer"],
  [14, "time"],
  [16, "binary"],
  [17, "time"],
  [18, "time"],
  [19, "time"],
  [242, "binary"],
  [245, "json"],
  [246, "decimal"],
  [255, "binary"],
]);

/** A decoded column with its kind. */
export interface KindedColumn {
  readonly definition: ColumnDefinition;
  readonly kind: ColumnKind;
}

/** Decodes columns. Throws `ProtocolError` for a malformed definition. */
export function readColumns(columns: readonly RawColumn[]): readonly KindedColumn[] {
  return columns.map(({ definition: payload, json }) => {
    const definition = decodeColumnDefinition(payload);
    return { definition, kind: json ? "json" : kindOf(definition) };
  });
}

/** Numbers and times carry the binary character set too: their type decides first. */
function kindOf({ type, charset }: ColumnDefinition): ColumnKind {
  return KIND_BY_TYPE.get(type) ?? (charset === CHARSET_BINARY ? "binary" : "text");
}
