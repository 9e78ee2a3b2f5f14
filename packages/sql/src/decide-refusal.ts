import { assertNever, isEmptyChange, type LoginRights, type StatementRight } from "@rockpool/base";
import { isSystemSchema } from "./catalogue-index.ts";
import type { StatementFacts, StatementKind } from "./facts.ts";

/** Why a login may not run a statement: a code of the error table. */
export type RightsRefusal = "read-only-login" | "statement-not-allowed" | "database-not-allowed";

/**
 * Whether a login may run a statement: null, or why not. What cannot be told is refused to a login with limits. Edge and
 * origin ask the same question, each by its own catalogue.
 */
export function decideRefusal(rights: LoginRights, facts: StatementFacts): RightsRefusal | null {
  const { readOnly, statements, databases } = rights;
  if (readOnly && (facts.rights.unsure || facts.rights.reads !== "certainly")) return "read-only-login";
  // ROLLBACK undoes what was allowed, and is how sessions end: nobody is kept from it.
  if (statements !== null && facts.kind !== "rollback") {
    const needed = facts.rights.unsure ? null : rightsFor(facts);
    if (needed === null || !needed.every((right) => statements.includes(right)))
      return "statement-not-allowed";
  }
  if (databases !== null) {
    const { schemas } = facts.rights;
    if (schemas === null || !schemas.every((schema) => isAmong(schema, databases)))
      return "database-not-allowed";
  }
  return null;
}

/** Whether `decideRefusal` can ever refuse something. */
export function isLimited({ readOnly, statements, databases }: LoginRights): boolean {
  return readOnly || statements !== null || databases !== null;
}

/**
 * What of the rights decides which answers the login may see, for the cache's key; null = all that its account may see.
 * `readOnly` is not in it: whatever may be kept is a read.
 */
export function visibilityOf({ statements, databases }: LoginRights): string | null {
  const mayRead = statements === null || statements.includes("read");
  if (mayRead && databases === null) return null;
  return JSON.stringify([mayRead, databases === null ? null : databases.toSorted()]);
}

/** The right that a kind of statement belongs to. */
export function rightOf(kind: StatementKind): StatementRight {
  switch (kind) {
    case "select":
    case "show":
    case "handler":
    case "empty":
      return "read";
    case "dml":
    case "load":
      return "write";
    case "begin":
    case "commit":
    case "rollback":
    case "savepoint":
      return "transaction";
    case "set":
    case "use":
      return "session";
    case "ddl":
      return "definition";
    case "call":
      return "call";
    case "lock":
    case "unlock":
      return "lock";
    case "rights":
    case "prepare": // runs a text that is not here
    case "xa": // may end the transactions of others
    case "other":
      return "admin";
    default:
      return assertNever(kind);
  }
}

function rightsFor(facts: StatementFacts): readonly StatementRight[] {
  const right = rightOf(facts.kind);
  if (right === "read" && facts.rights.reads === "with-locks") return ["read", "lock"];
  // It reads, and may write through a function, INTO or ANALYZE.
  if (right === "read" && facts.rights.reads === "no" && facts.kind !== "handler") return ["read", "write"];
  if (facts.kind === "set" && facts.effect.everything) return ["admin"];
  if (facts.kind === "set" && !isEmptyChange(facts.effect)) return ["session", "write"];
  return [right];
}

/** Schema names are compared as a case-sensitive server does; system schemas ignore case everywhere. */
function isAmong(schema: string, allowed: readonly string[]): boolean {
  if (allowed.includes(schema)) return true;
  const folded = schema.toLowerCase();
  return isSystemSchema(schema) && allowed.some((name) => name.toLowerCase() === folded);
}
