import { EdgeSession } from "./edge-session.ts";
import type { Rig } from "./rig.ts";

/** The draws that a race asks for. */
export interface RaceRandom {
  below(count: number): number;
  chance(probability: number): boolean;
}

/** Options of `runVersionRace`. */
export interface RaceOptions {
  readonly rig: Rig;
  readonly random: RaceRandom;
  readonly durationMs: number;
  readonly writerCount: number;
  readonly readerCount: number;
  readonly boundMs: number;
}

/** What a race saw. */
export interface RaceResult {
  readonly writeCount: number;
  readonly readCount: number;
  readonly hitCount: number;
  /** Writes whose answer was an error: they count as not acknowledged. */
  readonly failedWriteCount: number;
  /** Hits at the other edge that were behind by less than the bound, as the promise allows. */
  readonly withinBoundCount: number;
  /** Answers that lacked an acknowledged write they had to show, or showed one that nobody sent. */
  readonly violations: readonly string[];
}

/** Rows of each table, and the tables that `VERSION_TABLES` makes. */
const ROW_COUNT = 4;
const TABLES = ["v0", "v1", "v2"] as const;

/** Statements that make the tables: every row has a version that each write raises by one; `both` is a view of two. */
export const VERSION_TABLES: readonly string[] = [
  ...TABLES.flatMap((table) => [
    `CREATE TABLE ${table} (id INT PRIMARY KEY, ver INT NOT NULL)`,
    `INSERT INTO ${table} VALUES ${Array.from({ length: ROW_COUNT }, (_, id) => `(${id}, 0)`).join(", ")}`,
  ]),
  "CREATE VIEW v01 AS SELECT v0.id, v0.ver + v1.ver AS ver FROM v0 JOIN v1 ON v0.id = v1.id",
];

/** One row's acknowledged writes: when each was acknowledged, by edge, in order; and how many were ever sent. */
interface Cell {
  readonly ackedAt: readonly [number[], number[]];
  sentCount: number;
}

function createCell(): Cell {
  return { ackedAt: [[], []], sentCount: 0 };
}

interface Shape {
  readonly sql: string;
  readonly cells: readonly Cell[];
}

/** Writers and readers at both edges against each other; each answer is checked against what was acknowledged before it was asked for. */
export async function runVersionRace(options: RaceOptions): Promise<RaceResult> {
  const race = new VersionRace(options);
  await race.run();
  return race;
}

class VersionRace implements RaceResult {
  writeCount = 0;
  readCount = 0;
  hitCount = 0;
  failedWriteCount = 0;
  withinBoundCount = 0;
  readonly violations: string[] = [];
  readonly #options: RaceOptions;
  readonly #cells: readonly (readonly Cell[])[];
  readonly #shapes: readonly Shape[];
  #endAt = 0;

  constructor(options: RaceOptions) {
    this.#options = options;
    this.#cells = TABLES.map(() => Array.from({ length: ROW_COUNT }, createCell));
    this.#shapes = this.#createShapes();
  }

  async run(): Promise<void> {
    const { durationMs, writerCount, readerCount } = this.#options;
    this.#endAt = performance.now() + durationMs;
    const writers = Array.from({ length: writerCount }, (_, index) => this.#write(index % 2));
    const readers = Array.from({ length: readerCount }, (_, index) => this.#read(index % 2));
    await Promise.all([...writers, ...readers]);
  }

  #createShapes(): readonly Shape[] {
    const at = (table: number, id: number): Cell => this.#cells[table]?.[id] ?? createCell();
    const ids = Array.from({ length: ROW_COUNT }, (_, id) => id);
    const [v0, v1, v2] = TABLES;
    return [
      ...TABLES.flatMap((name, table) =>
        ids.map((id) => ({ sql: `SELECT ver FROM ${name} WHERE id = ${id}`, cells: [at(table, id)] })),
      ),
      ...TABLES.map((name, table) => ({
        sql: `SELECT SUM(ver) AS s FROM ${name}`,
        cells: ids.map((id) => at(table, id)),
      })),
      { sql: "SELECT ver FROM v01 WHERE id = 1", cells: [at(0, 1), at(1, 1)] },
      {
        sql: `SELECT a.ver + b.ver AS x FROM ${v1} a JOIN ${v2} b ON a.id = b.id WHERE a.id = 2`,
        cells: [at(1, 2), at(2, 2)],
      },
      {
        sql: `SELECT SUM(ver) AS s FROM (SELECT ver FROM ${v0} UNION ALL SELECT ver FROM ${v2}) u`,
        cells: [...ids.map((id) => at(0, id)), ...ids.map((id) => at(2, id))],
      },
    ];
  }

  #sessionAt(edge: number): EdgeSession {
    const { rig } = this.#options;
    return new EdgeSession(rig.edges[edge]?.line.http ?? "", rig.login);
  }

