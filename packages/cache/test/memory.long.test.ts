import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createCache, dependenciesBytes, type Entry, stringBytes } from "@rockpool/cache";
import { expect, test } from "vitest";

// The cache's limit is a promise about memory: what it accounts for must be at least what the heap really holds.
const ENTRY_COUNT = 60_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A string of its own: a concatenation or slice would share its bytes with others. */
function own(text: string): string {
  return Buffer.from(text).toString();
}

function createEntry(index: number): Entry<string> {
  const body = own(`{"rows":${index},"text":"${"x".repeat(index % 300)}"}`);
  const deps = { tables: [own(`app.table${index}`)], keys: [], schemas: ["app"] };
  const size = stringBytes(body) + dependenciesBytes(deps);
  const stamp = { epoch: "epoch", seq: index, catalogueSeq: 3 };
  return {
    key: own(`ann SELECT * FROM t WHERE id = ${index}`),
    deps,
    stamp,
    dispatchedAt: index + 0.5,
    body,
    size,
  };
}

test("an empty cache of a million entries allocates nothing ahead", () => {
  const before = process.memoryUsage();
  const cache = createCache<Entry<string>>({
    entryMax: 1_000_000,
    sizeMaxBytes: 1e9,
    entrySizeMaxBytes: 1e6,
  });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  expect(cache.count).toBe(0);
  expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000);
});

test("what the cache accounts for covers what the heap holds, and not far more", () => {
  const before = heapBytes();
  const cache = createCache<Entry<string>>({
    entryMax: ENTRY_COUNT,
    sizeMaxBytes: 1e9,
    entrySizeMaxBytes: 1e6,
  });
  for (let index = 0; index < ENTRY_COUNT; index += 1) cache.set(createEntry(index));
  const held = heapBytes() - before;
  console.log(
    `heap ${Math.round(held / ENTRY_COUNT)} bytes an entry, accounted ${Math.round(cache.bytes / ENTRY_COUNT)}`,
  );
  expect(cache.count).toBe(ENTRY_COUNT);
  expect(cache.bytes).toBeGreaterThan(held);
  expect(cache.bytes).toBeLessThan(held * 1.6);
});
