import { type ChangeSet, EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { type Catalogue, isSystemSchema } from "./catalogue-index.ts";
import type { CodeSummary } from "./code-summary.ts";
import type { Environment } from "./environment.ts";
import { isName, symbolAt, type Token } from "./token.ts";

/** What follows `CREATE [OR REPLACE …]`, `ALTER`, `DROP` and decides how the rest reads. */
const STORED_CODE = ["VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE"];

/** Whether the statement is about temporary tables only: nobody else can see what it does. */
export function isTemporaryDdl(tokens: readonly Token[]): boolean {
  const verb = symbolAt(tokens, 0);
  const word = verb === "CREATE" ? tokens.slice(1, 4).findIndex((token) => token.symbol === "TEMPORARY") : -1;
  return word >= 0 || (verb === "DROP" && symbolAt(tokens, 1) === "TEMPORARY");
}

/** The schemas that DDL may alter, where all its names can be placed; else everything. */
export function readDdlEffect(
  tokens: readonly Token[],
  code: CodeSummary,
  environment: Environment,
): ChangeSet {
  const { catalogue, defaultSchema } = environment;
  if (catalogue === null) return EVERYTHING;
  const second = symbolAt(tokens, 1);
  if (second === "DATABASE" || second === "SCHEMA") return databaseEffect(tokens, catalogue);
  const at = tokens.slice(0, 16).findIndex((token) => STORED_CODE.includes(token.symbol));
  const head = symbolAt(tokens, 0);
  // The body of stored code is not run now: only the schema of the new object changes.
  if (at > 0 && (head === "CREATE" || head === "ALTER")) return storedCodeEffect(tokens, at, environment);
  if (/^(?:TABLESPACE|LOGFILE|SERVER|INSTANCE|UNDO|RESOURCE|SPATIAL REFERENCE)/.test(second))
    return EVERYTHING;
  const query = tokens.findIndex((token) => token.symbol === "SELECT");
  if (query >= 0 && code.unlisted) return EVERYTHING;
  const schemas = new Set<string>();
  if (defaultSchema !== null) schemas.add(catalogue.schema(defaultSchema)?.name ?? defaultSchema);
  for (const [index, token] of tokens.entries()) {
    if (!isName(token)) continue;
    const known = catalogue.schemasNamed(token.text);
    for (const schema of known) schemas.add(schema.name);
    // `x.y` with an x we do not know: a schema made a moment ago, perhaps.
    const qualifies = symbolAt(tokens, index + 1) === "." && symbolAt(tokens, index - 1) !== ".";
    if (qualifies && known.length === 0 && query < 0) return EVERYTHING;
    if (qualifies && known.length === 0 && index < query) return EVERYTHING;
  }
  return toSchemas([...schemas]);
}

function databaseEffect(tokens: readonly Token[], catalogue: Catalogue): ChangeSet {
  let at = 2;
  while (["IF", "NOT", "EXISTS"].includes(symbolAt(tokens, at))) at += 1;
  const name = tokens[at];
  if (!isName(name) || symbolAt(tokens, 0) === "ALTER") return EVERYTHING;
  const known = catalogue.schemasNamed(name.text).map((schema) => schema.name);
  const spelled = catalogue.data.lowerCaseTableNames === 0 ? name.text : name.text.toLowerCase();
  return toSchemas([...new Set([...known, spelled])]);
}

function storedCodeEffect(tokens: readonly Token[], objectAt: number, environment: Environment): ChangeSet {
  let at = objectAt + 1;
  while (["IF", "NOT", "EXISTS", "BODY"].includes(symbolAt(tokens, at))) at += 1;
  const first = tokens[at];
  if (!isName(first) || environment.catalogue === null) return EVERYTHING;
  const qualified = symbolAt(tokens, at + 1) === ".";
  const schema = qualified ? first.text : environment.defaultSchema;
  if (schema === null) return EVERYTHING;
  const known = environment.catalogue.schemasNamed(schema).map((found) => found.name);
  // ALTER EVENT a.e RENAME TO b.f and the like reach another schema.
  const renames =
    tokens.slice(at).some((token) => token.symbol === "RENAME") && symbolAt(tokens, 0) === "ALTER";
  return known.length === 0 || renames ? EVERYTHING : toSchemas(known);
}

function toSchemas(schemas: readonly string[]): ChangeSet {
  if (schemas.length === 0 || schemas.some(isSystemSchema)) return EVERYTHING;
  return { ...NO_CHANGE, schemas };
}