  async #write(edge: number): Promise<void> {
    const { random } = this.#options;
    while (performance.now() < this.#endAt) {
      const cells = [
        random.below(TABLES.length),
        ...(random.chance(0.3) ? [random.below(TABLES.length)] : []),
      ].map((table) => ({ table, id: random.below(ROW_COUNT) }));
      const updates = cells.map(
        ({ table, id }) => `UPDATE ${TABLES[table]} SET ver = ver + 1 WHERE id = ${id}`,
      );
      const single = updates.length === 1 && random.chance(0.7);
      const isRolledBack = !single && random.chance(0.15);
      const statements = single ? updates : ["BEGIN", ...updates, isRolledBack ? "ROLLBACK" : "COMMIT"];
      await this.#perform(edge, statements, isRolledBack ? [] : cells);
    }
  }

  async #perform(
    edge: number,
    statements: readonly string[],
    cells: readonly { table: number; id: number }[],
  ): Promise<void> {
    const touched = cells.map(({ table, id }) => this.#cells[table]?.[id]);
    for (const cell of touched) if (cell !== undefined) cell.sentCount += 1;
    const session = this.#sessionAt(edge);
    for (const sql of statements) {
      const answer = await session.run(sql);
      if (answer.errno !== 0) {
        // A deadlock between two writers, or a fault: whatever happened, nobody was told that it is there.
        this.failedWriteCount += 1;
        await session.run("ROLLBACK");
        return;
      }
    }
    this.writeCount += 1;
    const now = performance.now();
    for (const cell of touched) cell?.ackedAt[edge === 0 ? 0 : 1].push(now);
  }

  async #read(edge: number): Promise<void> {
    const { random, boundMs } = this.#options;
    while (performance.now() < this.#endAt) {
      const shape = this.#shapes[random.below(this.#shapes.length)];
      if (shape === undefined) return;
      const session = this.#sessionAt(edge);
      const sentAt = performance.now();
      const required = requiredOf(shape, edge, sentAt, boundMs);
      const acked = requiredOf(shape, edge, sentAt, 0);
      const answer = await session.run(shape.sql);
      if (answer.errno !== 0) continue;
      this.readCount += 1;
      if (answer.cache.startsWith("hit")) this.hitCount += 1;
      const shown = Number(answer.rows[0]?.[0]);
      const sent = shape.cells.reduce((sum, cell) => sum + cell.sentCount, 0);
      if (shown < required || shown > sent)
        this.violations.push(
          `${shape.sql} at edge ${edge}: ${shown}, not ${required}..${sent} (${answer.cache})`,
        );
      else if (shown < acked) this.withinBoundCount += 1;
    }
  }
}

/** The version that a read asked for at `sentAt` must show: all writes of its own edge, and the other's that are older than the bound. */
function requiredOf(shape: Shape, edge: number, sentAt: number, boundMs: number): number {
  let required = 0;
  for (const cell of shape.cells) {
    for (const [at, times] of cell.ackedAt.entries())
      for (const time of times) if (time <= (at === edge ? sentAt : sentAt - boundMs)) required += 1;
  }
  return required;
}
