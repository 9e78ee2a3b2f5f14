import { Client } from "@planetscale/database";
import { expect, test, vi } from "vitest";
import { checkAnswer, type CheckedAnswer } from "../src/demo/answer-checker.ts";
import { DirectConnections } from "../src/demo/direct-connections.ts";
import { Figures } from "../src/demo/figures.ts";
import { formatState, keepRawCell } from "../src/demo/raw-rows.ts";
import { openSnapshotRing } from "../src/demo/snapshot-ring.ts";
import { openStack } from "../src/index.ts";

const SQL = "SELECT name FROM pond WHERE id = 1";
const BOUND_MS = 1_000;

// A write past the origin is the one thing that may be late in `consistency: ttl`: it makes a real edge give answers
// older than the bound, and the demo's checker has to find them.
test("the checker finds the stale answers of a real edge", async () => {
  vi.stubEnv("ROCKPOOL_FRESHNESS_CONSISTENCY", "ttl");
  await using resources = new AsyncDisposableStack();
  const stack = await openStack({
    boundMs: BOUND_MS,
    prepareDatabase: async (db) => {
      const connections = new DirectConnections(db);
      const connection = await connections.open();
      await connection.query("CREATE TABLE pond (id INT PRIMARY KEY, name VARCHAR(20)) ENGINE=InnoDB");
      await connection.query("INSERT INTO pond VALUES (1, 'limpet')");
      connections.close();
    },
  });
  resources.defer(() => stack.close());
  const connections = new DirectConnections(stack.info.db);
  resources.defer(() => connections.close());
  const [connection, writer] = [await connections.open(), await connections.open()];
  const figures = new Figures();
  const ring = await openSnapshotRing(
    () => connections.open(),
    (error) => figures.recordError("snapshot", error),
  );
  resources.defer(() => ring.close());
  const options = { connection, ring, boundMs: BOUND_MS, figures };

  const { login, edges } = stack.info;
  const ask = async (): Promise<CheckedAnswer & { cache: string }> => {
    let cache = "";
    const client = new Client({
      url: `${edges[0]?.http}`.replace("://", `://${login.user}:${login.password}@`),
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        cache = response.headers.get("rockpool-cache") ?? "";
        return response;
      },
    });
    const askedAtMs = performance.now();
    const { rows } = await client.execute(SQL, null, { as: "array", cast: keepRawCell });
    return { sql: SQL, askedAtMs, cache, answer: formatState(rows as unknown[][]) };
  };

  await expect.poll(async () => (await ask()).cache, { timeout: 10_000 }).toMatch(/^hit;/);
  expect(await checkAnswer(await ask(), options)).toBe("recent");
  await writer.query("UPDATE pond SET name = 'conch' WHERE id = 1");
  const stale = await ask();
  expect(stale).toMatchObject({ cache: expect.stringMatching(/^hit;/), answer: '["limpet"]' });
  expect(await checkAnswer(stale, options)).toBe("recent");

  await expect
    .poll(async () => checkAnswer(await ask(), options), { timeout: 10_000, interval: 100 })
    .toBe("older");
  // The same write through the edge ends it.
  const client = new Client({
    url: `${edges[0]?.http}`.replace("://", `://${login.user}:${login.password}@`),
  });
  await client.execute("UPDATE pond SET name = 'whelk' WHERE id = 1");
  expect(await checkAnswer(await ask(), options)).toBe("recent");
  expect(figures.view().errors).toBe(0);
});
