import { afterAll, beforeAll, expect, test } from "vitest";
import { openRig, type Rig } from "../src/index.ts";
import { postExecute } from "../src/psdb-session.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(async () => {
  await rig?.close();
});

async function post(body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const url = rig.edges[0]?.line.http ?? "";
  const response = await postExecute({ url, ...rig.login }, body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }; // the edge's own answer
}

const value = (text: string): { type: string; value: string } => ({
  type: "VARCHAR",
  value: Buffer.from(text).toString("base64"),
});

test("bind variables become literals", async () => {
  const { body } = await post({
    query: "SELECT :v1 AS a",
    bind_variables: { v1: value("it's \\ fine") },
    session: null,
  });
  const { rows } = body["result"] as { rows: { values: string }[] }; // one row of one text
  expect(Buffer.from(rows[0]?.values ?? "", "base64").toString()).toBe("it's \\ fine");
});

test("a session in which quotes mean something else gets none put into its texts", async () => {
  const set = await post({ query: "SET sql_mode = 'NO_BACKSLASH_ESCAPES'", session: null });
  const { session } = set.body;
  const bound = await post({ query: "SELECT '\\', :v1", bind_variables: { v1: value("x") }, session });
  expect([bound.status, JSON.stringify(bound.body)]).toEqual([400, expect.stringContaining("errno 1235")]);
  const plain = await post({ query: "SELECT 1", session });
  expect(plain.body["error"]).toBeUndefined();
});
