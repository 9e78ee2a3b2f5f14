import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createCache } from "@rockpool/cache";
import { decodeStatementMessage, encodeStatementMessage, FrameDecoder } from "@rockpool/protocol/backhaul";
import type { StatementMessage } from "@rockpool/protocol/backhaul";
import { expect, test } from "vitest";
import { ResultCollector } from "../src/result-collector.ts";
import { SharedParts } from "../src/shared-parts.ts";
import { sizeOfEntry, type StoredEntry } from "../src/stored-result.ts";

// The cache's limit is a promise about memory, kept by `sizeOfEntry`: entries as the backhaul brings them.
const ENTRY_COUNT = 60_000;
const COLUMNS = Array.from({ length: 5 }, () => ({ definition: new Uint8Array(60), json: false }));
/** Of the plan, which all reads of one template share. */
const PLAN = { tables: ["app.t"], keys: [], schemas: ["app"] };
const END = { status: 2, warnings: 0, affectedRows: 0n, insertId: 0n, info: "" };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function usedBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A message as it is after its way over the backhaul. */
function travelled(message: Parameters<typeof encodeStatementMessage>[0]): StatementMessage {
  let arrived: StatementMessage | null = null;
  new FrameDecoder(1e6).push(encodeStatementMessage(message), (frame) => {
    arrived = decodeStatementMessage(frame);
  });
  if (arrived === null) throw new Error("no frame");
  return arrived;
}

function createEntry(index: number, shared: SharedParts): StoredEntry {
  const collector = new ResultCollector(1e6, shared);
  const columns = travelled({ kind: "columns", columns: COLUMNS });
  const end = travelled({ kind: "end", end: END, more: false });
  if (columns.kind !== "columns" || end.kind !== "end") throw new Error("another message");
  collector.columns(columns.columns);
  collector.rows(new Uint8Array(100 + (index % 200)));
  collector.end(end.end, end.more);
  const body = collector.take();
  if (body === null) throw new Error("spoilt");
  const deps = { ...PLAN, throughView: false };
  const stamp = { epoch: "epoch", seq: index, catalogueSeq: 3 };
  const key = `["app_db",null,"app","0123456789abcdef",[]]\nSELECT a, b, c, d, e FROM t WHERE id = ${index}`;
  const entry: StoredEntry = { key, deps, stamp, dispatchedAt: index + 0.5, body, size: 0 };
  return entry;
}

test.each([
  ["as they came", 0],
  ["with one rendering", 900],
])("entries %s take what the cache accounts for", (_name, renderedBytes) => {
  const before = usedBytes();
  const shared = new SharedParts();
  const cache = createCache<StoredEntry>({
    entryMax: ENTRY_COUNT,
    sizeMaxBytes: 1e9,
    entrySizeMaxBytes: 1e6,
  });
  for (let index = 0; index < ENTRY_COUNT; index += 1) {
    const entry = createEntry(index, shared);
    if (renderedBytes > 0) {
      const content = Buffer.alloc(renderedBytes, 97 + (index % 20)).toString("latin1");
      entry.body.renderings.push({ form: "psdb", content });
    }
    entry.size = sizeOfEntry(entry);
    cache.set(entry);
  }
  const held = usedBytes() - before;
  const [heldEach, accountedEach] = [held / ENTRY_COUNT, cache.bytes / ENTRY_COUNT];
  console.log(`${Math.round(heldEach)} bytes an entry, accounted ${Math.round(accountedEach)}`);
  expect(cache.count).toBe(ENTRY_COUNT);
  // Both ways within a tenth: less would break the promise, more would waste the memory that was granted.
  expect(accountedEach / heldEach).toBeGreaterThan(0.9);
  expect(accountedEach / heldEach).toBeLessThan(1.3);
});
