import type { Dependencies } from "@rockpool/base";

/** A string's or array's own header and the pointer to it. */
const OBJECT_BYTES = 32;

/** Heap bytes of a string: one a unit as long as all units are Latin-1, else two. Reads the whole string. */
export function stringBytes(text: string): number {
  return OBJECT_BYTES + (/[\u0100-\uffff]/.test(text) ? text.length * 2 : text.length);
}

/** Bytes of a body as an entry holds it. */
export function bodyBytes(body: string | Uint8Array): number {
  return typeof body === "string" ? stringBytes(body) : OBJECT_BYTES + body.byteLength;
}

/** Heap bytes of a dependency list that no other entry shares. */
export function dependenciesBytes(deps: Dependencies): number {
  let bytes = 4 * OBJECT_BYTES;
  for (const name of deps.tables) bytes += OBJECT_BYTES + name.length;
  for (const name of deps.schemas) bytes += OBJECT_BYTES + name.length;
  for (const key of deps.keys) {
    bytes += 4 * OBJECT_BYTES + key.table.length + key.column.length + key.value.length;
  }
  return bytes;
}
