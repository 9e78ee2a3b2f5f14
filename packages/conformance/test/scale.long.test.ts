import { readFileSync } from "node:fs";
import * as http from "node:http";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, execute, openRig, type Rig } from "../src/index.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
  const { host, port, user, password, database } = rig.db;
  const db = await createConnection({ host, port, user, password, database });
  await db.query("CREATE TABLE wide (id INT PRIMARY KEY, v LONGTEXT)");
  await db.query("INSERT INTO wide SELECT seq, REPEAT(CHAR(65 + seq % 26), 65536) FROM seq_1_to_1024");
  await db.query("CREATE TABLE points (id INT PRIMARY KEY, v INT)");
  await db.query("INSERT INTO points SELECT seq, seq * 3 FROM seq_1_to_10000");
  await db.end();
  await execute(rig.edges[0]?.line.http ?? "", rig.login, "ANALYZE TABLE wide, points"); // reloads the catalogue
});
afterAll(async () => {
  await rig?.close();
});

function rssMib(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

test("1 GiB to a slow reader: neither process grows by more than 64 MiB", async () => {
  const edge = rig.edges[0];
  if (edge === undefined) throw new Error("no edge");
  for (let round = 0; round < 20; round++)
    await execute(edge.line.http, rig.login, "SELECT v FROM wide WHERE id < 40");
  const before = { edge: rssMib(edge.pid), origin: rssMib(rig.origin.pid) };
  let peakEdge = 0;
  let peakOrigin = 0;
  let bytes = 0;
  const { user, password } = rig.login;
  await new Promise<void>((resolve, reject) => {
    const request = http.request(
      new URL("/psdb.v1alpha1.Database/Execute", edge.line.http),
      { method: "POST", auth: `${user}:${password}`, headers: { "content-type": "application/json" } },
      (response) => {
        // Reads 4 MiB, then rests for a turn of the timer: far slower than the database sends.
        let budget = 4 << 20;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          budget -= chunk.length;
          if (budget > 0) return;
          budget = 4 << 20;
          response.pause();
          peakEdge = Math.max(peakEdge, rssMib(edge.pid));
          peakOrigin = Math.max(peakOrigin, rssMib(rig.origin.pid));
          setTimeout(() => response.resume(), 40);
        });
        response.on("end", resolve);
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    // 16 x 64 MiB of text = 1 GiB of rows
    request.end(JSON.stringify({ query: "SELECT w.v FROM wide w, seq_1_to_16 s", session: null }));
  });
  expect(bytes).toBeGreaterThan(1024 * 1024 * 1024);
  const grown = { edge: peakEdge - before.edge, origin: peakOrigin - before.origin };
  console.log(
    `1 GiB to a slow reader: RSS edge ${before.edge.toFixed(0)} +${grown.edge.toFixed(0)} MiB, origin ${before.origin.toFixed(0)} +${grown.origin.toFixed(0)} MiB`,
  );
  expect(grown.edge).toBeLessThanOrEqual(64);
  expect(grown.origin).toBeLessThanOrEqual(64);
});

test("2,000 clients at once over at most 20 database connections: no error, everybody answered", async () => {
  const url = rig.edges[0]?.line.http ?? "";
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2_000 });
  const waits: number[] = [];
  let errors = 0;
  let peakConnections = 0;
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      const states = ["shared", "pinned", "idle", "resetting", "opening"];
      const counts = await Promise.all(
        states.map((state) =>
          rig.metric(rig.origin.line.admin, "rockpool_origin_pool_connections", `state="${state}"`),
        ),
      );
      peakConnections = Math.max(
        peakConnections,
        counts.reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 50)); // tidy-allow wait-in-test: the pace of the observer
    }
  })();
  await Promise.all(
    Array.from({ length: 2_000 }, async (_, client) => {
      for (let round = 0; round < 3; round++) {
        const id = ((client * 7 + round * 2_003) % 10_000) + 1;
        const startedAt = performance.now();
        const answer = await execute(url, rig.login, `SELECT v FROM points WHERE id = ${id}`, { agent });
        waits.push(performance.now() - startedAt);
        if (cellsOf(answer)[0]?.[0] !== String(id * 3)) errors += 1;
      }
    }),
  );
  over.abort();
  await watch;
  agent.destroy();
  waits.sort((a, b) => a - b);
  console.log(
    `2,000 clients x 3 reads: p50 ${waits[waits.length >> 1]?.toFixed(0)} ms, p99 ${waits[Math.floor(waits.length * 0.99)]?.toFixed(0)} ms, ${errors} errors, at most ${peakConnections} database connections`,
  );
  expect(errors).toBe(0);
  expect(waits).toHaveLength(6_000);
  expect(peakConnections).toBeLessThanOrEqual(20);
});
