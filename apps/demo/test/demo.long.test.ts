import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function runDemo(
  args: readonly string[],
): Promise<{ code: number; output: string; complaints: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code: Number(code), output, complaints };
}

/** The numbers of the summary's row for a kind of answer: how many, p50 and p99 in ms. */
function rowOf(output: string, name: string): { count: number; p50Ms: number; p99Ms: number } {
  const summary = output.slice(output.indexOf("were answered at the edge"));
  const match = new RegExp(`^${name} +([\\d,]+) +([\\d.]+) ms +([\\d.]+) ms`, "m").exec(summary);
  const [count, p50Ms, p99Ms] = (match?.slice(1) ?? []).map((cell) => Number(cell.replaceAll(",", "")));
  return { count: count ?? 0, p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0 };
}

test("a short demo ends well, and its figures make sense", async () => {
  const { code, output, complaints } = await runDemo(["--exit", "--seconds", "5"]);
  expect({ code, complaints }, output).toEqual({ code: 0, complaints: "" });

  const hit = rowOf(output, "hit, at the edge");
  const miss = rowOf(output, "miss, through the edge");
  const warm = rowOf(output, "warm pool, no edge");
  const fresh = rowOf(output, "new connection per request");
  for (const row of [hit, miss, warm, fresh, rowOf(output, "write, through the edge")]) {
    expect(row.count).toBeGreaterThan(0);
    expect(row.p99Ms).toBeGreaterThanOrEqual(row.p50Ms);
  }
  // One round trip of the link, and the three more that a new connection costs, whatever the machine's load adds.
  expect(miss.p50Ms).toBeGreaterThan(39);
  expect(warm.p50Ms).toBeGreaterThan(39);
  expect(fresh.p50Ms).toBeGreaterThan(110);
  expect(hit.p50Ms).toBeLessThan(miss.p50Ms);

  const [, checked, older] = /checked +(\d+) answers again at the database: (\d+) older/.exec(output) ?? [];
  expect(Number(checked)).toBeGreaterThan(0);
  expect(Number(older)).toBe(0);
  const [, clients, connections] = /clients +([\d,]+) short-lived.* \((\d+) at most\)/.exec(output) ?? [];
  expect(Number(clients?.replace(",", ""))).toBeGreaterThan(100);
  expect(Number(connections)).toBeGreaterThan(0);
  // The pool's 20, and the origin's own for catalogue and control.
  expect(Number(connections)).toBeLessThanOrEqual(24);
  expect(output).toMatch(/^curl +curl -si -u app:\S+ /m);
});

test("wrong arguments", async () => {
  const { code, complaints } = await runDemo(["--seconds", "never"]);
  expect(code).toBe(2);
  expect(complaints).toMatch(/^rockpool: --seconds: .+\nusage: npm run demo/);
});
