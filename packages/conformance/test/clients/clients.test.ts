/** Some foreign clients, unmodified, over cleartext HTTP/1.1 on this Node; the whole matrix is `clients.long.test.ts`. */
import { describe, expect, test } from "vitest";
import { FAST_CLIENTS } from "./client-list.ts";
import { runMatrix } from "./matrix.ts";
import { ownNode } from "./node-binaries.ts";

const cells = FAST_CLIENTS.map((client) => ({ client, node: ownNode(), transport: "h1" as const }));
// Before the tests are declared: each check of each program is a test of its own.
const { groups, allClosed } = await runMatrix([cells]);

describe.each(groups)("over cleartext HTTP/1.1", ({ results, opened }) => {
  test("nothing else was spoken", () => {
    expect(opened).toEqual({ h1: expect.any(Number), h2: 0, h1Secure: 0, h2Secure: 0 });
    expect(allClosed).toBe(true);
  });
  describe.each(results)("$cell.client · $cell.node.name · $cell.transport", ({ report }) => {
    test.each(report.checks)("$name", ({ ok, detail }) => {
      expect(ok, detail).toBe(true);
    });
  });
});
