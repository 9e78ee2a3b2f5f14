import { Buffer } from "node:buffer";
import type { StatementFacts } from "@rockpool/sql";

/** Words of statements about rights, in texts that may do anything (EXECUTE IMMEDIATE, compound statements). */
const RIGHTS_WORDS = /grant|revoke|user|role|privileges|global/i;

/**
 * Whether connections made before the statement may go on with rights or defaults that later ones do not have: the
 * server reads global rights at login, a schema's at USE, and global variables at login (R15, R16).
 */
export function outdatesConnections(facts: StatementFacts, sql: Uint8Array): boolean {
  if (facts.kind === "rights") return true;
  if (!facts.effect.everything) return false;
  return facts.kind === "set" || RIGHTS_WORDS.test(Buffer.from(sql).toString("latin1"));
}
