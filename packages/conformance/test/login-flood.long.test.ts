/**
 * Floods of wrong passwords, from one address and from thousands: right statuses, bounded memory, and clients whose
 * password is known are served all the while. Latencies are printed, not asserted: the machine is shared.
 */
import { readFileSync } from "node:fs";
import * as http from "node:http";
import { createSeededRandom, takeSeed } from "@rockpool/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CANARY } from "../src/canary.ts";
import { EdgeSession } from "../src/edge-session.ts";
import { openRig, type Rig } from "../src/index.ts";

const CONCURRENCY = 100;
const RSS_GROWTH_MAX_BYTES = 160 * 1024 * 1024;
const READ = "SELECT v FROM facts WHERE id = 1";
const seed = takeSeed("login-flood", Date.now() % 2 ** 31);
const random = createSeededRandom(seed);

let rig: Rig;
let known: EdgeSession;

beforeAll(async () => {
  rig = await openRig({
    edgeConfig: { freshness: { boundMs: 10_000 }, access: { trustedProxies: ["127.0.0.1"] } },
    logins: [{ name: "late", password: `${CANARY}password-of-late`, database: "rockpool" }],
  });
  known = new EdgeSession(rig.edges[0]?.line.http ?? "", rig.login);
  await known.must("CREATE TABLE facts (id INT PRIMARY KEY, v INT)");
  await known.must("INSERT INTO facts VALUES (1, 10)");
  await known.must(READ);
});
afterAll(() => rig?.close());

/** The status of one Execute, whatever it says. */
function guess(agent: http.Agent, name: string, password: string, from: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL("/psdb.v1alpha1.Database/Execute", rig.edges[0]?.line.http), {
      method: "POST",
      agent,
      headers: {
        "content-type": "application/json",
        "x-forwarded-for": from,
        authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    request.end('{"query":"SELECT 1"}');
  });
}

async function flood(guesses: number, addressOf: () => string): Promise<Record<number, number>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const counts: Record<number, number> = {};
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < guesses) {
      sent += 1;
      const name = random.next() < 0.5 ? "app" : `nobody-${Math.floor(random.next() * 1_000)}`;
      const status = await guess(agent, name, `guess-${sent}-${random.next()}`, addressOf());
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  agent.destroy();
  return counts;
}

function rssBytes(): number {
  const status = readFileSync(`/proc/${rig.edges[0]?.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** An address of 10.0.0.0/8. */
function anyAddress(): string {
  const octet = (): number => Math.floor(random.next() * 256);
  return `10.${octet()}.${octet()}.${octet()}`;
}

const FLOODS: readonly (readonly [name: string, guesses: number, addressOf: () => string])[] = [
  ["one address", 4_000, () => "198.51.100.1"],
  // Each is hashed, two at once: these take their time.
  ["addresses without end", 300, anyAddress],
];

test.each(FLOODS)("a flood from %s harms nobody who is known", async (name, guesses, addressOf) => {
  const before = rssBytes();
  const state = { isOver: false };
  const flooded = flood(guesses, addressOf).finally(() => {
    state.isOver = true;
  });
  const latencies: number[] = [];
  let hitCount = 0;
  while (!state.isOver) {
    const answer = await known.must(READ);
    latencies.push(answer.arrivedAt - answer.sentAt);
    if (answer.cache.startsWith("hit")) hitCount += 1;
  }
  const counts = await flooded;
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  const grown = rssBytes() - before;
  console.log(
    `flood of ${guesses} from ${name}, seed ${seed}: ${JSON.stringify(counts)}; ${latencies.length} statements of a known ` +
      `client, ${hitCount} hits, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; memory +${(grown / 1024 / 1024).toFixed(0)} MiB`,
  );
  expect(
    Object.keys(counts)
      .map(Number)
      .filter((status) => ![401, 429, 503].includes(status)),
  ).toEqual([]);
  expect(hitCount).toBeGreaterThan(0);
  expect(grown).toBeLessThan(RSS_GROWTH_MAX_BYTES);
});

test("afterwards a client that was never seen logs in", async () => {
  const late = new EdgeSession(rig.edges[0]?.line.http ?? "", {
    user: "late",
    password: `${CANARY}password-of-late`,
  });
  expect((await late.must(READ)).rows).toEqual([["10"]]);
});
