import { ProtocolError } from "../protocol-error.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketWriter } from "./packet-writer.ts";

/*
 * ProtocolText::ResultsetRow
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 *
 *   per column:  fb (NULL)  |  string<lenenc>
 */

/** The cells of a text row, as views into the payload; null = NULL. Throws `ProtocolError` unless there are exactly `columnCount`. */
export function decodeTextRow(payload: Uint8Array, columnCount: number): (Uint8Array | null)[] {
  // Each cell takes a byte at least: a lying count allocates nothing.
  if (columnCount > payload.length) throw new ProtocolError("text row: too few cells");
  const reader = new PacketReader(payload);
  const cells: (Uint8Array | null)[] = [];
  for (let index = 0; index < columnCount; index++) cells.push(reader.cell());
  if (reader.remaining > 0) throw new ProtocolError("text row: too many cells");
  return cells;
}

/** The payload of a text row. */
export function encodeTextRow(cells: readonly (Uint8Array | null)[]): Uint8Array {
  const writer = new PacketWriter();
  for (const cell of cells) writer.cell(cell);
  return writer.finish();
}
