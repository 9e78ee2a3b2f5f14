import type { DatabaseError } from "@rockpool/base";
import type { StatementFacts, StatementKind } from "@rockpool/sql";
import { hasRunNothing } from "./has-run-nothing.ts";
import type { StatementOutcome } from "./statement-run.ts";

/** Errors of MariaDB and MySQL, by their names there. */
const ER_BAD_DB_ERROR = 1049;
const ER_BAD_FIELD_ERROR = 1054;
const ER_COLUMNACCESS_DENIED_ERROR = 1143;
const ER_DBACCESS_DENIED_ERROR = 1044;
const ER_INCORRECT_GLOBAL_LOCAL_VAR = 1238;
const ER_NO_DB_ERROR = 1046;
const ER_NO_SUCH_TABLE = 1146;
const ER_PROCACCESS_DENIED_ERROR = 1370;
const ER_SP_DOES_NOT_EXIST = 1305;
const ER_SPECIFIC_ACCESS_DENIED_ERROR = 1227;
const ER_TABLEACCESS_DENIED_ERROR = 1142;
const ER_UNKNOWN_SYSTEM_VARIABLE = 1193;
const ER_BAD_TABLE_ERROR = 1051;
const ER_XAER_NOTA = 1397;

/** Rights are checked for all that a statement names before any of it is done. */
const DENIED: readonly number[] = [
  ER_DBACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
];
/** So are tables opened and columns looked up, for statements on rows. */
const NAMES: readonly number[] = [ER_NO_DB_ERROR, ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR];

const PROOFS: Readonly<Partial<Record<StatementKind, readonly number[]>>> = {
  select: [...DENIED, ...NAMES],
  dml: [...DENIED, ...NAMES],
  show: [...DENIED, ...NAMES],
  load: [...DENIED, ER_NO_DB_ERROR, ER_NO_SUCH_TABLE],
  set: [...DENIED, ER_UNKNOWN_SYSTEM_VARIABLE, ER_INCORRECT_GLOBAL_LOCAL_VAR],
  ddl: DENIED,
  rights: DENIED,
  xa: [ER_XAER_NOTA],
};

/** DDL on one table, which is looked up first; RENAME and DROP may have done a part. */
const ON_ONE_TABLE = /^\s*(?:alter|truncate|create\s+(?!or\b))/i;
const DROPS_ONE =
  /^\s*drop\s+(?:table|view|sequence)\s+(?:`[^`]+`|[\w$]+)(?:\s*\.\s*(?:`[^`]+`|[\w$]+))?\s*;?\s*$/i;
/** Statements of administrators, of which only the refusal is known. */
const ADMINISTERS = /^\s*(?:install|uninstall|purge|reset|change|shutdown|binlog|backup)\b/i;
const CALLS = /^\s*call\s+(?:`([^`]+)`|([\w$]+))(?:\s*\.\s*(?:`([^`]+)`|([\w$]+)))?\s*(?:\(\s*\))?\s*;?\s*$/i;

/**
 * Whether a statement that failed certainly altered no data, definitions or rights; its session may have changed (DDL
 * commits first). Only errors count that the server raises before it begins, and only where no stored code can have run
 * before them, which may raise any error at any time. `user` is whom the statement ran as. Without this whoever may log in could make every cached answer
 * void, over and over, with statements that do nothing. Whatever is not listed counts as done.
 */
export function hasAlteredNothing(
  outcome: StatementOutcome,
  facts: StatementFacts,
  sql: Uint8Array,
  user: string,
): boolean {
  if (hasRunNothing(outcome, sql)) return true;
  if (outcome.kind !== "error") return false;
  const { error } = outcome;
  if (facts.kind === "call") return isUnknownProcedure(error, facts, sql, user);
  if (facts.kind === "other") return DENIED.includes(error.errno) && ADMINISTERS.test(textOf(sql));
  const calls = facts.storedCalls;
  if (calls === undefined) return false;
  if (isAboutRoutine(error)) return isUnknownFunction(error, facts.kind, calls, user);
  if (calls.length > 0) return false;
  if (PROOFS[facts.kind]?.includes(error.errno) === true) return true;
  if (facts.kind !== "ddl") return false;
  if (error.errno === ER_NO_SUCH_TABLE) return ON_ONE_TABLE.test(textOf(sql));
  return error.errno === ER_BAD_TABLE_ERROR && DROPS_ONE.test(textOf(sql));
}

/** The one function that is not built in is not there, or not for this user: nothing else can have run before that. */
function isUnknownFunction(
  error: DatabaseError,
  kind: StatementKind,
  calls: readonly string[],
  user: string,
): boolean {
  const [name] = calls;
  if (calls.length !== 1 || name === undefined || !["select", "dml", "show", "set"].includes(kind))
    return false;
  return names(error, "function", name, user);
}

/** Nor is it in the catalogue, or it is not for this user; arguments might call something. */
function isUnknownProcedure(
  error: DatabaseError,
  facts: StatementFacts,
  sql: Uint8Array,
  user: string,
): boolean {
  if (!isAboutRoutine(error)) return false;
  if (error.errno === ER_SP_DOES_NOT_EXIST && !facts.effect.everything) return false;
  const match = CALLS.exec(textOf(sql));
  const name = match?.[3] ?? match?.[4] ?? match?.[1] ?? match?.[2];
  return name !== undefined && names(error, "procedure", name.toLowerCase(), user);
}

function isAboutRoutine({ errno }: DatabaseError): boolean {
  return errno === ER_SP_DOES_NOT_EXIST || errno === ER_PROCACCESS_DENIED_ERROR;
}

/**
 * `PROCEDURE app.name does not exist`, or the refusal to this user, as both servers say it. A routine that runs as its
 * definer may be refused what its caller may do, and has then run already.
 */
function names({ errno, message }: DatabaseError, what: string, name: string, user: string): boolean {
  const text = message.toLowerCase();
  if (errno === ER_SP_DOES_NOT_EXIST)
    return text.startsWith(`${what} `) && text.endsWith(`.${name} does not exist`);
  const who = `execute command denied to user '${user.toLowerCase()}'@`;
  return text.startsWith(who) && text.endsWith(`.${name}'`);
}

function textOf(sql: Uint8Array): string {
  return Buffer.from(sql).toString("latin1");
}
