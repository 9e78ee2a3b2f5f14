import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import fc from "fast-check";
import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Analyser, type CatalogueSchema, createAnalyser, type StatementFacts } from "../src/index.ts";
import {
  CALL_FREE_WORDS,
  SPACE_SENSITIVE_FUNCTIONS,
  STABLE_FUNCTIONS,
  VOLATILE_FUNCTIONS,
} from "../src/function-lists.ts";
import { makeTable } from "./catalogue-fixture.ts";
import { TRAP_STATEMENTS } from "./trap-statements.ts";

// A real server as the oracle: PREPARE opens every table of a statement before it looks at columns, and names the first
// one that is missing. Stubs are made until it is content, which gives the exact set of tables. Goal: none is ever missed.

/** One statement of a corpus; `count` is how often it stands for in a trace. */
interface Sample {
  readonly sql: string;
  readonly count: number;
}

/** What the server says: `null` = it is no statement to it. */
type Tables = ReadonlySet<string> | null;

const testdata = new URL("../testdata/", import.meta.url);
const DEFAULT_SCHEMA = "corpus";
let database: PrivateDatabase;
let connection: Connection;

beforeAll(async () => {
  database = await openPrivateDatabase();
  const { host, port, user, password } = database;
  connection = await createConnection({ host, port, user, password, charset: "utf8mb4" });
  await connection.query(
    "SET SESSION sql_mode = '', SESSION default_storage_engine = 'MEMORY', SESSION sql_log_bin = 0",
  );
  await connection.query(`CREATE DATABASE ${DEFAULT_SCHEMA}`);
  await connection.query(`USE ${DEFAULT_SCHEMA}`);
});

afterAll(async () => {
  await connection?.end();
  await database?.stop();
});

test("no table is missed, and nearly all reads are cacheable", async () => {
  const totals = { reads: 0, cacheable: 0, volatile: 0, missed: 0, exact: 0 };
  const lines: string[] = [];
  for (const corpus of readdirSync(testdata).filter((name) => name.endsWith(".gz"))) {
    const figures = await measure(readSamples(corpus));
    lines.push(formatFigures(corpus, figures));
    lines.push(...figures.notes.map((note) => `    ${note}`));
    expect(figures.missed, corpus).toEqual([]);
    if (corpus.startsWith("lobsters")) {
      expect(figures.cacheableCount / (figures.readCount - figures.volatileCount)).toBeGreaterThanOrEqual(
        0.95,
      );
    }
    totals.reads += figures.reads;
    totals.cacheable += figures.cacheable;
    totals.volatile += figures.volatile;
    totals.exact += figures.exact;
  }
  lines.push(
    `all: ${totals.cacheable} of ${totals.reads} valid reads cacheable (${totals.volatile} volatile), ${totals.exact} with exactly the server's tables`,
  );
  console.info(lines.join("\n"));
  expect(totals.reads).toBeGreaterThan(500);
  expect(totals.cacheable / (totals.reads - totals.volatile)).toBeGreaterThanOrEqual(0.85);
});

test("the traps depend on all that the server opens", async () => {
  const figures = await measure(
    TRAP_STATEMENTS.map(([sql]) => ({ sql: sql.replaceAll("app.", ""), count: 1 })),
  );
  expect(figures.missed).toEqual([]);
  expect(figures.notes).toEqual([]);
  expect(figures.reads).toBeGreaterThan(35);
});

