import { BoundedMap } from "./bounded-map.ts";
import type { CatalogueData } from "./catalogue.ts";
import { type Catalogue, createCatalogue } from "./catalogue-index.ts";
import { describeStatement, unknownFacts, unsureKind } from "./describe-statement.ts";
import type { Environment } from "./environment.ts";
import type { BypassReason, StatementFacts } from "./facts.ts";
import { type Lexed, lex } from "./lex.ts";
import { bindRowKeys } from "./row-keys.ts";
import { readStatementHead } from "./statement-kind.ts";
import { formatTemplate } from "./template.ts";
import { parseTextModes, type TextModes } from "./text-modes.ts";

/** The session state that decides how a text reads. */
export interface AnalysisContext {
  readonly defaultSchema: string | null;
  /** The session's `sql_mode`, as far as it differs from harmless ones; `""` = harmless (R16). */
  readonly modes: string;
  /** The statement's bytes were not valid UTF-8 and have been replaced: never cached. */
  readonly sqlNotUtf8?: boolean;
  /** The session's client character set is not ASCII-transparent (see `describeVirtualSets`): nothing in the text is believed. */
  readonly charsetUnsafe?: boolean;
}

/** Options of `createAnalyser`. */
export interface AnalyserOptions {
  /** Most templates whose facts are kept (the least recently used goes first); default 10,000. */
  readonly planMax?: number;
}

/** Reads statements against the current catalogue. Holds at most `planMax` templates. */
export interface Analyser {
  /** Sets the catalogue, `null` = none; all plans are dropped. */
  setCatalogue(catalogue: CatalogueData | Catalogue | null): void;
  /** The facts of one statement text. Never throws; what cannot be read may do anything. */
  analyse(sql: string, context: AnalysisContext): StatementFacts;
}

/** Longest text, in UTF-16 units, that is lexed; a longer one is a statement that may do anything. */
export const LEXED_CHARS_MAX = 4 * 1024 * 1024;
/** Longest template that is worth keeping. */
const KEPT_TEMPLATE_CHARS_MAX = 16 * 1024;

/** Makes an analyser; see `Analyser`. */
export function createAnalyser(options: AnalyserOptions = {}): Analyser {
  const plans = new BoundedMap<StatementFacts>(options.planMax ?? 10_000);
  let catalogue: Catalogue | null = null;
  return {
    setCatalogue(next) {
      catalogue = next === null || "tablesNamed" in next ? next : createCatalogue(next);
      plans.clear();
    },
    analyse(sql, context) {
      const modes = parseTextModes(context.modes);
      const refusal = refuseUnread(sql, context, modes);
      if (refusal !== null) return refusal;
      const lexed = lex(sql, { ...modes, tokenMax: 20_000 });
      const broken = refuseBroken(lexed);
      if (broken !== null) return broken;
      const environment = { catalogue, defaultSchema: context.defaultSchema, modes };
      const facts = bind(describeOnce(plans, lexed, environment), lexed);
      return context.sqlNotUtf8 === true ? withReason(facts, "invalid-text") : facts;
    },
  };
}

/** Facts per template; statements whose literals matter are read each time. */
function describeOnce(
  plans: BoundedMap<StatementFacts>,
  lexed: Lexed,
  environment: Environment,
): StatementFacts {
  const { kind } = readStatementHead(lexed.tokens);
  if (kind === "set" || kind === "use" || kind === "other" || kind === "prepare")
    return withCharset(describeStatement(lexed, environment), lexed);
  const template = formatTemplate(lexed);
  if (template.length > KEPT_TEMPLATE_CHARS_MAX) return describeStatement(lexed, environment);
  const key = `${environment.modes.className}\0${environment.defaultSchema ?? "\0"}\0${template}`;
  const known = plans.get(key);
  if (known !== undefined) return known;
  const facts = withCharset(describeStatement(lexed, environment), lexed);
  plans.set(key, facts);
  return facts;
}

function bind(facts: StatementFacts, lexed: Lexed): StatementFacts {
  const plan = bindRowKeys(facts.plan, lexed);
  return plan === facts.plan ? facts : { ...facts, plan };
}

function withReason(facts: StatementFacts, reason: BypassReason): StatementFacts {
  return { ...facts, plan: { cacheable: false, reason } };
}

/** A statement that may do anything and names a character set whose text cannot be read: believe nothing that follows. */
function withCharset(facts: StatementFacts, lexed: Lexed): StatementFacts {
  const virtual = facts.virtualSets !== null;
  const suspect = facts.pin !== null && /\b(?:gbk|gb18030|sjis|cp932|big5)/i.test(lexed.source);
  return suspect && !virtual && facts.unreadableAfter !== true ? { ...facts, unreadableAfter: true } : facts;
}

function refuseUnread(sql: string, context: AnalysisContext, modes: TextModes): StatementFacts | null {
  if (sql.length > LEXED_CHARS_MAX) return withReason(unknownFacts("other"), "statement-too-long");
  if (context.charsetUnsafe === true) return withReason(unknownFacts("other"), "charset-introducer");
  if (!modes.readable) return withReason(unknownFacts("other"), "sql-mode");
  return null;
}

function refuseBroken(lexed: Lexed): StatementFacts | null {
  if (!lexed.invalid && !lexed.tooManyTokens) return null;
  const reason = lexed.invalid ? "invalid-text" : "too-many-tokens";
  return withReason(unknownFacts(unsureKind(readStatementHead(lexed.tokens).kind)), reason);
}
