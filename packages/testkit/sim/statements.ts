import { type ChangeSet, type Dependencies, EVERYTHING, type RowKey } from "@rockpool/base";

import type { SeededRandom } from "../src/seeded-random.ts";

/**
 * The model's data: four tables of three rows, one bit a row, and a view over `app.t0` or `app.t1` whose definition
 * is a bit of its own. A transaction can alter a read's answer exactly when their masks share a bit.
 */
const TABLES = ["app.t0", "app.t1", "aux.t0", "aux.t1"] as const;
const KEY_COUNT = 3;
const VIEW_BIT = 1 << (TABLES.length * KEY_COUNT);

/** A read as its text says it; what it depends on is known once a catalogue or the database resolves the view. */
export type Read =
  | { readonly kind: "id"; readonly name: string; readonly table: number; readonly value: number }
  | { readonly kind: "owner"; readonly name: string; readonly table: number; readonly value: number }
  | { readonly kind: "tables"; readonly name: string; readonly tables: readonly number[] }
  | { readonly kind: "view"; readonly name: string };

/** A write: the bits it really alters, and the change set that names them. */
export interface Write {
  readonly mask: number;
  readonly change: ChangeSet;
  /** It points the view at the other table. */
  readonly redefines: boolean;
  /** It ends an open transaction before it runs. */
  readonly commitsImplicitly: boolean;
}

/** All reads of the model. */
export const READS: readonly [Read, ...Read[]] = [
  { kind: "view", name: "view" },
  ...TABLES.flatMap((_, table): Read[] => [
    { kind: "tables", name: `all ${table}`, tables: [table] },
    { kind: "tables", name: `join ${table}`, tables: [table, (table + 1) % TABLES.length] },
    { kind: "owner", name: `owner ${table}`, table, value: 0 },
    ...[0, 1, 2].map((value): Read => ({ kind: "id", name: `id ${table} ${value}`, table, value })),
  ]),
];

/** What the read depends on when the view stands for table `viewBase`. */
export function dependenciesOf(read: Read, viewBase: number): Dependencies {
  switch (read.kind) {
    case "id":
    case "owner":
      return {
        tables: [],
        keys: [{ table: nameOf(read.table), column: read.kind, value: String(read.value) }],
        schemas: [schemaOf(read.table)],
      };
    case "tables":
      return { tables: read.tables.map(nameOf), keys: [], schemas: [...new Set(read.tables.map(schemaOf))] };
    case "view":
      return { tables: [nameOf(viewBase)], keys: [], schemas: ["app"], throughView: true };
  }
}

/** The bits that the read's answer shows when the view stands for table `viewBase`. */
export function maskOf(read: Read, viewBase: number): number {
  switch (read.kind) {
    case "id":
      return rowBit(read.table, read.value);
    case "owner":
      return rowBit(read.table, 0) | rowBit(read.table, 2);
    case "tables":
      return read.tables.reduce((mask, table) => mask | tableBits(table), 0);
    case "view":
      return tableBits(viewBase) | VIEW_BIT;
  }
}

/** What kinds of writes a run draws. */
export interface WriteMix {
  /** Changes name tables only, as without the log. */
  readonly byTable: boolean;
  /** The share of writes that end a transaction: TRUNCATE, and with `definitionShare` DDL. */
  readonly wholeShare: number;
  readonly definitionShare: number;
}

/** A random write. */
export function drawWrite(random: SeededRandom, mix: WriteMix): Write {
  const table = random.below(TABLES.length);
  if (random.chance(mix.definitionShare)) return drawDefinition(random);
  if (!random.chance(mix.wholeShare)) return rowWrite(table, random.below(KEY_COUNT), mix.byTable);
  return wholeWrite(tableBits(table), { ...NOTHING, tables: [nameOf(table)] });
}

function drawDefinition(random: SeededRandom): Write {
  const draw = random.next();
  if (draw < 0.5) return REDEFINITION;
  // RENAME TABLE swaps two tables' rows.
  if (draw < 0.9) return wholeWrite(tableBits(0) | tableBits(1), { ...NOTHING, schemas: ["app"] });
  return wholeWrite(0, EVERYTHING);
}

const NOTHING: ChangeSet = { everything: false, schemas: [], tables: [], keys: [] };

/** CREATE OR REPLACE VIEW: it stands for the other table from now on. */
export const REDEFINITION: Write = {
  ...wholeWrite(VIEW_BIT, { ...NOTHING, schemas: ["app"] }),
  redefines: true,
};

function rowWrite(table: number, row: number, byTable: boolean): Write {
  const name = nameOf(table);
  const keys: RowKey[] = [
    { table: name, column: "id", value: String(row) },
    { table: name, column: "owner", value: String(row % 2) },
  ];
  const change = byTable ? { ...NOTHING, tables: [name] } : { ...NOTHING, keys };
  return { mask: rowBit(table, row), change, redefines: false, commitsImplicitly: false };
}

function wholeWrite(mask: number, change: ChangeSet): Write {
  return { mask, change, redefines: false, commitsImplicitly: true };
}

function rowBit(table: number, row: number): number {
  return 1 << (table * KEY_COUNT + row);
}

function tableBits(table: number): number {
  return ((1 << KEY_COUNT) - 1) << (table * KEY_COUNT);
}

function nameOf(table: number): string {
  return TABLES[table] ?? TABLES[0];
}

function schemaOf(table: number): string {
  return table < 2 ? "app" : "aux";
}
