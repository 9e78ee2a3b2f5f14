import { createMetricsRegistry } from "@rockpool/telemetry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AdminDoor, type ReadyCheck } from "./admin-door.ts";

let checks: () => Promise<readonly ReadyCheck[]>;
let door: AdminDoor;
let url: string;

beforeEach(async () => {
  checks = () => Promise.resolve([]);
  const registry = createMetricsRegistry();
  registry.gauge({ name: "rockpool_answer", help: "Of everything.", read: () => 42 });
  door = new AdminDoor({ host: "127.0.0.1", port: 0, registry, checks: () => checks() });
  url = `http://127.0.0.1:${await door.listen()}`;
});
afterEach(() => door.close());

async function ask(path: string, method = "GET"): Promise<[number, string]> {
  const answer = await fetch(url + path, { method });
  return [answer.status, await answer.text()];
}

test("it lives", async () => {
  expect(await ask("/livez")).toEqual([200, "ok\n"]);
  expect(await ask("/livez", "HEAD")).toEqual([200, ""]);
});

test("it is ready when every check is, and names those that are not", async () => {
  checks = () => Promise.resolve([{ name: "feed", ok: true }]);
  expect(await ask("/readyz")).toEqual([200, "ok feed\n"]);
  checks = () =>
    Promise.resolve([
      { name: "feed", ok: true },
      { name: "database", ok: false },
    ]);
  expect(await ask("/readyz")).toEqual([503, "ok feed\nfailed database\n"]);
});

test("a check that breaks is an error, and the door stays open", async () => {
  checks = () => Promise.reject(new Error("a bug"));
  expect(await ask("/readyz")).toEqual([500, "internal error\n"]);
  expect((await ask("/livez"))[0]).toBe(200);
});

test("metrics are Prometheus text", async () => {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get("content-type")).toContain("text/plain");
  expect(await answer.text()).toContain("rockpool_answer 42\n");
});

test("nothing else is there", async () => {
  expect(await ask("/")).toEqual([404, "not found\n"]);
  expect(await ask("/livez/")).toEqual([404, "not found\n"]);
  expect(await ask("/livez", "POST")).toEqual([405, "method not allowed\n"]);
});

test("a port that is taken is an error", async () => {
  const port = Number(new URL(url).port);
  const second = new AdminDoor({
    host: "127.0.0.1",
    port,
    registry: createMetricsRegistry(),
    checks: () => Promise.resolve([]),
  });
  await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
});
