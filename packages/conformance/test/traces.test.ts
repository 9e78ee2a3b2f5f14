import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRig, type Rig, waitUntil } from "../src/index.ts";

/** A finished span, as fixtures/span-file-main.ts writes it. */
interface WrittenSpan {
  readonly program: "edge" | "origin";
  readonly name: string;
  readonly kind: "SERVER" | "CLIENT";
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly parentIsRemote: boolean;
  readonly traceState: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const FIXTURE = join(import.meta.dirname, "fixtures/span-file-main.ts");
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT_SPAN = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE}-${CLIENT_SPAN}-01`;

const folder = mkdtempSync(join(tmpdir(), "rockpool-spans-"));
const file = join(folder, "spans.jsonl");
let rig: Rig;

beforeAll(async () => {
  rig = await openRig({
    edgeConfig: { tracing: { enabled: true }, log: { statements: "template" } },
    originConfig: { tracing: { enabled: true }, log: { statements: "template" } },
    app: { nodeArguments: ["--import", FIXTURE], env: { SPAN_FILE: file } },
  });
  await run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))", "setup");
  await run("INSERT INTO t VALUES (1, 'canary-literal-one')", "setup");
});
afterAll(async () => {
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One Execute with a request id of its own, and whatever else of headers. */
async function run(
  query: string,
  requestId: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const credentials = btoa(`${rig.login.user}:${rig.login.password}`);
  const response = await fetch(`${rig.edges[0]?.line.http}/psdb.v1alpha1.Database/Execute`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${credentials}`,
      "x-request-id": requestId,
      ...headers,
    },
    body: JSON.stringify({ query, session: null }),
  });
  await response.arrayBuffer();
  return response;
}

function isHit(response: Response): boolean {
  return response.headers.get("rockpool-cache")?.startsWith("hit") === true;
}

function spans(): WrittenSpan[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.slice(0, -1).map((line): WrittenSpan => JSON.parse(line));
}

/** The spans of one trace, once the request's own is among them. */
async function traceOf(traceId: string, count: number): Promise<WrittenSpan[]> {
  await waitUntil(() => spans().filter((span) => span.traceId === traceId).length >= count);
  return spans().filter((span) => span.traceId === traceId);
}

function childOf(members: readonly WrittenSpan[], parentId: string | undefined): WrittenSpan {
  const found = members.find((span) => span.parentId === parentId);
  if (found === undefined) throw new Error(`no span below ${parentId}: ${JSON.stringify(members)}`);
  return found;
}

describe("a miss is one trace", () => {
  test("from the client over edge and origin to the database", async () => {
    const headers = { traceparent: TRACEPARENT, tracestate: "rojo=1" };
    await run("SELECT v FROM t WHERE v = 'canary-literal-two' OR id = 1", "miss-1", headers);
    const members = await traceOf(TRACE, 4);
    expect(members).toHaveLength(4);
    const edge = childOf(members, CLIENT_SPAN);
    expect(edge).toMatchObject({
      program: "edge",
      kind: "SERVER",
      name: "POST /psdb.v1alpha1.Database/Execute",
      parentIsRemote: true,
      traceState: "rojo=1",
      failed: false,
      attributes: {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "rockpool.request_id": "miss-1",
        "rockpool.cache.status": "miss",
        "rockpool.cache.reason": "absent",
        "db.system.name": "mysql",
        "db.operation.name": "SELECT",
        "db.query.text": "SELECT v FROM t WHERE v = ? OR id = ?",
        "db.response.returned_rows": 1,
      },
    });
    const backhaul = childOf(members, edge.spanId);
    expect(backhaul).toMatchObject({ program: "edge", kind: "CLIENT", parentIsRemote: false });
    const origin = childOf(members, backhaul.spanId);
    expect(origin).toMatchObject({
      program: "origin",
      kind: "SERVER",
      parentIsRemote: true,
      traceState: "rojo=1",
      attributes: { "rockpool.request_id": "miss-1" },
    });
    expect(childOf(members, origin.spanId)).toMatchObject({
      program: "origin",
      kind: "CLIENT",
      name: "SELECT",
      attributes: {
        "db.system.name": "mariadb",
        "db.operation.name": "SELECT",
        "db.namespace": rig.db.database,
        "db.query.text": "SELECT v FROM t WHERE v = ? OR id = ?",
        "server.port": rig.databaseLink.port,
        "db.response.returned_rows": 1,
      },
    });
  });

  test("the database's error is on every span of it, by its number", async () => {
    const traceId = "a".repeat(32);
    await run("INSERT INTO t VALUES (1, 'canary-literal-three')", "duplicate-1", {
      traceparent: `00-${traceId}-${CLIENT_SPAN}-01`,
    });
    const members = await traceOf(traceId, 4);
    const errors = members.map(({ failed, attributes }) => `${failed} ${String(attributes["error.type"])}`);
    expect(errors).toEqual(Array(4).fill("true 1062"));
  });
});

