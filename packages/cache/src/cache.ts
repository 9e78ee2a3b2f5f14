import { LRUCache } from "lru-cache";

/** What a cache can hold. The cache never looks inside. */
export interface CacheValue {
  readonly key: string;
  /** All bytes it holds besides its key: body, dependencies, variants (see `size-accounting.ts`). */
  readonly size: number;
}

/** Bounds of a cache; all of them hard. */
export interface CacheOptions {
  /** Entries held at most. The index grows with the entries; nothing is allocated ahead. */
  readonly entryMax: number;
  /** Bytes of all entries together, `ENTRY_OVERHEAD_BYTES` each included. */
  readonly sizeMaxBytes: number;
  /** Bytes of one entry; larger ones are refused. */
  readonly entrySizeMaxBytes: number;
}

/** What became of an entry. */
export type SetOutcome = "stored" | "entry-too-large";

/** Key → entry, least recently used out first. It knows nothing of validity: that is decided on each read (DESIGN section 3). */
export interface Cache<V extends CacheValue> {
  /** The entry, which becomes the most recently used. */
  get(key: string): V | undefined;
  /** Stores or replaces; older entries make room. Store again under the same key after an entry has grown. */
  set(entry: V): SetOutcome;
  delete(key: string): boolean;
  clear(): void;
  readonly count: number;
  /** Bytes of all entries with their keys and overhead; never more than `sizeMaxBytes`. */
  readonly bytes: number;
  /** Entries that had to make room, since the cache was made. */
  readonly evictionCount: number;
}

/**
 * What an entry costs besides its key and `size`: the entry object, its stamp, Map slot, list links and sizes of the
 * index, whose Map and arrays grow in steps. The two `memory.long.test.ts` (here and in the engine) measure it.
 */
export const ENTRY_OVERHEAD_BYTES = 320;

/** Creates an empty cache. */
export function createCache<V extends CacheValue>(options: CacheOptions): Cache<V> {
  return new LruBackedCache<V>(options);
}

class LruBackedCache<V extends CacheValue> implements Cache<V> {
  readonly #entries: LRUCache<string, V>;
  readonly #entryMax: number;
  readonly #entrySizeMaxBytes: number;
  #setCount = 0;
  #removedCount = 0;

  constructor(options: CacheOptions) {
    // Told a `max`, the library allocates the index for all of it at once: 36 MB of an idle edge for a million entries.
    this.#entries = new LRUCache<string, V>({ maxSize: options.sizeMaxBytes });
    this.#entryMax = options.entryMax;
    this.#entrySizeMaxBytes = Math.min(options.entrySizeMaxBytes, options.sizeMaxBytes);
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get evictionCount(): number {
    return this.#setCount - this.#removedCount - this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(entry: V): SetOutcome {
    const size = entry.size + keyBytes(entry.key) + ENTRY_OVERHEAD_BYTES;
    if (size > this.#entrySizeMaxBytes) {
      this.delete(entry.key);
      return "entry-too-large";
    }
    if (!this.#entries.has(entry.key)) {
      this.#setCount += 1;
      while (this.#entries.size >= this.#entryMax) this.#entries.pop();
    }
    // The library takes a known object for unchanged and keeps its old size.
    else if (this.#entries.peek(entry.key) === entry) this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry, { size });
    return "stored";
  }

  delete(key: string): boolean {
    const deleted = this.#entries.delete(key);
    if (deleted) this.#removedCount += 1;
    return deleted;
  }

  clear(): void {
    this.#removedCount += this.#entries.size;
    this.#entries.clear();
  }
}

/** Two bytes a unit, whatever the engine packs it into. */
function keyBytes(key: string): number {
  return key.length * 2;
}
