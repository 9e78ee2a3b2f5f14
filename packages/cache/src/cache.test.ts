import { expect, test } from "vitest";

import { type CacheValue, createCache, ENTRY_OVERHEAD_BYTES } from "./cache.ts";

const entry = (key: string, size: number): CacheValue => ({ key, size });
const ROOMY = { entryMax: 100, sizeMaxBytes: 1_000_000, entrySizeMaxBytes: 100_000 };

test("bytes are bodies, keys and overhead, and shrink again", () => {
  const cache = createCache(ROOMY);
  cache.set(entry("abcd", 1000));
  expect(cache.bytes).toBe(1000 + 8 + ENTRY_OVERHEAD_BYTES);
  cache.set(entry("abcd", 2000));
  expect([cache.count, cache.bytes]).toEqual([1, 2000 + 8 + ENTRY_OVERHEAD_BYTES]);
  cache.delete("abcd");
  expect([cache.count, cache.bytes]).toEqual([0, 0]);
});

test("an entry stored again after it has grown counts with its new size, and is no eviction", () => {
  const cache = createCache<{ key: string; size: number }>(ROOMY);
  const growing = { key: "abcd", size: 1000 };
  cache.set(growing);
  growing.size = 3000;
  cache.set(growing);
  expect([cache.count, cache.bytes, cache.evictionCount]).toEqual([1, 3000 + 8 + ENTRY_OVERHEAD_BYTES, 0]);
});

test("an entry over the limit is refused, and does not leave its predecessor", () => {
  const cache = createCache({ ...ROOMY, entrySizeMaxBytes: 2000 });
  cache.set(entry("a", 100));
  expect(cache.set(entry("a", 2000))).toBe("entry-too-large");
  expect(cache.get("a")).toBeUndefined();
});

test("an entry larger than the whole cache is refused even where the entry limit would allow it", () => {
  const cache = createCache({ entryMax: 10, sizeMaxBytes: 1000, entrySizeMaxBytes: 5000 });
  expect(cache.set(entry("a", 2000))).toBe("entry-too-large");
});

test("the least recently used goes first, by bytes and by count", () => {
  const byBytes = createCache({ ...ROOMY, sizeMaxBytes: 3 * (1000 + ENTRY_OVERHEAD_BYTES + 2) });
  const byCount = createCache({ ...ROOMY, entryMax: 3 });
  for (const cache of [byBytes, byCount]) {
    for (const key of ["a", "b", "c"]) cache.set(entry(key, 1000));
    cache.get("a");
    cache.set(entry("d", 1000));
    expect(["a", "b", "c", "d"].map((key) => cache.get(key)?.key)).toEqual(["a", undefined, "c", "d"]);
    expect(cache.evictionCount).toBe(1);
  }
});

test("a full cache replaces an entry without evicting another", () => {
  const cache = createCache({ ...ROOMY, entryMax: 2 });
  for (const key of ["a", "b", "a", "b"]) cache.set(entry(key, 1));
  expect([cache.count, cache.evictionCount]).toEqual([2, 0]);
});

test("it never holds more entries than it may, and counts every one that made room", () => {
  const cache = createCache({ ...ROOMY, entryMax: 10 });
  for (let index = 0; index < 1000; index += 1) {
    cache.set(entry(`key ${index}`, 1));
    expect(cache.count).toBeLessThanOrEqual(10);
  }
  expect([cache.count, cache.evictionCount]).toEqual([10, 990]);
});

test("evictions are neither deletions nor replacements nor a clear", () => {
  const cache = createCache(ROOMY);
  cache.set(entry("a", 1));
  cache.set(entry("a", 2));
  cache.set(entry("b", 1));
  cache.delete("b");
  cache.clear();
  expect([cache.evictionCount, cache.count, cache.bytes]).toEqual([0, 0, 0]);
});

test("it never exceeds its bytes, whatever is stored", () => {
  const cache = createCache({ entryMax: 50, sizeMaxBytes: 20_000, entrySizeMaxBytes: 9000 });
  for (let index = 0; index < 2000; index += 1) {
    cache.set(entry(`key ${index % 77}`, (index * 7919) % 9500));
    expect(cache.bytes).toBeLessThanOrEqual(20_000);
  }
});
