/** What HTTP/2 is for: a function that starts 300 statements at once needs one TLS handshake, not 300. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../src/index.ts";
import { type ClientsRig, openClientsRig } from "./clients-rig.ts";
import { findNode24, type NodeBinary, ownNode } from "./node-binaries.ts";
import { countOpened } from "./opened-connections.ts";
import { runCell } from "./run-cell.ts";

const STATEMENTS = 301;

let clients: ClientsRig;

beforeAll(async () => {
  clients = await openClientsRig(2);
});
afterAll(async () => {
  await clients?.close();
});

/** Statements and connections of one program, counted at the edge. */
async function runWarm(node: NodeBinary, index: number) {
  const { rig, caFile } = clients;
  const admin = rig.edges[0]?.line.admin ?? "";
  const countStatements = (): Promise<number> => rig.metric(admin, "rockpool_edge_statements_total");
  const before = await countStatements();
  const opened = await countOpened(rig, async () => {
    const cell = { client: "warm", node, transport: "tls" as const };
    const { checks } = await runCell(cell, { target: clients.target(index, "tls"), caFile });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });
  const statements = (await countStatements()) - before;
  const connections = opened.h1Secure + opened.h2Secure;
  console.log(
    `${node.name}: ${statements} queries, ${connections} connection${connections === 1 ? "" : "s"}`,
  );
  return { statements, opened };
}

test("one warm TLS connection carries 300 parallel statements of the unmodified driver on Node 26", async () => {
  const node = ownNode();
  expect(node.major).toBeGreaterThanOrEqual(26);
  const { statements, opened } = await runWarm(node, 0);
  expect(statements).toBe(STATEMENTS);
  expect(opened).toEqual({ h1: 0, h2: 0, h1Secure: 0, h2Secure: 1 });
});

test("on Node 24, whose fetch knows no HTTP/2, every parallel statement takes a connection", async () => {
  const node = findNode24();
  if (node === null) return console.warn(`NOT RUN: no Node 24 for ${process.platform}-${process.arch}`);
  const { statements, opened } = await runWarm(node, 1);
  expect(statements).toBe(STATEMENTS);
  expect(opened).toEqual({ h1: 0, h2: 0, h1Secure: expect.any(Number), h2Secure: 0 });
  expect(opened.h1Secure).toBeGreaterThan(100);
});

test("none of them is open once its program has ended, whether or not it said goodbye", async () => {
  const { rig } = clients;
  await waitUntil(async () => {
    return (await rig.metric(rig.edges[0]?.line.admin ?? "", "rockpool_edge_connections")) === 0;
  });
  expect(await rig.metric(rig.edges[0]?.line.admin ?? "", "rockpool_edge_connections")).toBe(0);
});
