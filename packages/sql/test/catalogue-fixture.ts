import type { CatalogueData, CatalogueRoutine, CatalogueTable } from "../src/index.ts";

/** A cacheable base table of schema `app`, with `changes` applied. */
export function makeTable(
  name: string,
  changes: Partial<CatalogueTable> = {},
  schema = "app",
): CatalogueTable {
  return {
    name,
    kind: "table",
    cacheable: true,
    baseTables: [`${schema}.${name}`],
    baseSchemas: [schema],
    writeReach: [],
    runsCode: false,
    integerColumns: [],
    ...changes,
  };
}

/** A stored function or procedure. */
function makeRoutine(
  name: string,
  kind: CatalogueRoutine["kind"],
  writeReach: CatalogueRoutine["writeReach"],
  clean: boolean,
): CatalogueRoutine {
  return { name, kind, writeReach, clean };
}

/** Schema `app` with the tables of the tests, `other` with a `t` of its own, and the system schemas' names. */
export function makeCatalogueData(lowerCaseTableNames = 0): CatalogueData {
  const plain = [
    "t",
    "u",
    "v",
    "t1",
    "t2",
    "t3",
    "t4",
    "a",
    "b",
    "users",
    "stories",
    "votes",
    "test_tablesl",
    "secret",
  ];
  const view = (changes: Partial<CatalogueTable>): Partial<CatalogueTable> => ({
    kind: "view",
    baseTables: ["app.t", "other.x"],
    baseSchemas: ["app", "other"],
    writeReach: ["app.t", "other.x"],
    readReach: [],
    ...changes,
  });
  return {
    lowerCaseTableNames,
    schemas: [
      {
        name: "app",
        tables: [
          ...plain.map((name) => makeTable(name)),
          makeTable("t`x"),
          makeTable("from"),
          makeTable("Mixed"),
          makeTable("parents", { writeReach: ["app.children", "app.parents"] }),
          makeTable("children"),
          makeTable("audited", { writeReach: ["app.log"], runsCode: true }),
          makeTable("noisy", { writeReach: null, runsCode: true, leavesState: true }),
          makeTable("log"),
          makeTable("memo", { cacheable: false }),
          makeTable("seq", { kind: "other", cacheable: false }),
          makeTable("good_view", view({})),
          makeTable("now_view", view({ cacheable: false })),
          makeTable("writing_view", view({ cacheable: false, readReach: ["app.log"], runsCode: true })),
        ],
        routines: [
          makeRoutine("f_pure", "function", [], true),
          makeRoutine("f_insert", "function", ["app.log"], true),
          makeRoutine("f_wild", "function", null, false),
          makeRoutine("uuid_to_bin", "function", ["app.log"], true),
          makeRoutine("p_clean", "procedure", ["app.t"], true),
          makeRoutine("p_dirty", "procedure", ["app.t"], false),
          makeRoutine("p_wild", "procedure", null, false),
        ],
      },
      {
        name: "other",
        tables: [makeTable("t", {}, "other"), makeTable("x", {}, "other")],
        routines: [makeRoutine("f_other", "function", ["other.x"], true)],
      },
      { name: "mysql", tables: [], routines: [] },
      { name: "information_schema", tables: [], routines: [] },
      { name: "performance_schema", tables: [], routines: [] },
    ],
  };
}
