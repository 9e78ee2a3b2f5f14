import type { TableId } from "@rockpool/base";
import type { Reach } from "./catalogue.ts";
import { fold, isSystemSchema } from "./catalogue-index.ts";
import type { CatalogueRows, RoutineRow, TableRow } from "./catalogue-rows.ts";
import { type BodyCall, readStoredBody, type StoredBody } from "./stored-body.ts";
import { createTriggerSight } from "./trigger-rights.ts";
import { isName, symbolAt } from "./token.ts";
import { findStatementTables } from "./write-targets.ts";

/** A view, all the way down. */
export interface ExpandedView {
  readonly cacheable: boolean;
  readonly baseTables: readonly TableId[];
  readonly baseSchemas: readonly string[];
  readonly writeReach: Reach;
  readonly readReach: Reach;
  readonly runsCode: boolean;
  readonly leavesState: boolean;
}

/** What stored code reaches, each answer transitive. */
export interface CodeGraph {
  expandView(id: TableId): ExpandedView;
  /** What a write to a base table may alter besides it: cascades, triggers and what these call. */
  writeReachOf(id: TableId): Reach;
  /** Whether writes to the table run stored code. */
  codeOf(id: TableId): { readonly any: boolean; readonly leavesState: boolean };
  routineOf(
    schema: string,
    name: string,
    kind: "procedure" | "function",
  ): { readonly reach: Reach; readonly clean: boolean };
}

/** A table, view, trigger or routine in the graph. */
interface GraphNode {
  readonly kind: "table" | "view" | "code";
  /** The table's or view's id, `""` for code. */
  readonly id: TableId;
  readonly schema: string;
  /** To all that running, writing or reading it may touch. */
  readonly edges: Set<GraphNode>;
  /** It may touch anything. */
  everything: boolean;
  leavesState: boolean;
  /** A view's or routine's own body, `null` for tables. */
  body: StoredBody | null;
  /** The functions its body calls. */
  readonly functions: Set<GraphNode>;
}

/** Links tables, views, triggers, routines and foreign keys of `rows`. */
export function createCodeGraph(rows: CatalogueRows): CodeGraph {
  return new Graph(rows);
}

class Graph implements CodeGraph {
  readonly #tables = new Map<TableId, GraphNode>();
  readonly #tablesByName = new Map<string, GraphNode[]>();
  readonly #routines = new Map<string, GraphNode>();
  readonly #schemas: ReadonlySet<string>;
  readonly #seesTriggers: (schema: string) => boolean;

  constructor(rows: CatalogueRows) {
    this.#seesTriggers = createTriggerSight(rows.triggerRights);
    this.#schemas = new Set(rows.schemas.map((row) => fold(row.schema_name)));
    for (const row of rows.tables) this.#addTable(row);
    for (const row of rows.routines)
      this.#routines.set(keyOfRoutine(row), createNode("code", "", row.routine_schema));
    const parameters = Map.groupBy(
      rows.parameters,
      (row) => `${row.specific_schema}\0${fold(row.specific_name)}`,
    );
    for (const row of rows.routines) {
      const own = parameters.get(`${row.routine_schema}\0${fold(row.routine_name)}`) ?? [];
      const locals = new Set(own.map((parameter) => fold(parameter.parameter_name)));
      const readable = /^(?:FUNCTION|PROCEDURE)$/i.test(row.routine_type);
      const body = readStoredBody(readable ? row.routine_definition : null, row.sql_mode, locals);
      this.#link(this.#routines.get(keyOfRoutine(row)), body);
    }
    for (const row of rows.views) {
      // The server prints definitions in canonical form, whatever mode they were made under.
      const view = this.#tables.get(`${row.table_schema}.${row.table_name}`);
      this.#link(view, readStoredBody(row.view_definition, "", new Set()));
      if (view !== undefined) view.everything ||= this.#hasUnknownTable(view);
    }
    for (const row of rows.triggers) {
      const trigger = createNode("code", "", row.event_object_schema);
      this.#link(trigger, readStoredBody(row.action_statement, row.sql_mode, new Set()));
      this.#tables.get(`${row.event_object_schema}.${row.event_object_table}`)?.edges.add(trigger);
    }
    this.#addForeignKeys(rows);
  }

  expandView(id: TableId): ExpandedView {
    const view = this.#tables.get(id);
    const tables = new Set<GraphNode>();
    const views = new Set<GraphNode>();
    if (view !== undefined) collectReads(view, tables, views);
    const opaque = views.size === 0 || [...views].some((node) => node.everything || node.body === null);
    const functions = [...views].flatMap((node) => [...node.functions]);
    const stable = functions.length === 0 && [...views].every((node) => node.body?.stable === true);
    const base = [...tables];
    const reached = closureOf([...base, ...functions]);
    return {
      cacheable: !opaque && stable && base.length > 0,
      baseTables: base.map((node) => node.id),
      baseSchemas: [...new Set([...views, ...base].map((node) => node.schema))],
      writeReach: opaque ? null : tablesOf(reached),
      readReach: opaque ? null : tablesOf(closureOf(functions)),
      runsCode: opaque || reached.some((node) => node.kind === "code"),
      leavesState: opaque || reached.some((node) => node.leavesState),
    };
  }

  writeReachOf(id: TableId): Reach {
    const node = this.#tables.get(id);
    return node === undefined || node.everything ? null : tablesOf(closureOf([...node.edges]));
  }

  codeOf(id: TableId): { readonly any: boolean; readonly leavesState: boolean } {
    const node = this.#tables.get(id);
    const reached = node === undefined ? [] : closureOf([node]);
    return {
      any: reached.some((next) => next.kind === "code" || next.everything),
      leavesState: reached.some((next) => next.leavesState),
    };
  }

