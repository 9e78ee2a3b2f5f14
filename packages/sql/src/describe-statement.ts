import { EVERYTHING, NO_CHANGE } from "@rockpool/base";
import { type CodeSummary, summarizeCode } from "./code-summary.ts";
import { isTemporaryDdl, readDdlEffect } from "./ddl-effect.ts";
import { describeRights, UNSURE } from "./describe-rights.ts";
import type { Environment } from "./environment.ts";
import type { PinReason, StatementFacts, StatementKind } from "./facts.ts";
import { type Features, readFeatures } from "./features.ts";
import { findRoutines } from "./floor.ts";
import type { Lexed } from "./lex.ts";
import { parseSet } from "./parse-set.ts";
import { ReachSet } from "./reach.ts";
import { planRead } from "./read-plan.ts";
import { readStatementHead } from "./statement-kind.ts";
import { findStoredCalls } from "./stored-calls.ts";
import { isName, symbolAt, type Token } from "./token.ts";
import { readQueryEffect, readWrite } from "./write-effect.ts";
import { findStatementTables } from "./write-targets.ts";

/** A statement that the lexer could read, with what its tokens say. */
interface Reading {
  readonly lexed: Lexed;
  readonly tokens: readonly Token[];
  readonly verbAt: number;
  readonly kind: StatementKind;
  readonly features: Features;
  readonly environment: Environment;
}

/** Facts of a text that cannot be read, or of a form that may do anything. */
export function unknownFacts(
  kind: StatementKind,
  pin: PinReason | null = "unknown-statement",
): StatementFacts {
  return {
    ...inertFacts(kind),
    pure: false,
    effect: EVERYTHING,
    altersCatalogue: true,
    pin,
    needsCleanConnection: true,
  };
}

/** Facts of a statement that changes nothing and leaves nothing. */
function inertFacts(kind: StatementKind): StatementFacts {
  return {
    kind,
    plan: { cacheable: false, reason: "not-a-select" },
    rights: UNSURE,
    pure: false,
    effect: NO_CHANGE,
    altersCatalogue: false,
    pin: null,
    resetAfter: false,
    virtualSets: null,
    usesLastInsertId: false,
    usesDiagnostics: false,
    needsCleanConnection: false,
  };
}

/** The facts of a lexed statement (CORRECTNESS R4-R7, R12, R14, R16, R17). */
export function describeStatement(lexed: Lexed, environment: Environment): StatementFacts {
  const { kind, verbAt } = readStatementHead(lexed.tokens);
  const reading = {
    lexed,
    tokens: lexed.tokens,
    verbAt,
    kind,
    features: readFeatures(lexed.tokens),
    environment,
  };
  const facts = describeKind(reading);
  if (lexed.executableComment || lexed.severalStatements || reading.features.garbledName) return widen(facts);
  const code = (): CodeSummary => codeOf(reading);
  const calls = facts.pure ? null : findStoredCalls(reading.tokens, kind, code, environment);
  const stored = calls === null ? {} : { storedCalls: calls };
  return { ...facts, ...stored, rights: describeRights({ ...reading, facts }, code) };
}

function codeOf({ tokens, environment }: Reading): CodeSummary {
  return summarizeCode(tokens, environment, findStatementTables(tokens, 0).indexes);
}

/** Text that a server may read differently: whatever it says, it may do anything. */
function widen(facts: StatementFacts): StatementFacts {
  return {
    ...unknownFacts(unsureKind(facts.kind), facts.pin ?? "unknown-statement"),
    plan: facts.plan.cacheable ? { cacheable: false, reason: "invalid-text" } : facts.plan,
    usesLastInsertId: facts.usesLastInsertId,
    usesDiagnostics: facts.usesDiagnostics,
  };
}

/** The kind of a statement that may be more than it seems: never one that is answered without asking the database. */
export function unsureKind(kind: StatementKind): StatementKind {
  return ["select", "dml", "ddl", "rights", "show", "load"].includes(kind) ? kind : "other";
}

