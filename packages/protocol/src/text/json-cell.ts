import { encodeJsonText } from "../psdb/json-text.ts";

/** Nothing that a JSON string would have to escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text cell as a JSON string, ASCII; bytes that are no UTF-8 become U+FFFD. */
export function encodeTextCell(cell: Uint8Array): string {
  const bytes = asBuffer(cell);
  const ascii = bytes.toString("latin1");
  return PLAIN.test(ascii) ? `"${ascii}"` : encodeJsonText(bytes.toString("utf8"));
}

/** A binary cell as a JSON string of hexadecimal digits. */
export function encodeHexCell(cell: Uint8Array): string {
  return `"${asBuffer(cell).toString("hex")}"`;
}

/** The cell's text, for types that are ASCII. */
export function asciiOf(cell: Uint8Array): string {
  return asBuffer(cell).toString("latin1");
}

/** The same bytes with the methods of a Buffer. */
export function asBuffer(cell: Uint8Array): Buffer {
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
}
