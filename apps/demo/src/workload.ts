import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { assert, type Random } from "@rockpool/base";
import { createWheel, type Wheel } from "./workload-wheel.ts";

/** A statement to send. */
export interface DrawnStatement {
  readonly sql: string;
  /** Which template it was made from, for example `read-01` or `vote-comment`. */
  readonly templateId: string;
}

/** A template and its weight. */
export interface WorkloadTemplate {
  readonly id: string;
  /** With `?` for literals (reads) or `{slot}` (writes). */
  readonly sql: string;
  /** How often the trace has it; templates are drawn in proportion to this. */
  readonly recordedCount: number;
}

/** The demo's workload: see workload/NOTICE.md for where it comes from. */
export interface Workload {
  /** `CREATE TABLE` statements, each ended by `;` at the end of a line. */
  readonly schemaSql: string;
  /** What fills the tables, in order: rows from before the recording, then the recorded writes. */
  readonly writes: readonly string[];
  readonly readTemplates: readonly WorkloadTemplate[];
  readonly writeTemplates: readonly WorkloadTemplate[];
  /** A recorded read, by the recorded frequency of its template and of its literals. */
  drawRead(random: Random): DrawnStatement;
  /** A write that commits by itself, by recorded frequency, on rows that exist. */
  drawWrite(random: Random): DrawnStatement;
}

/** What a workload is loaded through, for example a mysql2 promise connection whose current database is the target. */
export interface LoadConnection {
  query(sql: string): Promise<unknown>;
}

const BATCH_STATEMENTS = 500;

/** Reads the committed workload files. */
export async function loadWorkload(): Promise<Workload> {
  const [schemaSql, unrecordedRows, recordedWrites, reads, ownWrites] = await Promise.all([
    readText("schema.sql"),
    readLines("unrecorded-rows.sql.gz"),
    readLines("writes.sql.gz"),
    readText("reads.json"),
    readText("own-writes.json"),
  ]);
  // Both files are written by tools/derive-trace.ts and committed; a test draws from all of them.
  const { templates: readTemplates } = JSON.parse(reads) as { templates: ReadTemplate[] };
  const { templates: writeTemplates, slots } = JSON.parse(ownWrites) as OwnWrites;
  const writeWheel = createWheel(writeTemplates, (template) => template.recordedCount);
  return {
    schemaSql,
    writes: [...unrecordedRows, ...recordedWrites],
    readTemplates,
    writeTemplates,
    drawRead: createReadDraw(readTemplates),
    drawWrite(random) {
      const template = writeWheel.draw(random);
      return { sql: fillSlots(template.sql, slots, random), templateId: template.id };
    },
  };
}

/**
 * Creates the workload's tables in the connection's current database, which must not have them yet, and fills them, a
 * transaction for every 500 statements. Rejects with the database's error.
 */
export async function loadInto(connection: LoadConnection, workload: Workload): Promise<void> {
  for (const [statement] of workload.schemaSql.matchAll(/^CREATE TABLE[\s\S]*?;$/gm))
    await connection.query(statement);
  for (let start = 0; start < workload.writes.length; start += BATCH_STATEMENTS) {
    const batch = ["BEGIN", ...workload.writes.slice(start, start + BATCH_STATEMENTS), "COMMIT"];
    // Handed over at once: the connection sends them one after the other without waiting for us in between.
    await Promise.all(batch.map((statement) => connection.query(statement)));
  }
}

interface ReadTemplate extends WorkloadTemplate {
  readonly instances: readonly (readonly [count: number, ...literals: string[]])[];
}

interface OwnWrites {
  readonly slots: Readonly<Record<string, SlotRange>>;
  readonly templates: readonly WorkloadTemplate[];
}

type SlotRange =
  | { readonly kind: "number"; readonly min: number; readonly max: number; readonly decimals: number }
  | { readonly kind: "letters"; readonly length: number };

function createReadDraw(templates: readonly ReadTemplate[]): Workload["drawRead"] {
  const statements = templates.flatMap((template) =>
    template.instances.map(([count, ...literals]) => ({
      count,
      drawn: { sql: fillLiterals(template.sql, literals), templateId: template.id },
    })),
  );
  // A template's count is the sum of its instances' counts, so one wheel keeps both frequencies.
  const wheel: Wheel<(typeof statements)[number]> = createWheel(statements, ({ count }) => count);
  return (random) => wheel.draw(random).drawn;
}

function fillLiterals(template: string, literals: readonly string[]): string {
  let index = 0;
  return template.replace(/\?/g, () => {
    const literal = literals[index];
    index += 1;
    assert(literal !== undefined, "a read template has a literal for every place");
    return literal;
  });
}

/** The same slot named twice gets the same value: a value and its copy in the same statement agree. */
function fillSlots(template: string, slots: Readonly<Record<string, SlotRange>>, random: Random): string {
  const values = new Map<string, string>();
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    let value = values.get(name);
    if (value === undefined) {
      const range = slots[name];
      assert(range !== undefined, "a write template names only known slots");
      value = drawValue(range, random);
      values.set(name, value);
    }
    return value;
  });
}

function drawValue(range: SlotRange, random: Random): string {
  if (range.kind === "number") {
    const step = 10 ** -range.decimals;
    const steps = Math.floor(random.next() * ((range.max - range.min) / step + 1));
    return (range.min + steps * step).toFixed(range.decimals);
  }
  const letters = "abcdefghijklmnopqrstuvwxyz";
  return Array.from({ length: range.length }, () =>
    letters.charAt(Math.floor(random.next() * letters.length)),
  ).join("");
}

function readText(name: string): Promise<string> {
  return readFile(fileOf(name), "utf8");
}

async function readLines(name: string): Promise<string[]> {
  const bytes = await promisify(gunzip)(await readFile(fileOf(name)));
  return bytes.toString("utf8").trimEnd().split("\n");
}

function fileOf(name: string): URL {
  return new URL(`../workload/${name}`, import.meta.url);
}
