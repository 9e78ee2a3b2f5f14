import type { BypassReason, ReadPlan } from "./facts.ts";
import type { CodeSummary } from "./code-summary.ts";
import type { Environment } from "./environment.ts";
import type { Features } from "./features.ts";
import { findFloor } from "./floor.ts";
import { isSystemSchema, type TableEntry } from "./catalogue-index.ts";
import type { Lexed } from "./lex.ts";
import { isShallow } from "./nesting.ts";
import { parseSelect } from "./parse-select.ts";
import { readReachOf } from "./reach.ts";
import type { TableName } from "./table-references.ts";
import { renderForParser } from "./template.ts";

/** A SELECT's plan, whether all gates prove it pure, and its tables where they could be told. */
export interface SelectReading {
  readonly plan: ReadPlan;
  readonly pure: boolean;
  /** The tables the parser found, `null` when it did not come to that. */
  readonly tables: readonly TableName[] | null;
}

/** Longest text, in UTF-16 units, and most tokens that are parsed; both after lists are collapsed. */
const PARSED_CHARS_MAX = 16 * 1024;
const PARSED_TOKENS_MAX = 1000;

/** Runs the three gates over a SELECT that the lexer could read. */
export function planRead(
  lexed: Lexed,
  features: Features,
  code: CodeSummary,
  environment: Environment,
): SelectReading {
  const hard = hardReason(lexed, features, code, environment);
  if (hard !== null) return refuse(hard);
  const text = renderForParser(lexed.tokens);
  if (text.length > PARSED_CHARS_MAX) return refuse("statement-too-long");
  const parsed = parseSelect(text);
  const soft = softReason(features, code);
  if (!parsed.ok) return refuse(soft ?? parsed.reason);
  return readTables(lexed, parsed.tables, soft, environment);
}

function refuse(reason: BypassReason): SelectReading {
  return { plan: { cacheable: false, reason }, pure: false, tables: null };
}

/** Reasons that stop the proof of purity too. */
function hardReason(
  lexed: Lexed,
  features: Features,
  code: CodeSummary,
  environment: Environment,
): BypassReason | null {
  if (lexed.severalStatements) return "several-statements";
  if (lexed.executableComment) return "executable-comment";
  if (!environment.modes.harmless) return "sql-mode";
  if (lexed.hint) return "optimizer-hint";
  if (features.into) return "into";
  if (features.lockingRead) return "locking-read";
  if (features.assignsUserVariable) return "user-variable";
  if (features.foundRows) return "found-rows";
  if (lexed.introducer) return "charset-introducer";
  if (features.procedure) return "unknown-node";
  if (code.unlisted) return "unlisted-function";
  if (code.effects) return "volatile-function";
  if (lexed.tokens.length > PARSED_TOKENS_MAX) return "too-many-tokens";
  if (!isShallow(lexed.tokens)) return "too-deep";
  if (environment.catalogue === null) return "no-catalogue";
  return null;
}

/** Reasons that forbid caching, yet leave a pure read. */
function softReason(features: Features, code: CodeSummary): BypassReason | null {
  if (features.userVariable) return "user-variable";
  if (features.systemVariable) return "system-variable";
  if (features.noCache) return "sql-no-cache";
  if (features.temporal) return "temporal-table";
  return code.volatile ? "volatile-function" : null;
}

/** The third gate: every parsed table must be known, and the names in the text decide what the answer depends on. */
function readTables(
  lexed: Lexed,
  parsed: readonly TableName[],
  soft: BypassReason | null,
  environment: Environment,
): SelectReading {
  const { catalogue, defaultSchema } = environment;
  if (catalogue === null) return refuse("no-catalogue");
  const floor = findFloor(lexed.tokens, catalogue, defaultSchema);
  const entries = new Map<string, TableEntry>(floor.tables.map((entry) => [entry.id, entry]));
  let missing: BypassReason | null = null;
  let system = floor.systemSchema;
  for (const name of parsed) {
    const schema = name.schema ?? defaultSchema;
    if (schema !== null && isSystemSchema(schema)) {
      system = true;
      continue;
    }
    const entry = schema === null ? undefined : catalogue.table(schema, name.name);
    if (entry === undefined) missing ??= "unknown-table";
    else if (!entries.has(entry.id)) missing ??= "floor-mismatch";
  }
  const tables = [...entries.values()];
  const runsCode = tables.some((entry) => readReachOf(entry)?.length !== 0);
  const pure = missing === null && !runsCode;
  const reason = soft ?? (system ? "system-schema" : null) ?? missing ?? tableReason(tables);
  const plan: ReadPlan = reason !== null ? { cacheable: false, reason } : planTables(tables);
  return { plan, pure, tables: parsed };
}

function tableReason(tables: readonly TableEntry[]): BypassReason | null {
  if (tables.length === 0) return "no-table";
  const refused = tables.find((entry) => !entry.table.cacheable);
  if (refused === undefined) return null;
  return refused.table.kind === "view" ? "uncacheable-view" : "uncacheable-table";
}

function planTables(entries: readonly TableEntry[]): ReadPlan {
  const tables = new Set<string>();
  const schemas = new Set<string>();
  for (const entry of entries) {
    schemas.add(entry.schema);
    for (const id of entry.table.baseTables) tables.add(id);
    for (const schema of entry.table.baseSchemas) schemas.add(schema);
  }
  const plan = { cacheable: true, tables: [...tables], keys: [], schemas: [...schemas] } as const;
  return entries.some((entry) => entry.table.kind === "view") ? { ...plan, throughView: true } : plan;
}