test("a hit is one span, at the edge", async () => {
  const traceId = "b".repeat(32);
  const sql = "SELECT COUNT(*) FROM t";
  await waitUntil(async () => isHit(await run(sql, "fill")));
  await run(sql, "hit-1", { traceparent: `00-${traceId}-${CLIENT_SPAN}-01` });
  const [only, ...others] = await traceOf(traceId, 1);
  expect(others).toEqual([]);
  expect(only?.attributes).toMatchObject({
    "rockpool.cache.status": "hit",
    "rockpool.request_id": "hit-1",
  });
});

test("without a traceparent, or with a malformed one, a trace begins at the edge", async () => {
  await run("SELECT 7", "begins-1", { traceparent: `00-${TRACE.toUpperCase()}-x` });
  const isIt = (span: WrittenSpan): boolean =>
    span.kind === "SERVER" &&
    span.program === "edge" &&
    span.attributes["rockpool.request_id"] === "begins-1";
  await waitUntil(() => spans().some(isIt));
  const first = spans().find(isIt);
  expect(first?.parentId).toBeNull();
  expect(await traceOf(first?.traceId ?? "", 4)).toHaveLength(4);
});

describe("log.statements: template", () => {
  /** The lines about a request. */
  function linesOf(
    program: { log(): string } | undefined,
    requestId: string,
    msgOf = "statement",
  ): Record<string, unknown>[] {
    return (program?.log() ?? "")
      .split("\n")
      .filter((line) => line.includes(`"${requestId}"`))
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter(({ msg }) => msg === msgOf);
  }

  test("one line at the edge and one at the origin, with the client's request id", async () => {
    const response = await run("SELECT * FROM t WHERE v <> 'canary-literal-four' LIMIT 7", "logged.1");
    expect(response.headers.get("rockpool-request-id")).toBe("logged.1");
    await waitUntil(() => linesOf(rig.origin, "logged.1").length > 0);
    expect(linesOf(rig.edges[0], "logged.1")).toEqual([
      expect.objectContaining({
        level: "info",
        msg: "statement",
        login: "app",
        status: "miss",
        reason: "absent",
        outcome: "done",
        rows: 1,
        template: "SELECT * FROM t WHERE v <> ? LIMIT ?",
      }),
    ]);
    expect(linesOf(rig.origin, "logged.1")).toEqual([
      expect.objectContaining({
        login: "app",
        outcome: "done",
        rows: 1,
        template: "SELECT * FROM t WHERE v <> ? LIMIT ?",
      }),
    ]);
  });

  test.each([
    ["an executable comment", "SELECT /*! 'canary-literal' */", "done", "unreadable"],
    ["an open quote", "SELECT 'canary-literal", "database 1064", "unreadable"],
    [
      "a refused one",
      "SELECT ROW_COUNT(), 'canary-literal'",
      "diagnostics-not-kept",
      "SELECT ROW_COUNT(), ?",
    ],
    ["an error", "SELECT 'canary-literal' FROM nowhere", "database 1146", "SELECT ? FROM nowhere"],
  ])("%s", async (name, sql, outcome, template) => {
    const requestId = name.replaceAll(" ", "_");
    await run(sql, requestId);
    await waitUntil(() => linesOf(rig.edges[0], requestId).length > 0);
    expect(linesOf(rig.edges[0], requestId)).toEqual([expect.objectContaining({ outcome, template })]);
  });

  test("a request that failed has a line of its own, at the level of its code", async () => {
    await run("SELECT ROW_COUNT()", "failed-1");
    const [line, ...others] = linesOf(rig.edges[0], "failed-1", "request failed");
    expect([line?.["code"], line?.["level"], others]).toEqual(["diagnostics-not-kept", "info", []]);
  });

  test("a hit is not logged, and a request id that is not fit for logs is not taken", async () => {
    const sql = "SELECT id FROM t";
    await waitUntil(async () => isHit(await run(sql, "unlogged")));
    const before = rig.edges[0]?.log().length;
    const hit = await run(sql, 'x", "level": "error');
    expect(hit.headers.get("rockpool-cache")).toMatch(/^hit/);
    expect(hit.headers.get("rockpool-request-id")).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(rig.edges[0]?.log().length).toBe(before);
  });

  test("a reload turns it off and on, at both", async () => {
    const reloaded = (count: number) =>
      waitUntil(() =>
        [rig.origin, ...rig.edges].every(
          (app) => app.log().split('"msg":"configuration reloaded"').length > count,
        ),
      );
    rig.reconfigure({ tracing: { enabled: true }, log: { statements: "off" } });
    await reloaded(1);
    await run("SELECT 'off'", "while-off");
    rig.reconfigure({ tracing: { enabled: true }, log: { statements: "template" } });
    await reloaded(2);
    await run("SELECT 'on'", "while-on");
    await waitUntil(() => linesOf(rig.origin, "while-on").length > 0);
    expect([rig.origin, ...rig.edges].map((app) => linesOf(app, "while-off").length)).toEqual([0, 0]);
    expect([rig.origin, ...rig.edges].map((app) => linesOf(app, "while-on").length)).toEqual([1, 1]);
  });
});