function describeKind(reading: Reading): StatementFacts {
  switch (reading.kind) {
    case "empty":
      return inertFacts("empty");
    case "select":
      return describeSelect(reading);
    case "dml":
    case "load":
      return describeWrite(reading);
    case "ddl":
      return describeDdl(reading);
    case "show":
      return describeShow(reading);
    case "set":
      return describeSet(reading);
    case "call":
      return describeCall(reading);
    case "use":
      return describeUse(reading);
    case "rights":
      return {
        ...unknownFacts("rights", takesLocks(reading.tokens) ? "lock-tables" : null),
        needsCleanConnection: false,
      };
    case "begin":
      return { ...inertFacts("begin"), pin: "transaction" };
    case "commit":
    case "rollback":
      return { ...inertFacts(reading.kind), pin: isChained(reading.tokens) ? "transaction" : null };
    case "savepoint":
    case "unlock":
      return inertFacts(reading.kind);
    case "lock":
      return { ...inertFacts("lock"), pin: "lock-tables" };
    case "handler":
      return { ...inertFacts("handler"), pin: "handler" };
    case "xa":
      return {
        ...inertFacts("xa"),
        pin: "xa",
        effect: symbolAt(reading.tokens, 1) === "COMMIT" ? EVERYTHING : NO_CHANGE,
      };
    case "prepare":
      return describePrepare(reading);
    default:
      return describeOther(reading);
  }
}

/** FLUSH TABLES … WITH READ LOCK | FOR EXPORT holds locks until UNLOCK TABLES. */
function takesLocks(tokens: readonly Token[]): boolean {
  return (
    symbolAt(tokens, 0) === "FLUSH" &&
    tokens.some((token) => token.symbol === "LOCK" || token.symbol === "EXPORT")
  );
}

function isChained(tokens: readonly Token[]): boolean {
  const chain = tokens.findIndex((token) => token.symbol === "CHAIN");
  return chain > 0 && symbolAt(tokens, chain - 1) !== "NO";
}

/** What every statement takes from its functions, variables and words. */
function commonFacts(reading: Reading, code: CodeSummary): StatementFacts {
  const { features } = reading;
  const pin = features.assignsUserVariable ? "user-variable" : features.foundRows ? "found-rows" : code.pin;
  return {
    ...inertFacts(reading.kind),
    pin,
    resetAfter: code.resetAfter,
    usesLastInsertId: code.usesLastInsertId || features.readsLastInsertId,
    usesDiagnostics: code.usesDiagnostics || features.readsDiagnostics,
    needsCleanConnection: code.needsCleanConnection || features.userVariable,
  };
}

function describeSelect(reading: Reading): StatementFacts {
  const { tokens, environment, lexed, features } = reading;
  const tables = findStatementTables(tokens, 0);
  const code = summarizeCode(tokens, environment, tables.indexes);
  const read = planRead(lexed, features, code, environment);
  const facts = commonFacts(reading, code);
  // LAST_INSERT_ID(x) in a query changes the session's value, and the answer does not carry it.
  const pin = facts.pin ?? (code.setsLastInsertId ? "session-variable" : null);
  const effect = read.pure
    ? NO_CHANGE
    : readQueryEffect(tokens, read.tables ?? tables.names, code, environment);
  return { ...facts, pin, plan: read.plan, pure: read.pure, effect };
}

function describeWrite(reading: Reading): StatementFacts {
  const { tokens, environment, kind } = reading;
  const tables = findStatementTables(tokens, reading.verbAt);
  const code = summarizeCode(tokens, environment, tables.indexes);
  const common = commonFacts(reading, code);
  if (symbolAt(tokens, 0) === "DO") {
    return { ...common, effect: readQueryEffect(tokens, tables.names, code, environment) };
  }
  const write = readWrite(tokens, tables.names, code, environment);
  const loads = kind === "load" && reading.features.userVariable;
  const pin = common.pin ?? (loads ? "user-variable" : write.leavesState ? "routine" : null);
  return {
    ...common,
    pin,
    effect: write.effect,
    altersCatalogue: write.system,
    needsCleanConnection: common.needsCleanConnection || write.runsCode,
  };
}

