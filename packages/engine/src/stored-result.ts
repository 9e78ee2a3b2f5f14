import type { RawColumn, StatementEnd } from "@rockpool/base";
import type { Entry } from "@rockpool/cache";

/** What a door made of a result, once: ASCII text or bytes. */
export interface Rendering {
  /** Names the protocol and the coding. */
  readonly form: string;
  readonly content: string | Uint8Array;
}

/** One cached result as MySQL sent it, and what doors made of it. */
export interface StoredResult {
  readonly columns: readonly RawColumn[];
  /** Whether it brought its column list; else the list is another's, who pays for it. */
  readonly ownsColumns: boolean;
  /**
   * The row stream (u32 length + payload per row), a byte a unit; `rowsOf` gives bytes. As a string, since a small typed
   * array of its own takes some 350 bytes more.
   */
  readonly rowsLatin1: string;
  readonly end: StatementEnd;
  /** Only `Engine.keepRendering` adds to it. A handful: a list is searched faster than a map. */
  readonly renderings: Rendering[];
}

/** A result in the cache. */
export type StoredEntry = Entry<StoredResult> & { size: number };

/** Renderings that an entry keeps: three protocols, plain and in three codings. */
export const RENDERINGS_MAX = 12;
/** With its renderings an entry may be as many times as large as without them at most. */
export const RENDERED_SIZE_FACTOR = 4;

/** Bytes of a column beside its definition: object, flag, array slot. */
const COLUMN_OVERHEAD_BYTES = 64;
/** Bytes of a dependency beside its name. */
const DEPENDENCY_OVERHEAD_BYTES = 16;
/** Bytes of a rendering beside its content: objects, and the room that an array takes when it first grows. */
export const RENDERING_OVERHEAD_BYTES = 224;

/** The row stream of a result: a copy. */
export function rowsOf(result: StoredResult): Uint8Array {
  return Buffer.from(result.rowsLatin1, "latin1");
}

/** What was made of a result in this form, or null. */
export function renderingOf(result: StoredResult, form: string): string | Uint8Array | null {
  for (const rendering of result.renderings) if (rendering.form === form) return rendering.content;
  return null;
}

/** What an entry occupies, without its key and the cache's own overhead. */
export function sizeOfEntry(entry: Pick<StoredEntry, "deps" | "body">): number {
  const { columns, ownsColumns, rowsLatin1, renderings } = entry.body;
  let bytes = rowsLatin1.length;
  for (const { content } of renderings) bytes += content.length + RENDERING_OVERHEAD_BYTES;
  if (ownsColumns) for (const column of columns) bytes += column.definition.length + COLUMN_OVERHEAD_BYTES;
  // The names are shared with the plan; the slots are the entry's own.
  bytes += (entry.deps.tables.length + entry.deps.schemas.length) * DEPENDENCY_OVERHEAD_BYTES;
  for (const key of entry.deps.keys) bytes += key.value.length + 4 * DEPENDENCY_OVERHEAD_BYTES;
  return bytes;
}
