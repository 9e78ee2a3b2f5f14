import { afterEach, describe, expect, test } from "vitest";
import { type AppProcess, execute, openRig, type Rig, startApp, waitUntil } from "../src/index.ts";

// What an operator reads and does: one line for each thing that is wrong, reload, a stop that harms nobody.

type Line = Readonly<Record<string, string>>;
type Entry = Readonly<Record<string, unknown>>;

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step();
});

async function rigOf(options: Parameters<typeof openRig>[0] = {}): Promise<Rig> {
  const rig = await openRig(options);
  cleanup.push(() => rig.close());
  return rig;
}

async function start(name: "edge" | "origin", config: unknown): Promise<AppProcess<Line>> {
  const app = await startApp<Line>(name, config);
  cleanup.push(() => app.kill());
  return app;
}

function entries(app: AppProcess<unknown>, ...messages: string[]): Entry[] {
  return app
    .log()
    .split("\n")
    .slice(0, -1) // the last may be half a line
    .map((line) => JSON.parse(line) as Entry) // the log's own lines
    .filter(({ msg }) => messages.length === 0 || messages.includes(String(msg)));
}

/** Resolves when the log has such a line; the line. */
async function said(app: AppProcess<unknown>, message: string): Promise<Entry> {
  await waitUntil(() => entries(app, message).length > 0);
  return entries(app, message)[0] ?? {};
}

function edgeConfig(url: string, sharedSecret: string): object {
  return {
    listen: { http: { port: 0 }, admin: { port: 0 } },
    origin: { url, sharedSecret },
  };
}

describe("what is wrong is said once, in words, without a stack", () => {
  test("an origin that nobody runs", async () => {
    const edge = await start("edge", edgeConfig("http://127.0.0.1:1", "0123456789abcdef0123456789abcdef"));
    const line = await said(edge, "the origin cannot be reached");
    expect(line).toMatchObject({ level: "warn", reason: "nothing listens there" });
    await said(edge, "not ready yet"); // after five seconds, and as many attempts
    expect(entries(edge, "the origin cannot be reached")).toHaveLength(1);
    expect(edge.log()).not.toContain("stack");
  });

  test("another shared secret: on both sides", async () => {
    const rig = await rigOf({ edges: 0 });
    const edge = await start(
      "edge",
      edgeConfig(rig.origin.line.backhaul, "another-0123456789abcdef-0123456789"),
    );
    const atEdge = await said(edge, "the origin cannot be reached");
    expect(atEdge["reason"]).toContain("origin.sharedSecret is not the origin's sharedSecret");
    const atOrigin = await said(rig.origin, "a peer was refused");
    expect(atOrigin).toMatchObject({ level: "warn", reason: "its shared secret is not sharedSecret" });
    await waitUntil(async () => (await rig.metric(rig.origin.line.admin, REFUSED)) >= 3);
    expect(entries(edge, "the origin cannot be reached", "feed lost")).toHaveLength(1);
    expect(entries(rig.origin, "a peer was refused")).toHaveLength(1);
  });

  test("another password of the database", async () => {
    const rig = await rigOf({ databaseOnly: true });
    const origin = await start("origin", {
      listen: { backhaul: { port: 0 }, admin: { port: 0 } },
      sharedSecret: rig.sharedSecret,
      database: { host: rig.db.host, port: rig.db.port, user: rig.db.user, password: "x", database: "d" },
      logins: [{ name: "a", password: "b", database: "d" }],
    });
    const line = await said(origin, "no database connection");
    expect(line).toMatchObject({
      level: "warn",
      reason: "database.user: the database refuses the account's name or password (ER_ACCESS_DENIED_ERROR)",
    });
    await said(origin, "not ready yet");
    expect(entries(origin, "no database connection")).toHaveLength(1);
    expect(origin.log()).not.toContain("stack");
  });
});

const REFUSED = "rockpool_origin_backhaul_refused_total";

test("a stop: not ready and served for the delay, then drained; no warning on the other side", async () => {
  const rig = await rigOf({ edgeConfig: { shutdown: { delayMs: 1_000 } } });
  const [edge] = rig.edges;
  expect(entries(rig.origin, "started")[0]).toMatchObject({
    consistency: "ttl",
    version: expect.any(String),
  });
  if (edge === undefined) throw new Error("no edge");
  expect(entries(edge, "started")).toHaveLength(1);
  await said(edge, "ready");
  const stopped = edge.stop();
  await waitUntil(async () => (await fetch(`${edge.line.admin}/readyz`)).status === 503);
  expect((await execute(edge.line.http, rig.login, "SELECT 1 AS one")).status).toBe(200);
  expect(await stopped).toBe(0);
  expect(entries(edge, "draining", "stopped").map(({ msg }) => msg)).toEqual(["draining", "stopped"]);
  expect(await rig.origin.stop()).toBe(0);
  const odd = [...entries(edge), ...entries(rig.origin)].filter(
    ({ level }) => level === "warn" || level === "error",
  );
  expect(odd).toEqual([]);
});

test("an origin's stop is no warning at its edges until it stays away", async () => {
  const rig = await rigOf();
  const [edge] = rig.edges;
  if (edge === undefined) throw new Error("no edge");
  expect(await rig.origin.stop()).toBe(0);
  expect(await said(edge, "feed lost")).toMatchObject({ level: "info" });
  expect(entries(edge, "feed lost")).toHaveLength(1);
});

describe("a reload", () => {
  test("applies limits to the next request, and names what waits for a restart", async () => {
    const rig = await rigOf();
    const [edge] = rig.edges;
    if (edge === undefined) throw new Error("no edge");
    const config = {
      ...edgeConfig(`http://${rig.originLinks[0]?.host}:${rig.originLinks[0]?.port}`, rig.sharedSecret),
      limits: { statementMaxBytes: 1024 },
      freshness: { boundMs: 0 },
      cache: { entryMax: 5 },
    };
    const long = `SELECT '${"x".repeat(2_000)}' AS x`;
    expect(await execute(edge.line.http, rig.login, long)).toMatchObject({ status: 200 });
    edge.reconfigure(config);
    expect(await said(edge, "configuration reloaded")).toMatchObject({
      changed: ["freshness.boundMs", "limits.statementMaxBytes"],
      needRestart: ["cache.entryMax"],
    });
    expect((await execute(edge.line.http, rig.login, long)).status).toBe(413);
    expect(await rig.metric(edge.line.admin, "rockpool_config_reloads_total", 'outcome="ok"')).toBe(1);
    expect(await rig.metric(edge.line.admin, "rockpool_edge_bound_seconds")).toBe(0);
    await waitUntil(async () => (await fetch(`${edge.line.admin}/readyz`)).status === 200);
  });

  test("of something wrong changes nothing and is one line", async () => {
    const rig = await rigOf();
    const [edge] = rig.edges;
    if (edge === undefined) throw new Error("no edge");
    edge.reconfigure({ ...edgeConfig("nonsense", rig.sharedSecret), limits: { statementMaxBytes: 1024 } });
    const line = await said(edge, "configuration not reloaded: it cannot be used");
    expect(line["level"]).toBe("error");
    expect(String(line["problems"])).toContain("origin.url: must look like");
    const long = `SELECT '${"y".repeat(2_000)}' AS y`;
    expect(await execute(edge.line.http, rig.login, long)).toMatchObject({ status: 200 });
    expect(await rig.metric(edge.line.admin, "rockpool_config_reloads_total", 'outcome="failed"')).toBe(1);
  });
});
