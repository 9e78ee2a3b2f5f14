import nodeSqlParser from "node-sql-parser/build/mysql.js";
import type { BypassReason } from "./facts.ts";
import { STABLE_FUNCTIONS, VOLATILE_FUNCTIONS } from "./function-lists.ts";
import type { TableName } from "./table-references.ts";

/** What the second gate says: the parser's tables without CTE names, or why it refuses. */
export type ParsedSelect =
  | { readonly ok: true; readonly tables: readonly TableName[] }
  | { readonly ok: false; readonly reason: BypassReason };

const parser = new nodeSqlParser.Parser();

/** Parses a rendered template with node-sql-parser and walks the whole tree; anything unknown in it is a refusal. */
export function parseSelect(text: string): ParsedSelect {
  let ast: unknown;
  try {
    ast = parser.astify(text);
  } catch {
    // A syntax it does not know, or a RangeError from deep nesting.
    return { ok: false, reason: "parse-error" };
  }
  const root = Array.isArray(ast) ? (ast.length === 1 ? (ast[0] as unknown) : null) : ast;
  if (!isNode(root) || root["type"] !== "select") return { ok: false, reason: "not-one-select" };
  const walk = new Walk();
  walk.visit(root, "root");
  if (walk.refusal !== null) return { ok: false, reason: walk.refusal };
  return {
    ok: true,
    tables: walk.tables.filter((table) => table.schema !== null || !walk.cteNames.has(table.name)),
  };
}

type Node = Readonly<Record<string, unknown>>;

/** Node types whose meaning we know and that cannot hide a table, a lock or an effect. */
const KNOWN_TYPES = new Set(
  (
    "select column_ref number bigint single_quote_string double_quote_string string bool null star param origin default " +
    "backticks_quote_string binary_expr unary_expr expr_list expr case when else cast interval extract collate ASC DESC " +
    "hex_string full_hex_string bit_string date time timestamp datetime function aggr_func window_func window dual " +
    "fulltext_search datatype"
  ).split(" "),
);
/** Keys of untyped nodes, by the key they stand under. Anything else is an unknown node. */
const KNOWN_SHAPES: Readonly<Record<string, ReadonlySet<string>>> = {
  limit: keys("seperator value"),
  _limit: keys("seperator value"),
  orderby: keys("expr type"),
  _orderby: keys("expr type"),
  args: keys("distinct expr orderby separator parentheses field source cast_type symbol as"),
  separator: keys("keyword value"),
  columns: keys("as expr"),
  groupby: keys("columns modifiers"),
  modifiers: keys("type"),
  into: keys("position"),
  from: keys("as db table join on using expr joins parentheses prefix use_index index_hint"),
  joins: keys("as db table join on using expr joins parentheses prefix"),
  expr: keys(
    "as db table join on using expr joins parentheses prefix ast columnList tableList name as_window_specification",
  ),
  name: keys("name schema"),
  with: keys("name columns stmt recursive"),
  collate: keys("name symbol collate keyword type"),
  target: keys("dataType length scale parentheses suffix quoted"),
  suffix: keys(""),
  parentheses: keys("length"),
  as_window_specification: keys("window_specification parentheses"),
  window_specification: keys("name partitionby orderby window_frame_clause"),
  partitionby: keys("expr type as"),
};
/** A subquery wrapped by the parser; may stand under any key. */
const SUBQUERY = keys("ast columnList tableList parentheses");
/** Aggregates, and operators that the parser takes for functions. */
const AGGREGATES = keys(
  "exists any some all count sum max min avg group_concat json_arrayagg json_objectagg stddev std variance",
);

function keys(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Walk {
  readonly tables: TableName[] = [];
  readonly cteNames = new Set<string>();
  refusal: BypassReason | null = null;

  visit(value: unknown, under: string): void {
    if (this.refusal !== null) return;
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, under);
      return;
    }
    if (!isNode(value)) return;
    this.#inspect(value, under);
    for (const [key, child] of Object.entries(value))
      if (key !== "tableList" && key !== "columnList") this.visit(child, key);
  }

  #inspect(node: Node, under: string): void {
    const type = node["type"];
    if (typeof type === "string" && !(under === "orderby" || under === "_orderby")) {
      if (type === "var") this.#variable(node);
      else if (!KNOWN_TYPES.has(type)) this.refusal = "unknown-node";
    } else if (!hasOnly(node, SUBQUERY) || node["ast"] === undefined) {
      const shape = KNOWN_SHAPES[under];
      if (shape === undefined || !hasOnly(node, shape)) this.refusal = "unknown-node";
    }
    if (type === "select") this.#select(node);
    if (type === "function" || type === "aggr_func" || type === "window_func") this.#call(node);
    if (under === "from" || under === "joins" || (under === "expr" && type === undefined)) this.#table(node);
    if (under === "with") this.#cte(node);
  }

  #select(node: Node): void {
    if (node["locking_read"] !== null && node["locking_read"] !== undefined) this.refusal = "locking-read";
    const into = node["into"];
    if (isNode(into) && (into["position"] !== null || Object.keys(into).length > 1)) this.refusal = "into";
  }

  #variable(node: Node): void {
    const prefix = node["prefix"];
    if (prefix !== "@" && prefix !== "@@") this.refusal = "unknown-node";
  }

  #table(node: Node): void {
    const table = node["table"];
    if (table === undefined) return;
    const db = node["db"];
    if (typeof table !== "string" || !(db === null || db === undefined || typeof db === "string"))
      this.refusal = "unknown-node";
    else
      this.tables.push({
        schema: db === null || db === undefined ? null : unescape(db),
        name: unescape(table),
      });
  }

  #cte(node: Node): void {
    const name = node["name"];
    const text = isNode(name) ? name["value"] : name;
    if (typeof text === "string") this.cteNames.add(unescape(text));
  }

  /** The tokens have shown every call already; the parser must agree that each is one we know. */
  #call(node: Node): void {
    const name = functionName(node["name"]);
    if (
      name === null ||
      !(STABLE_FUNCTIONS.has(name) || VOLATILE_FUNCTIONS.has(name) || AGGREGATES.has(name))
    )
      this.refusal ??= "unlisted-function";
  }
}

/** The parser leaves doubled back-quotes as they are. */
function unescape(name: string): string {
  return name.replaceAll("``", "`");
}

function hasOnly(node: Node, allowed: ReadonlySet<string>): boolean {
  return Object.keys(node).every((key) => allowed.has(key));
}

function functionName(name: unknown): string | null {
  if (typeof name === "string") return name.toLowerCase();
  if (!isNode(name) || (name["schema"] !== undefined && name["schema"] !== null)) return null;
  const parts = name["name"];
  if (!Array.isArray(parts) || parts.length !== 1) return null;
  const part: unknown = parts[0];
  return isNode(part) && typeof part["value"] === "string" ? part["value"].toLowerCase() : null;
}
