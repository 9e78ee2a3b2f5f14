import { isSystemSchema } from "./catalogue-index.ts";
import type { Environment } from "./environment.ts";
import type { StatementKind } from "./facts.ts";
import { isName, symbolAt, type Token } from "./token.ts";
import { findStatementTables } from "./write-targets.ts";

/** Kinds that name no database, nor use the default one. */
const NAMELESS: ReadonlySet<StatementKind> = new Set([
  "begin",
  "commit",
  "rollback",
  "savepoint",
  "unlock",
  "empty",
]);

/**
 * The schemas that a statement names or works in, the default one included; null when that cannot be told. Names too
 * much rather than too little: every qualifier of a table or function, and every qualifier that is a schema's name.
 */
export function readNamedSchemas(
  kind: StatementKind,
  tokens: readonly Token[],
  environment: Environment,
): readonly string[] | null {
  if (NAMELESS.has(kind)) return [];
  if (!environment.modes.harmless || hasOddDots(tokens)) return null;
  switch (kind) {
    case "use":
      return isName(tokens[1]) && tokens.length === 2 ? [tokens[1].text] : null;
    case "select":
    case "dml":
    case "load":
    case "call":
    case "set":
      return named(tokens, environment, []);
    case "lock":
    case "handler":
      return named(tokens, environment, qualifiers(tokens));
    case "show":
      return readShown(tokens, environment);
    case "ddl":
      return readDefined(tokens, environment);
    default:
      return null;
  }
}

/** A dot that does not join two names, and `{ OJ …`: the places of tables are not where they are looked for. */
function hasOddDots(tokens: readonly Token[]): boolean {
  return tokens.some(({ symbol }, at) => {
    if (symbol === "{") return true;
    if (symbol !== ".") return false;
    return !isName(tokens[at - 1]) || !(isName(tokens[at + 1]) || symbolAt(tokens, at + 1) === "*");
  });
}

function named(
  tokens: readonly Token[],
  environment: Environment,
  more: readonly string[],
): readonly string[] {
  const { defaultSchema } = environment;
  const schemas = new Set(more);
  if (defaultSchema !== null) schemas.add(defaultSchema);
  for (const { schema } of findStatementTables(tokens, 0).names) if (schema !== null) schemas.add(schema);
  for (let at = 0; at + 2 < tokens.length; at++) {
    const schema = tokens[at];
    if (!isName(schema) || symbolAt(tokens, at + 1) !== "." || !isName(tokens[at + 2])) continue;
    const after = symbolAt(tokens, at + 3);
    // `schema.function(` and `schema.table.column`; two parts are a table and its column, unless a schema is called so.
    const isQualifier = symbolAt(tokens, at - 1) !== "." && (after === "(" || after === ".");
    if (isQualifier || isSequence(tokens, at) || isSchemaName(schema.text, environment))
      schemas.add(schema.text);
  }
  // `CALL schema.procedure` needs no parentheses.
  const procedure = tokens[1];
  if (symbolAt(tokens, 0) === "CALL" && isName(procedure) && symbolAt(tokens, 2) === ".")
    schemas.add(procedure.text);
  return [...schemas];
}

const SEQUENCE_FUNCTIONS = new Set(["NEXTVAL", "LASTVAL", "SETVAL"]);

/** `NEXT VALUE FOR schema.sequence`, `NEXTVAL(schema.sequence)`. */
function isSequence(tokens: readonly Token[], at: number): boolean {
  const before = symbolAt(tokens, at - 1);
  const word = symbolAt(tokens, at - 2);
  return (before === "(" && SEQUENCE_FUNCTIONS.has(word)) || (before === "FOR" && word === "VALUE");
}

function isSchemaName(name: string, { catalogue }: Environment): boolean {
  return isSystemSchema(name) || (catalogue?.schemasNamed(name).length ?? 0) > 0;
}

/** Every name before a dot. */
function qualifiers(tokens: readonly Token[]): string[] {
  const names: string[] = [];
  for (let at = 0; at + 1 < tokens.length; at++) {
    const token = tokens[at];
    if (isName(token) && symbolAt(tokens, at + 1) === ".") names.push(token.text);
  }
  return names;
}

