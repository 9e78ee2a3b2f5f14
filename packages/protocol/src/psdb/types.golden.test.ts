/**
 * Every column type: packets captured from a real MariaDB must give the JSON that a Vitess server would send
 * (testdata/psdb-types.golden.json, made by tools/regen-goldens.ts without this package), and the unmodified driver
 * must read the right values out of it.
 */
import { readFileSync } from "node:fs";
import { connect } from "@planetscale/database";
import { expect, test } from "vitest";
import { stripExtendedMetadata } from "../mysql/index.ts";
import { closeResult, encodeAnswer, encodeFields, openResult } from "./index.ts";
import { createRowEncoder } from "./row-encoder.ts";

interface GoldenCase {
  readonly name: string;
  readonly why: string;
  readonly column: string;
  readonly extendedColumn: string;
  readonly rows: readonly string[];
  readonly result: { readonly fields: readonly { readonly name: string; readonly type?: string }[] };
  readonly driver: readonly unknown[];
}

const goldenPath = new URL("../../testdata/psdb-types.golden.json", import.meta.url);
// The file is written by our own tool in this shape.
const file = JSON.parse(readFileSync(goldenPath, "utf8")) as { cases: readonly GoldenCase[] };

function encodeCase(golden: GoldenCase): string {
  const raw = stripExtendedMetadata(Buffer.from(golden.extendedColumn, "hex"), true);
  const rows = createRowEncoder(1);
  const pieces = golden.rows.flatMap((row) => rows.push(Buffer.from(row, "hex")));
  return openResult(encodeFields([raw])) + pieces.join("") + rows.end() + closeResult();
}

test("the golden file has all the types", () => {
  expect(file.cases.length).toBeGreaterThan(60);
});

test.each(file.cases)("$name: $why", async (golden) => {
  const raw = stripExtendedMetadata(Buffer.from(golden.extendedColumn, "hex"), true);
  expect(Buffer.from(raw.definition).toString("hex")).toBe(golden.column);

  const resultText = encodeCase(golden);
  expect(JSON.parse(resultText)).toEqual(golden.result);
  expect(Buffer.byteLength(resultText)).toBe(resultText.length);

  const body = encodeAnswer(resultText, { errorText: null, sessionText: null, timingSeconds: 0.002 });
  const connection = connect({ host: "edge.invalid", fetch: async () => new Response(body) });
  const executed = await connection.execute("SELECT", null, { as: "array" });
  // With `as: "array"` every row is an array; the driver's type cannot say so.
  const values = (executed.rows as unknown[][]).map((row) => jsonView(row[0]));
  expect(values).toEqual(golden.driver);
  expect(executed.fields[0]?.type).toBe(golden.result.fields[0]?.type ?? "NULL");
  expect(executed.time).toBe(2);
});

function jsonView(value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("hex") } : value;
}
