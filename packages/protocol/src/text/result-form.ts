import type { RawColumn, StatementEnd } from "@rockpool/base";

/** Writes the rows of one result set as JSON text. After a throw it is dead. */
export interface ResultRows {
  /** Takes one text-protocol row payload, which it does not keep; returns the ASCII pieces that are ready. Throws `ProtocolError` for a row that is none, `RockpoolError("row-too-large")`. */
  push(payload: Uint8Array): readonly string[];
  /** The rest of the rows' text. */
  end(): string;
}

/** How a protocol writes the part of an answer that the database's result alone decides; all of it ASCII. */
export interface ResultForm {
  /** Names it; a cache keeps the text under this name. */
  readonly name: string;
  /** The text before the first row, and the writer of the rows. */
  open(columns: readonly RawColumn[]): { readonly text: string; readonly rows: ResultRows };
  /** The text behind the last row. */
  readonly close: string;
  /** The whole text of a statement without columns. */
  ok(end: Pick<StatementEnd, "affectedRows" | "insertId" | "warnings">): string;
}