function describeDdl(reading: Reading): StatementFacts {
  const { tokens, environment } = reading;
  const query = tokens.findIndex((token) => token.symbol === "SELECT");
  const code = summarizeCode(query < 0 ? [] : tokens.slice(query), environment, new Set());
  const common = { ...inertFacts("ddl"), needsCleanConnection: code.needsCleanConnection };
  if (isTemporaryDdl(tokens)) {
    const effect = code.reach.toChangeSet();
    const pin = symbolAt(tokens, 0) === "CREATE" ? "temporary-table" : null;
    return { ...common, pin: reading.features.assignsUserVariable ? "user-variable" : pin, effect };
  }
  const stores = tokens
    .slice(1, 16)
    .some((token) => ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"].includes(token.symbol));
  const assigns = reading.features.assignsUserVariable && !stores;
  const pin = assigns ? "user-variable" : stores ? null : code.pin;
  return { ...common, pin, effect: readDdlEffect(tokens, code, environment), altersCatalogue: true };
}

/** SHOW WARNINGS and the like tell what the statement before left. */
const DIAGNOSTIC_WORDS = new Set(["WARNINGS", "ERRORS", "PROFILE", "PROFILES"]);
const RUNS = new Set(["SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES", "TABLE"]);

/** SHOW and EXPLAIN; ANALYZE SELECT and EXPLAIN ANALYZE run the statement they explain. */
function describeShow(reading: Reading): StatementFacts {
  const { tokens, environment } = reading;
  const start = tokens.findIndex((token, index) => index > 0 && RUNS.has(token.symbol));
  const explains = symbolAt(tokens, 0) !== "SHOW" && symbolAt(tokens, 0) !== "HELP";
  const analyzes = tokens.slice(0, start < 0 ? 4 : start).some((token) => token.symbol === "ANALYZE");
  if (explains && analyzes) {
    if (start < 0) return unknownFacts("show");
    const open = symbolAt(tokens, start - 1) === "(" ? start - 1 : start;
    const inner = describeStatement({ ...reading.lexed, tokens: tokens.slice(open) }, environment);
    return { ...inner, kind: "show", pure: false, plan: { cacheable: false, reason: "not-a-select" } };
  }
  const code = summarizeCode(start < 0 || !explains ? [] : tokens.slice(start), environment, new Set());
  const shown = explains ? code : summarizeCode(tokens.slice(1), environment, new Set());
  const facts = commonFacts(reading, shown);
  const words = tokens.slice(1, 6).map((token) => token.symbol);
  const diagnoses = !explains && words.some((word) => DIAGNOSTIC_WORDS.has(word));
  const pure =
    environment.modes.readable &&
    !shown.unlisted &&
    !shown.effects &&
    facts.pin === null &&
    !reading.features.into;
  return {
    ...facts,
    pure,
    effect: pure ? NO_CHANGE : shown.reach.toChangeSet(),
    usesDiagnostics: facts.usesDiagnostics || diagnoses,
  };
}

function describeSet(reading: Reading): StatementFacts {
  const { tokens, environment, lexed } = reading;
  const second = symbolAt(tokens, 1);
  const code = summarizeCode(tokens, environment, findStatementTables(tokens, 0).indexes);
  const common = commonFacts(reading, code);
  if (second === "STATEMENT") return describeSetStatement(reading);
  if (second === "ROLE") return { ...common, pin: "session-variable" };
  const parsed = parseSet(lexed);
  if (parsed.kind === "virtual") {
    const boost = parsed.boost === null ? {} : { boost: parsed.boost };
    return { ...common, pin: null, needsCleanConnection: false, virtualSets: parsed.sets, ...boost };
  }
  const names = findStatementTables(tokens, 0).names;
  const effect = parsed.global ? EVERYTHING : readQueryEffect(tokens, names, code, environment);
  const unreadable = parsed.unreadableAfter ? { unreadableAfter: true } : {};
  return { ...common, pin: parsed.pin, effect, ...unreadable };
}

/** MariaDB's `SET STATEMENT x = y FOR statement` does what the statement does, never from the cache. */
function describeSetStatement(reading: Reading): StatementFacts {
  const { tokens, environment, lexed } = reading;
  const at = tokens.findIndex((token) => token.symbol === "FOR");
  if (at < 0 || tokens.slice(0, at).some((token) => token.symbol === "(" || token.kind.endsWith("variable")))
    return unknownFacts("other");
  const inner = describeStatement({ ...lexed, tokens: tokens.slice(at + 1) }, environment);
  if (inner.virtualSets !== null || inner.kind === "use") return unknownFacts("other");
  const kind = inner.kind === "select" ? "other" : inner.kind;
  return { ...inner, kind, pure: false, plan: { cacheable: false, reason: "not-a-select" } };
}

function describeCall(reading: Reading): StatementFacts {
  const { tokens, environment } = reading;
  const first = tokens[1];
  if (!isName(first)) return unknownFacts("call", "routine");
  const second = tokens[3];
  const qualified = symbolAt(tokens, 2) === "." && isName(second);
  const nameAt = qualified ? 3 : 1;
  const name = qualified ? { schema: first.text, name: second.text } : { schema: null, name: first.text };
  const entries = (
    environment.catalogue === null ? [] : findRoutines(environment.catalogue, environment.defaultSchema, name)
  ).filter((entry) => entry.routine.kind === "procedure");
  const code = summarizeCode(tokens, environment, new Set([nameAt]));
  const common = commonFacts(reading, code);
  if (entries.length === 0)
    return { ...unknownFacts("call", "routine"), usesLastInsertId: common.usesLastInsertId };
  const reach = new ReachSet();
  for (const entry of entries) reach.add(entry.routine.writeReach);
  const own = reach.toChangeSet();
  const called = code.reach.toChangeSet();
  const everything = own.everything || called.everything;
  const clean = entries.every((entry) => entry.routine.clean);
  // An argument @x may be an OUT parameter.
  const pin = common.pin ?? (reading.features.userVariable ? "user-variable" : clean ? null : "routine");
  return {
    ...common,
    effect: everything
      ? EVERYTHING
      : { ...NO_CHANGE, tables: [...new Set([...own.tables, ...called.tables])] },
    altersCatalogue: own.everything,
    pin,
    resetAfter: pin === null,
    needsCleanConnection: true,
  };
}

function describeUse(reading: Reading): StatementFacts {
  const name = reading.tokens[1];
  if (!isName(name) || reading.tokens.length !== 2) return unknownFacts("other");
  return { ...inertFacts("use"), useSchema: name.text };
}

/** PREPARE only stores text; EXECUTE runs text that is not here. */
function describePrepare(reading: Reading): StatementFacts {
  const runs = symbolAt(reading.tokens, 0) === "EXECUTE";
  const code = summarizeCode(reading.tokens, reading.environment, new Set());
  const common = commonFacts(reading, code);
  if (runs)
    return { ...unknownFacts("prepare", "prepared-statement"), usesLastInsertId: common.usesLastInsertId };
  return { ...common, pin: "prepared-statement", effect: code.reach.toChangeSet() };
}

function describeOther(reading: Reading): StatementFacts {
  const { tokens } = reading;
  const verb = symbolAt(tokens, 0);
  const code = summarizeCode(tokens, reading.environment, new Set());
  const common = commonFacts(reading, code);
  if (verb === "GET") {
    const pin = reading.features.userVariable ? "user-variable" : null;
    return { ...common, pin, resetAfter: true, usesDiagnostics: true, effect: code.reach.toChangeSet() };
  }
  if (verb === "KILL" || verb === "SIGNAL" || verb === "RESIGNAL")
    return { ...common, effect: code.reach.toChangeSet() };
  return unknownFacts(reading.kind);
}
