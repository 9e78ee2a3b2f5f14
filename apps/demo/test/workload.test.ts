import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadInto, loadWorkload, type Workload } from "../src/workload.ts";
import { createSeededRandom } from "../src/workload-random.ts";

const SEED = Number(process.env["SEED"] ?? 20_201_225);
console.info(`workload test: SEED=${SEED}`);

let database: PrivateDatabase;
let connection: Connection;
let workload: Workload;
let loadMs: number;

beforeAll(async () => {
  database = await openPrivateDatabase();
  const { host, port, user, password, database: name } = database;
  connection = await createConnection({ host, port, user, password, database: name });
  workload = await loadWorkload();
  const startMs = performance.now();
  await loadInto(connection, workload);
  loadMs = performance.now() - startMs;
});

afterAll(async () => {
  await connection.end();
  await database.stop();
});

async function count(table: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS n, MAX(id) AS id FROM ${table}`);
  expect(rows[0]?.["id"]).toBe(rows[0]?.["n"]);
  return Number(rows[0]?.["n"]);
}

test("the trace's writes are all there, under the ids that the recording mentions", async () => {
  expect(workload.writes.length).toBe(2_167 + 11_997);
  expect(await count("stories")).toBe(440);
  expect(await count("comments")).toBe(1_838);
  expect(await count("domains")).toBe(194);
  expect(await count("tags")).toBe(155);
  expect(await count("users")).toBe(42);
});

test("loading takes seconds", () => {
  console.info(`workload loaded in ${Math.round(loadMs)} ms`);
  expect(loadMs).toBeLessThan(20_000);
});

test("nothing the recording refers to is missing", async () => {
  for (const [table, column, parent] of [
    ["votes", "comment_id", "comments"],
    ["votes", "story_id", "stories"],
    ["comments", "story_id", "stories"],
    ["comments", "parent_comment_id", "comments"],
    ["stories", "user_id", "users"],
    ["stories", "domain_id", "domains"],
    ["taggings", "tag_id", "tags"],
  ]) {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT COUNT(*) AS n FROM ${table} c LEFT JOIN ${parent} p ON p.id = c.${column} WHERE c.${column} IS NOT NULL AND p.id IS NULL`,
    );
    expect([table, column, rows[0]?.["n"]]).toEqual([table, column, 0]);
  }
});

test("every recorded read runs, and most templates find rows", async () => {
  const withRows = new Set<string>();
  const seen = new Set<string>();
  const random = createSeededRandom(SEED);
  for (let draw = 0; draw < 100_000; draw += 1) {
    const { sql, templateId } = workload.drawRead(random);
    if (seen.has(sql)) continue;
    seen.add(sql);
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    if (rows.length > 0) withRows.add(templateId);
  }
  // 100,000 draws of 5,562 recorded reads leave none of the 2,333 different ones out, but for one chance in 10,000.
  expect(seen.size).toBeGreaterThan(2_320);
  expect(withRows.size).toBeGreaterThan(40);
});

test("draws follow the recorded frequency of templates and literals", () => {
  const random = createSeededRandom(SEED);
  const drawn = new Map<string, number>();
  for (let draw = 0; draw < 55_620; draw += 1) {
    const { templateId } = workload.drawRead(random);
    drawn.set(templateId, (drawn.get(templateId) ?? 0) + 1);
  }
  for (const { id, recordedCount } of workload.readTemplates.slice(0, 10)) {
    const expected = recordedCount * 10;
    expect(Math.abs((drawn.get(id) ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
  }
});

test("every write of the demo's own runs by itself, and nearly all change a row", async () => {
  const random = createSeededRandom(SEED);
  const changed = new Map<string, number>();
  for (let draw = 0; draw < 3_000; draw += 1) {
    const { sql, templateId } = workload.drawWrite(random);
    const [result] = await connection.query<ResultSetHeader>(sql);
    const isChange = result.affectedRows > 0 && !/Changed: 0/.test(result.info);
    changed.set(templateId, (changed.get(templateId) ?? 0) + (isChange ? 1 : 0));
  }
  expect([...changed.keys()].toSorted()).toEqual(workload.writeTemplates.map(({ id }) => id).toSorted());
  const changes = [...changed.values()].reduce((sum, each) => sum + each, 0);
  expect(changes).toBeGreaterThan(2_850);
});

test("the same seed gives the same workload", () => {
  const draw = (): string[] => {
    const random = createSeededRandom(7);
    return Array.from(
      { length: 200 },
      (_, index) => (index % 20 === 0 ? workload.drawWrite(random) : workload.drawRead(random)).sql,
    );
  };
  expect(draw()).toEqual(draw());
});