  routineOf(
    schema: string,
    name: string,
    kind: "procedure" | "function",
  ): { readonly reach: Reach; readonly clean: boolean } {
    const node = this.#routines.get(routineKey(schema, name, kind.toUpperCase()));
    if (node === undefined) return { reach: null, clean: false };
    const reached = closureOf([node]);
    return {
      reach: tablesOf(reached),
      clean: reached.every((next) => !next.leavesState && !next.everything),
    };
  }

  #addTable(row: TableRow): void {
    const id: TableId = `${row.table_schema}.${row.table_name}`;
    const kind = row.table_type.toUpperCase() === "VIEW" ? "view" : "table";
    const node = createNode(kind, id, row.table_schema);
    const isOpen =
      !SELF_CONTAINED_ENGINES.has(fold(row.engine ?? "")) || !this.#seesTriggers(row.table_schema);
    node.everything = kind === "table" && isOpen;
    this.#tables.set(id, node);
    const key = fold(row.table_name);
    const named = this.#tablesByName.get(key);
    if (named === undefined) this.#tablesByName.set(key, [node]);
    else named.push(node);
  }

  /** A view may read tables that the catalogue's account cannot see: then nothing is known of it. */
  #hasUnknownTable(view: GraphNode): boolean {
    const { names } = findStatementTables(view.body?.tokens ?? [], 0);
    return names.some((name) => {
      const schema = fold(name.schema ?? view.schema);
      const known = this.#tablesByName.get(fold(name.name)) ?? [];
      return !known.some((node) => fold(node.schema) === schema);
    });
  }

  /** Cascades alter children without a word in the log (MariaDB, MySQL 8). RESTRICT and NO ACTION alter nothing. */
  #addForeignKeys(rows: CatalogueRows): void {
    for (const row of rows.foreignKeys) {
      const cascades = [row.update_rule, row.delete_rule].some(
        (rule) => !/^(?:RESTRICT|NO ACTION)$/i.test(rule),
      );
      const parent = this.#tables.get(`${row.unique_constraint_schema}.${row.referenced_table_name}`);
      const child = this.#tables.get(`${row.constraint_schema}.${row.table_name}`);
      if (cascades && parent !== undefined && child !== undefined) parent.edges.add(child);
    }
  }

  /** Links a body to every table its names can mean and every routine it calls. */
  #link(node: GraphNode | undefined, body: StoredBody): void {
    if (node === undefined) return;
    node.body = body;
    node.leavesState ||= body.leavesState;
    node.everything ||= !body.readable;
    for (const table of this.#tablesIn(node, body)) node.edges.add(table);
    for (const call of body.calls) this.#linkCall(node, call);
  }

  #tablesIn(node: GraphNode, body: StoredBody): readonly GraphNode[] {
    const schemas = new Set([fold(node.schema)]);
    const names = new Set<string>();
    for (const [at, token] of body.tokens.entries()) {
      if (!isName(token)) continue;
      const name = fold(token.text);
      names.add(name);
      if (this.#schemas.has(name)) schemas.add(name);
      if (symbolAt(body.tokens, at + 1) === "." && isSystemSchema(name)) node.everything = true;
    }
    const found: GraphNode[] = [];
    for (const name of names)
      for (const table of this.#tablesByName.get(name) ?? [])
        if (table !== node && schemas.has(fold(table.schema))) found.push(table);
    return found;
  }

  #linkCall(node: GraphNode, call: BodyCall): void {
    const routine = this.#routines.get(
      routineKey(call.schema ?? node.schema, call.name, call.kind.toUpperCase()),
    );
    if (routine !== undefined) {
      node.edges.add(routine);
      if (call.kind === "function") node.functions.add(routine);
    } else if (!call.builtIn) {
      node.everything = true;
      node.leavesState = true;
    }
  }
}

/** Engines whose tables hold their own rows. A write to a MERGE table alters other tables, and the log names it alone. */
const SELF_CONTAINED_ENGINES = new Set(
  "innodb myisam aria memory csv archive blackhole rocksdb ndbcluster".split(" "),
);

function createNode(kind: GraphNode["kind"], id: TableId, schema: string): GraphNode {
  const edges = new Set<GraphNode>();
  const functions = new Set<GraphNode>();
  return { kind, id, schema, edges, everything: false, leavesState: false, body: null, functions };
}

function keyOfRoutine(row: RoutineRow): string {
  return routineKey(row.routine_schema, row.routine_name, row.routine_type.toUpperCase());
}

function routineKey(schema: string, name: string, kind: string): string {
  return `${kind}\0${fold(schema)}\0${fold(name)}`;
}

/** All nodes reached from `roots`, the roots included. */
function closureOf(roots: readonly GraphNode[]): readonly GraphNode[] {
  const seen = new Set(roots);
  // A Set's iteration also visits what is added while it runs.
  for (const node of seen) for (const edge of node.edges) seen.add(edge);
  return [...seen];
}

/** The base tables among `nodes`; `null` when one of them may touch anything. */
function tablesOf(nodes: readonly GraphNode[]): Reach {
  if (nodes.some((node) => node.everything)) return null;
  return nodes.flatMap((node) => (node.kind === "table" ? [node.id] : []));
}

function collectReads(view: GraphNode, tables: Set<GraphNode>, views: Set<GraphNode>): void {
  if (views.has(view)) return;
  views.add(view);
  for (const read of view.edges) {
    if (read.kind === "table") tables.add(read);
    else if (read.kind === "view") collectReads(read, tables, views);
  }
}
