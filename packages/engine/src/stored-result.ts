import type { RawColumn, StatementEnd } from "@rockpool/base";
import type { Entry } from "@rockpool/cache";

/** One cached result as MySQL sent it, and what doors made of it once. */
export interface StoredResult {
  readonly columns: readonly RawColumn[];
  /** The row stream (u32 length + payload per row), owned by the entry. */
  readonly rows: Uint8Array;
  readonly end: StatementEnd;
  /** The psdb `result` JSON, made by the first HTTP answer. */
  httpResult: string | null;
}

/** A result in the cache. */
export type StoredEntry = Entry<StoredResult> & { size: number };

/** Bytes of a column beside its definition: object, flag, array slot. */
const COLUMN_OVERHEAD_BYTES = 64;
/** Bytes of a dependency beside its name. */
const DEPENDENCY_OVERHEAD_BYTES = 16;

/** What an entry occupies, without its key and the cache's own overhead. */
export function sizeOfEntry(entry: Pick<StoredEntry, "deps" | "body">): number {
  const { columns, rows, httpResult } = entry.body;
  let bytes = rows.length + (httpResult?.length ?? 0);
  for (const column of columns) bytes += column.definition.length + COLUMN_OVERHEAD_BYTES;
  // The names are shared with the plan; the slots are the entry's own.
  bytes += (entry.deps.tables.length + entry.deps.schemas.length) * DEPENDENCY_OVERHEAD_BYTES;
  for (const key of entry.deps.keys) bytes += key.value.length + 4 * DEPENDENCY_OVERHEAD_BYTES;
  return bytes;
}
