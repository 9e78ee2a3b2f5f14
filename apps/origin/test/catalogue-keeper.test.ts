import { RockpoolError } from "@rockpool/base";
import type { Analyser, CatalogueData, CatalogueRows } from "@rockpool/sql";
import { createLogger } from "@rockpool/telemetry";
import { afterEach, describe, expect, test } from "vitest";
import { CatalogueKeeper } from "../src/catalogue-keeper.ts";
import { settle, VirtualTime } from "./database/fake-connections.ts";

/** A keeper whose loads the test ends one by one. */
class Bench {
  readonly time = new VirtualTime();
  readonly loads: { resolve(rows: CatalogueRows): void; reject(error: Error): void }[] = [];
  readonly told: { seq: number; tables: string[] | null }[] = [];
  readonly catalogues: (string | null)[] = [];
  readonly lines: Record<string, unknown>[] = [];
  position = 0;
  readonly keeper: CatalogueKeeper;

  constructor() {
    const analyser: Pick<Analyser, "setCatalogue"> = {
      setCatalogue: (catalogue) => this.catalogues.push(catalogue === null ? null : "set"),
    };
    this.keeper = new CatalogueKeeper({
      analyser: analyser as Analyser, // the only method that a keeper calls
      load: () =>
        new Promise((resolve, reject) => {
          this.loads.push({ resolve, reject });
        }),
      position: () => this.position,
      onLoaded: (seq, data) => this.told.push({ seq, tables: tablesOf(data) }),
      timers: this.time,
      log: createLogger({ write: (line) => this.lines.push(JSON.parse(line) as Record<string, unknown>) }),
      reloadIntervalMs: 60_000,
      retryIntervalMs: 500,
    });
    opened.push(this.keeper);
  }

  /** Ends the last load with these tables; null = it fails. */
  async end(tables: string[] | null, failure = new Error("the database went away")): Promise<void> {
    const load = this.loads.at(-1);
    if (tables === null) load?.reject(failure);
    else load?.resolve(rowsOf(tables));
    await settle();
  }
}

const opened: CatalogueKeeper[] = [];
afterEach(() => {
  for (const keeper of opened.splice(0)) keeper.stop();
});

function rowsOf(tables: string[]): CatalogueRows {
  return {
    lowerCaseTableNames: 0,
    schemas: [{ schema_name: "app" }],
    tables: tables.map((table_name) => ({
      table_schema: "app",
      table_name,
      table_type: "BASE TABLE",
      engine: "InnoDB",
    })),
    columns: [],
    views: [],
    triggers: [],
    routines: [],
    parameters: [],
    foreignKeys: [],
    triggerRights: [{ schema_pattern: null }],
  };
}

function tablesOf(data: CatalogueData | null): string[] | null {
  return data === null ? null : data.schemas.flatMap(({ tables }) => tables.map(({ name }) => name));
}

