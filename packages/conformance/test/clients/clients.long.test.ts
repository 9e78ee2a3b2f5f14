/** Foreign clients, unmodified: every client, on Node 24 and this Node, over HTTP/1.1, HTTP/2 over TLS, and h2c. */
import { describe, expect, test } from "vitest";
import { CLIENTS } from "./client-list.ts";
import { runMatrix } from "./matrix.ts";
import { findNode24, type NodeBinary, ownNode } from "./node-binaries.ts";
import type { OpenedConnections } from "./opened-connections.ts";
import type { Cell } from "./run-cell.ts";
import type { Transport } from "./transports.ts";

interface Group {
  readonly name: string;
  /** What every connection of the group must have spoken. */
  readonly spoken: keyof OpenedConnections;
  readonly cells: readonly Cell[];
}

const node24 = findNode24();
const nodes = [...new Set([ownNode(), ...(node24 === null ? [] : [node24])])];
const groups: readonly Group[] = [
  { name: "cleartext HTTP/1.1", spoken: "h1", cells: cellsOf("h1", nodes) },
  { name: "HTTP/2 over TLS", spoken: "h2Secure", cells: cellsOf("h2", nodes) },
  { name: "h2c", spoken: "h2", cells: cellsOf("h2c", nodes) },
  // What Node 24's own fetch does with TLS; newer ones take h2 by themselves, as in the cells above.
  ...(node24 === null
    ? []
    : [
        {
          name: "HTTP/1.1 over TLS",
          spoken: "h1Secure" as const,
          cells: [{ client: "planetscale-1-20", node: node24, transport: "tls" as const }],
        },
      ]),
];
const started = performance.now();
// Before the tests are declared: each check of each program is a test of its own.
const outcome = await runMatrix(groups.map(({ cells }) => cells));
const seconds = ((performance.now() - started) / 1000).toFixed(0);

test(`the matrix ran on ${nodes.map(({ name }) => name).join(" and ")}`, () => {
  const all = outcome.groups.flatMap(({ results }) => results);
  const requests = all.reduce((sum, { report }) => sum + report.requests, 0);
  const checks = all.reduce((sum, { report }) => sum + report.checks.length, 0);
  console.log(`${all.length} cells, ${checks} checks, ${requests} requests in ${seconds} s`);
  if (node24 === null) {
    console.warn(`NOT RUN: Node 24, for which there is no package on ${process.platform}-${process.arch}`);
  }
  expect(all.length).toBe(groups.flatMap(({ cells }) => cells).length);
});

test("no connection was left when the programs were gone", () => {
  expect(outcome.allClosed).toBe(true);
});

describe.each(groups)("over $name", ({ spoken, name }) => {
  const group = outcome.groups[groups.findIndex((candidate) => candidate.name === name)];
  const { results = [], opened = { h1: 0, h2: 0, h1Secure: 0, h2Secure: 0 } } = group ?? {};
  test("every connection spoke it, and none anything else", () => {
    console.log(`${name}: ${opened[spoken]} connections for ${results.length} programs`);
    expect(opened[spoken]).toBeGreaterThanOrEqual(results.length);
    expect({ ...opened, [spoken]: 0 }).toEqual({ h1: 0, h2: 0, h1Secure: 0, h2Secure: 0 });
  });
  describe.each(results)("$cell.client · $cell.node.name · $cell.transport", ({ report }) => {
    test.each(report.checks)("$name", ({ ok, detail }) => {
      expect(ok, detail).toBe(true);
    });
  });
});

function cellsOf(transport: Transport, binaries: readonly NodeBinary[]): readonly Cell[] {
  return CLIENTS.flatMap((client) => binaries.map((node) => ({ client, node, transport })));
}