/** SHOW forms that list what is in a schema: `SHOW TABLES FROM schema`. */
const LISTS = new Set(["TABLES", "TRIGGERS", "EVENTS"]);
/** SHOW forms about one table: `SHOW COLUMNS FROM table FROM schema`. */
const ABOUT_TABLE = new Set(["COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS"]);
/** SHOW forms that concern no schema. */
const ABOUT_SERVER = new Set([
  "CHARACTER",
  "CHARSET",
  "COLLATION",
  "COUNT",
  "ENGINES",
  "ERRORS",
  "STATUS",
  "VARIABLES",
  "WARNINGS",
]);
const SHOW_WORDS = new Set(["FULL", "EXTENDED", "GLOBAL", "SESSION", "LOCAL", "OPEN"]);
const SHOWN_BY_NAME = new Set(["TABLE", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE"]);

function readShown(tokens: readonly Token[], environment: Environment): readonly string[] | null {
  const verb = symbolAt(tokens, 0);
  if (verb === "HELP") return [];
  const all = qualifiers(tokens);
  if (verb !== "SHOW") return readExplained(tokens, environment, all);
  let at = 1;
  while (SHOW_WORDS.has(symbolAt(tokens, at))) at += 1;
  let what = symbolAt(tokens, at);
  if (what === "TABLE" && symbolAt(tokens, at + 1) === "STATUS") what = "TABLES";
  if (what === "CREATE")
    return SHOWN_BY_NAME.has(symbolAt(tokens, at + 1)) ? named(tokens, environment, all) : null;
  if (ABOUT_SERVER.has(what)) return named(tokens, environment, all);
  const isList = LISTS.has(what);
  if (!isList && !ABOUT_TABLE.has(what)) return null;
  // Unlike the others it lists all schemas.
  if (symbolAt(tokens, at - 1) === "OPEN" && !["FROM", "IN"].includes(symbolAt(tokens, at + 1))) return null;
  const places = tokens.flatMap(({ symbol }, index) => (symbol === "FROM" || symbol === "IN" ? [index] : []));
  // `WHERE … IN (…)` looks like a third one; whoever needs it asks for the schema in another way.
  const schemaAt = places[isList ? 0 : 1];
  if (places.length > (isList ? 1 : 2)) return null;
  const schema = schemaAt === undefined ? undefined : tokens[schemaAt + 1];
  if (schemaAt !== undefined && !isName(schema)) return null;
  return named(tokens, environment, isName(schema) ? [...all, schema.text] : all);
}

/** EXPLAIN and DESCRIBE: of a statement or a table; FOR CONNECTION shows what another session runs. */
function readExplained(
  tokens: readonly Token[],
  environment: Environment,
  all: readonly string[],
): readonly string[] | null {
  const at = tokens.findIndex(({ symbol }, index) => index > 0 && EXPLAINED.has(symbol));
  if (at >= 0) return named(tokens.slice(at), environment, []);
  return tokens.some(({ symbol }) => symbol === "FOR") ? null : named(tokens, environment, all);
}

const EXPLAINED = new Set(["SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES", "TABLE"]);

/** Words of DDL whose meaning reaches beyond the names in it: stored code, schemas, other servers. */
const BEYOND_NAMES = new Set([
  "PROCEDURE",
  "FUNCTION",
  "PACKAGE",
  "TRIGGER",
  "EVENT",
  "DATABASE",
  "SCHEMA",
  "SERVER",
  "SPATIAL",
  "TABLESPACE",
  "LOGFILE",
  "INSTANCE",
  "CONNECTION",
  "RESOURCE",
  "UNDO",
]);

/** The first of these says what is defined; later ones may be names of columns. */
const DEFINED = new Set(["TABLE", "TABLES", "INDEX", "KEY", "SEQUENCE", "VIEW"]);

function readDefined(tokens: readonly Token[], environment: Environment): readonly string[] | null {
  if (tokens.some(({ symbol }) => BEYOND_NAMES.has(symbol))) return null;
  // In a view's SELECT dots follow aliases too; everywhere else what stands before one is a schema.
  const isView = tokens.find(({ symbol }) => DEFINED.has(symbol))?.symbol === "VIEW";
  return named(tokens, environment, isView ? definedName(tokens) : qualifiers(tokens));
}

/** The qualifiers of the names before a view's AS. */
function definedName(tokens: readonly Token[]): string[] {
  const as = tokens.findIndex(({ symbol }) => symbol === "AS");
  return qualifiers(as < 0 ? tokens : tokens.slice(0, as));
}