describe("a load", () => {
  test("is stamped with the position before it began (R11)", async () => {
    const bench = new Bench();
    bench.position = 7;
    const done = bench.keeper.reload();
    bench.position = 9;
    await bench.end(["t"]);
    await done;
    expect(bench.told).toEqual([{ seq: 7, tables: ["t"] }]);
    expect([bench.keeper.seq, bench.keeper.isLoaded, bench.keeper.loadCount]).toEqual([7, true, 1]);
  });

  test("of the same definitions keeps the plans, and tells the new position", async () => {
    const bench = new Bench();
    for (const position of [1, 2]) {
      bench.position = position;
      void bench.keeper.reload();
      await bench.end(["t"]);
    }
    expect(bench.catalogues).toEqual(["set"]);
    expect(bench.told.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("asked for while one runs begins after it, one for all who ask", async () => {
    const bench = new Bench();
    const first = bench.keeper.reload();
    let lateCount = 0;
    const late = [1, 2, 3].map(() => bench.keeper.reload().then(() => (lateCount += 1)));
    bench.position = 5; // what they ask for was published while the first one was reading
    await settle();
    expect(bench.loads.length).toBe(1);
    await bench.end(["old"]);
    await first;
    expect([bench.loads.length, lateCount]).toEqual([2, 0]);
    const later = bench.keeper.reload();
    await bench.end(["new"]);
    await Promise.all(late);
    expect(bench.told).toEqual([
      { seq: 0, tables: ["old"] },
      { seq: 5, tables: ["new"] },
    ]);
    expect(bench.loads.length).toBe(3);
    await bench.end(["new"]);
    await later;
    expect(bench.loads.length).toBe(3);
  });
});

describe("a load that fails", () => {
  test("leaves no catalogue, ends who waited for it, and is tried again soon", async () => {
    const bench = new Bench();
    bench.keeper.start();
    await bench.end(["t"]);
    const asked = bench.keeper.reload();
    await bench.end(null);
    await asked;
    expect(bench.told.at(-1)).toEqual({ seq: 0, tables: null });
    expect([bench.keeper.isLoaded, bench.catalogues.at(-1)]).toEqual([false, null]);
    await bench.time.advance(500);
    expect(bench.loads.length).toBe(3);
    await bench.end(["t"]);
    expect([bench.keeper.isLoaded, bench.told.at(-1)?.tables]).toEqual([true, ["t"]]);
    await bench.time.advance(5_000);
    expect(bench.loads.length).toBe(3);
  });

  test("again and again is tried at the retry interval, never faster", async () => {
    const bench = new Bench();
    bench.keeper.start();
    for (let round = 0; round < 10; round++) {
      await bench.end(null);
      expect(bench.loads.length).toBe(round + 1);
      await bench.time.advance(499);
      expect(bench.loads.length).toBe(round + 1);
      await bench.time.advance(1);
      expect(bench.loads.length).toBe(round + 2);
    }
    await bench.end(["t"]);
    expect(bench.keeper.isLoaded).toBe(true);
  });

  test("again and again is logged once for each reason, with a stack only where it may be a bug", async () => {
    const bench = new Bench();
    bench.keeper.start();
    for (const failure of [
      new RockpoolError("database-unreachable"),
      new RockpoolError("database-unreachable"),
      new Error("a bug"),
      new Error("a bug"),
    ]) {
      await bench.end(null, failure);
      await bench.time.advance(500);
    }
    await bench.end(["t"]);
    expect(bench.lines.map(({ msg, reason, error }) => [msg, reason, error !== undefined])).toEqual([
      ["the catalogue could not be loaded", "database-unreachable", false],
      ["the catalogue could not be loaded", "internal", true],
      ["the catalogue is loaded again", undefined, false],
    ]);
  });

  test("with rows that make no catalogue counts as failed", async () => {
    const bench = new Bench();
    void bench.keeper.reload();
    bench.loads[0]?.resolve({} as CatalogueRows); // what a server of another kind might answer
    await settle();
    expect(bench.told).toEqual([{ seq: 0, tables: null }]);
  });
});

test("it loads again every interval, until stopped", async () => {
  const bench = new Bench();
  bench.keeper.start();
  await bench.end(["t"]);
  await bench.time.advance(59_999);
  expect(bench.loads.length).toBe(1);
  await bench.time.advance(1);
  expect(bench.loads.length).toBe(2);
  await bench.end(["t"]);
  bench.keeper.stop();
  await bench.time.advance(200_000);
  expect(bench.loads.length).toBe(2);
});

test("after a reset, what a load of the old server still brings is not believed", async () => {
  const bench = new Bench();
  bench.position = 500;
  void bench.keeper.reload();
  // Another server answers: a new epoch, whose positions begin at 0.
  bench.position = 0;
  bench.keeper.reset();
  const asked = bench.keeper.reload();
  await bench.end(["of the old server"]);
  expect([bench.told, bench.keeper.isLoaded, bench.keeper.seq]).toEqual([[], false, 0]);
  await bench.end(["of the new one"]);
  await asked;
  expect(bench.told).toEqual([{ seq: 0, tables: ["of the new one"] }]);
});