// What the server takes for a string or a comment decides which tables it opens. Of random quotes, comments and tables,
// those that happen to be statements must not open a table that analysis took for text. SEED= repeats a run.
test("quotes and comments end where the server ends them", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.info(`SEED=${seed}`);
  const trick = fc.constantFrom(
    ...[
      "'",
      '"',
      "`",
      "\\",
      "''",
      '""',
      "\\'",
      "/*",
      "*/",
      "/*!",
      "/*!50000 ",
      "/*M!",
      "--",
      "-- ",
      "#",
      "\n",
      " ",
      "+1",
      "-1",
      ".5",
      "1e",
      "1.",
      "0x1",
      "x'",
      "@",
      "@a",
      "_utf8",
      " as ",
    ],
  );
  const soup = fc
    .oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 3, arbitrary: fc.array(trick, { maxLength: 4 }) },
    )
    .map((parts: readonly string[]) => parts.join(""));
  const statement = fc
    .array(soup, { minLength: 6, maxLength: 6 })
    .map(
      ([a, b, c, d, e, f]) =>
        `select 1 ${a} , t3.x ${b} from t1 ${c} , t2 ${d} , t3 where 'x${e}' = 1 or 1 ${f}`,
    );
  let valid = 0;
  await fc.assert(
    fc.asyncProperty(statement, async (sql) => {
      if ((await prepare(sql)).code === 1064) return;
      const figures = await measure([{ sql, count: 1 }], ["t1", "t2", "t3"]);
      valid += figures.cacheable;
      expect([sql, figures.missed]).toEqual([sql, []]);
    }),
    { seed, numRuns: 15_000 },
  );
  console.info(`${valid} of 15000 random texts were cacheable statements`);
  expect(valid).toBeGreaterThan(100);
});

test("built-in functions that need their parenthesis glued are known as such", async () => {
  const wrong: string[] = [];
  for (const name of [...STABLE_FUNCTIONS, ...VOLATILE_FUNCTIONS]) {
    const glued = await prepare(`SELECT ${name}(1)`);
    const spaced = await prepare(`SELECT ${name} (1)`);
    // 1305: no such function, so the name was looked up among stored ones.
    const sensitive = glued.code !== 1305 && (spaced.code === 1305 || spaced.code === 1630);
    if (sensitive && !SPACE_SENSITIVE_FUNCTIONS.has(name)) wrong.push(name);
  }
  expect(wrong).toEqual([]);
});

test("words that call nothing cannot be the names of stored functions", async () => {
  const callable: string[] = [];
  for (const word of CALL_FREE_WORDS) {
    const { code } = await prepare(`SELECT ${word} (1)`);
    if (code === 1305 || code === 1630) callable.push(word);
  }
  expect(callable).toEqual([]);
});

interface Figures {
  reads: number;
  cacheable: number;
  volatile: number;
  exact: number;
  readCount: number;
  cacheableCount: number;
  volatileCount: number;
  writes: number;
  readonly missed: string[];
  readonly notes: string[];
}

async function measure(samples: readonly Sample[], existing: readonly string[] = []): Promise<Figures> {
  const oracle = new Map<Sample, Tables>();
  for (const sample of samples) oracle.set(sample, await tablesOf(sample.sql));
  const analyser = createAnalyser();
  analyser.setCatalogue({
    lowerCaseTableNames: 0,
    schemas: schemasOf([...oracle.values(), new Set(existing.map((table) => `${DEFAULT_SCHEMA}.${table}`))]),
  });
  const figures: Figures = {
    reads: 0,
    cacheable: 0,
    volatile: 0,
    exact: 0,
    readCount: 0,
    cacheableCount: 0,
    volatileCount: 0,
    writes: 0,
    missed: [],
    notes: [],
  };
  for (const [sample, tables] of oracle) if (tables !== null) compare(figures, sample, tables, analyser);
  return figures;
}

function compare(figures: Figures, sample: Sample, tables: ReadonlySet<string>, analyser: Analyser): void {
  const facts = analyser.analyse(sample.sql, { defaultSchema: DEFAULT_SCHEMA, modes: "" });
  if (facts.kind === "dml") {
    figures.writes += 1;
    const known = new Set(facts.effect.tables);
    const missing = [...tables].filter((table) => !facts.effect.everything && !known.has(table));
    if (missing.length > 0) figures.missed.push(`${missing.join(" ")}: ${sample.sql}`);
  }
  if (facts.kind !== "select" || tables.size === 0) return;
  figures.reads += 1;
  figures.readCount += sample.count;
  if (facts.plan.cacheable) compareRead(figures, sample, tables, facts);
  else {
    figures.notes.push(`${facts.plan.reason}: ${sample.sql.slice(0, 120)}`);
    if (facts.plan.reason === "volatile-function") {
      figures.volatile += 1;
      figures.volatileCount += sample.count;
    }
  }
}

