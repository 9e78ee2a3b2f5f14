/**
 * Writes the goldens of packages/protocol anew: captures every column type from a real server, packet by packet, and
 * puts beside it what Vitess would answer (tools/goldens/type-cases.ts). Fails when the server's bytes are not the
 * ones that the cases state.
 *
 * Run: node tools/regen-goldens.ts            (a private MariaDB)
 *      DATABASE_URL=mysql://… node tools/regen-goldens.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { openDatabase } from "../packages/devdb/src/index.ts";
import { TYPE_CASES, type TypeCase } from "./goldens/type-cases.ts";
import { type CaptureClient, type CapturedResult, openCaptureClient } from "./goldens/wire-capture.ts";

const GOLDEN_PATH = new URL("../packages/protocol/testdata/psdb-types.golden.json", import.meta.url);
const SCHEMA = "rockpool_goldens";
const FIXED_TAIL_BYTES = 13;

const database = await openDatabase();
try {
  const plain = await openCaptureClient(database, false);
  const extended = await openCaptureClient(database, true);
  await prepare(plain);
  for (const setup of [plain, extended]) {
    await setup.query("SET NAMES utf8mb4");
    await setup.query(`USE ${SCHEMA}`);
  }
  const cases: unknown[] = [];
  for (const typeCase of TYPE_CASES) cases.push(await capture(typeCase, plain, extended));
  await plain.query(`DROP DATABASE ${SCHEMA}`);
  const lines = cases.map((entry) => JSON.stringify(entry));
  const text = `{"server":${JSON.stringify(plain.serverVersion)},\n"cases":[\n${lines.join(",\n")}\n]}\n`;
  const changed = text !== readGolden();
  writeFileSync(GOLDEN_PATH, text);
  console.log(`${cases.length} cases, ${changed ? "changed" : "unchanged"}`);
  plain.close();
  extended.close();
} finally {
  await database.stop();
}

async function prepare(client: CaptureClient): Promise<void> {
  await client.query("SET NAMES utf8mb4");
  await client.query("SET time_zone = '+00:00'");
  await client.query(`CREATE OR REPLACE DATABASE ${SCHEMA} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await client.query(`USE ${SCHEMA}`);
  for (const { name, declaration, inserts } of TYPE_CASES) {
    if (declaration === null) continue;
    await client.query(`CREATE TABLE \`${name}\` (id INT PRIMARY KEY, v ${declaration})`);
    for (const [index, literal] of inserts.entries()) {
      await client.query(`INSERT INTO \`${name}\` VALUES (${index}, ${literal})`);
    }
  }
}

async function capture(typeCase: TypeCase, plain: CaptureClient, extended: CaptureClient): Promise<unknown> {
  const { name, declaration, inserts, type, why, cells, driver } = typeCase;
  const sql = declaration === null ? (inserts[0] ?? "") : `SELECT v FROM \`${name}\` ORDER BY id`;
  await plain.query("SET time_zone = '+00:00'");
  await extended.query("SET time_zone = '+00:00'");
  const withoutBlock = await resultOf(plain, sql);
  const withBlock = await resultOf(extended, sql);
  const bytes = cells.map(cellBytes);
  for (const [index, row] of withoutBlock.rows.entries()) {
    const expected = textRow(bytes[index] ?? null);
    if (!row.equals(expected)) {
      throw new Error(
        `${name}: row ${index} is ${row.toString("hex")} (${row.toString("utf8")}), not ${expected.toString("hex")}`,
      );
    }
  }
  if (withoutBlock.rows.length !== cells.length) throw new Error(`${name}: ${withoutBlock.rows.length} rows`);
  const definition = withoutBlock.columns[0] ?? Buffer.alloc(0);
  return {
    name,
    ...(declaration === null ? {} : { declaration }),
    inserts,
    why,
    column: definition.toString("hex"),
    extendedColumn: withBlock.columns[0]?.toString("hex"),
    rows: withoutBlock.rows.map((row) => row.toString("hex")),
    result: { fields: [field(typeCase, definition, type)], rows: bytes.map(resultRow) },
    driver: bytes.map((cell) => driverValue(cell, driver)),
  };
}

async function resultOf(client: CaptureClient, sql: string): Promise<CapturedResult> {
  const result = await client.query(sql);
  if (result === null) throw new Error(`no result: ${sql}`);
  return result;
}

/** Names as declared, the type by hand, and the numbers read off the packet's fixed end. */
function field(typeCase: TypeCase, definition: Buffer, type: string): Record<string, unknown> {
  const tail = definition.subarray(definition.length - FIXED_TAIL_BYTES);
  const names =
    typeCase.declaration === null
      ? { name: typeCase.column }
      : {
          name: typeCase.column,
          table: typeCase.name,
          orgTable: typeCase.name,
          database: SCHEMA,
          orgName: "v",
        };
  const numbers = {
    columnLength: tail.readUInt32LE(3),
    charset: tail.readUInt16LE(1),
    decimals: tail.readUInt8(10),
    flags: tail.readUInt16LE(8),
  };
  return Object.fromEntries(
    Object.entries({ ...names, type, ...numbers }).filter(([, value]) => value !== 0 && value !== ""),
  );
}

function cellBytes(cell: string | null): Buffer | null {
  if (cell === null) return null;
  return cell.startsWith("hex:") ? Buffer.from(cell.slice(4), "hex") : Buffer.from(cell, "utf8");
}

function textRow(cell: Buffer | null): Buffer {
  if (cell === null) return Buffer.of(0xfb);
  const head =
    cell.length < 251 ? Buffer.of(cell.length) : Buffer.of(0xfc, cell.length & 255, cell.length >> 8);
  return Buffer.concat([head, cell]);
}

function resultRow(cell: Buffer | null): unknown {
  if (cell === null) return { lengths: ["-1"] };
  return cell.length === 0
    ? { lengths: ["0"] }
    : { lengths: [String(cell.length)], values: cell.toString("base64") };
}

function driverValue(cell: Buffer | null, form: TypeCase["driver"]): unknown {
  if (cell === null) return null;
  if (form === "bytes") return { bytes: cell.toString("hex") };
  const text = cell.toString("utf8");
  if (form === "number") return Number(text);
  return form === "json" ? JSON.parse(text) : text;
}

function readGolden(): string {
  try {
    return readFileSync(GOLDEN_PATH, "utf8");
  } catch {
    return "";
  }
}