function compareRead(
  figures: Figures,
  sample: Sample,
  tables: ReadonlySet<string>,
  facts: StatementFacts,
): void {
  if (!facts.plan.cacheable) return;
  figures.cacheable += 1;
  figures.cacheableCount += sample.count;
  const known = new Set(facts.plan.tables);
  const missing = [...tables].filter((table) => !known.has(table));
  if (missing.length > 0) figures.missed.push(`${missing.join(" ")}: ${sample.sql}`);
  if (missing.length === 0 && known.size === tables.size) figures.exact += 1;
}

function formatFigures(corpus: string, figures: Figures): string {
  const { reads, cacheable, volatile, exact, readCount, cacheableCount, writes, missed } = figures;
  const weighted = readCount > reads ? `, ${cacheableCount} of ${readCount} by count` : "";
  return `${corpus}: ${cacheable} of ${reads} reads cacheable${weighted}, ${volatile} volatile, ${exact} exact; ${writes} writes; ${missed.length} missed`;
}

const STUBS_MAX = 40;

/** The tables the server opens for `sql`; the stubs made on the way are dropped again. */
async function tablesOf(sql: string): Promise<Tables> {
  const stubs = new Set<string>();
  try {
    for (let attempt = 0; attempt < STUBS_MAX; attempt++) {
      const { code, message } = await prepare(sql);
      if (code === 1064 || code === 1065) return null;
      const table = /^Table '(.+?)\.(.+)' doesn't exist$/.exec(message);
      if (code !== 1146 || table?.[1] === undefined || table[2] === undefined) return stubs;
      // The server says so of a table in a missing database too.
      await connection.query(`CREATE DATABASE IF NOT EXISTS \`${table[1]}\``);
      await connection.query(`CREATE TABLE ${quote(table[1], table[2])} (stub INT)`);
      stubs.add(`${table[1]}.${table[2]}`);
    }
    return null;
  } finally {
    for (const stub of stubs) await connection.query(`DROP TABLE ${quote(...splitId(stub))}`);
  }
}

function quote(schema: string, name: string): string {
  return [schema, name].map((part) => `\`${part.replaceAll("`", "``")}\``).join(".");
}

function splitId(id: string): readonly [schema: string, name: string] {
  const dot = id.indexOf(".");
  return [id.slice(0, dot), id.slice(dot + 1)];
}

/** Prepares without running; `code` 0 = the server has no objection. */
async function prepare(sql: string): Promise<{ code: number; message: string }> {
  try {
    await connection.query("PREPARE oracle FROM ?", [sql]);
    await connection.query("DEALLOCATE PREPARE oracle");
    return { code: 0, message: "" };
  } catch (error) {
    const { errno, sqlMessage } = error as { errno?: number; sqlMessage?: string };
    return { code: errno ?? -1, message: sqlMessage ?? String(error) };
  }
}

function schemasOf(answers: readonly Tables[]): readonly CatalogueSchema[] {
  const ids = new Set(answers.flatMap((tables) => [...(tables ?? [])]));
  const names = Map.groupBy(ids, (id) => id.split(".")[0] ?? "");
  return [...names].map(([schema, tables]) => ({
    name: schema,
    tables: tables.map((id) => makeTable(id.slice(schema.length + 1), {}, schema)),
    routines: [],
  }));
}

function readSamples(corpus: string): readonly Sample[] {
  const lines = gunzipSync(readFileSync(new URL(corpus, testdata)))
    .toString("utf8")
    .split("\n");
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const counted = /^(\d+)\t(.*)$/.exec(line);
      return counted === null
        ? { sql: line, count: 1 }
        : { sql: counted[2] ?? "", count: Number(counted[1]) };
    });
}
