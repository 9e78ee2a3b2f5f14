import { assertNever } from "@rockpool/base";
import type { StatementFacts } from "@rockpool/sql";
import type { DatabaseConnection } from "./database/database-connection.ts";
import type { StatementOutcome } from "./statement-run.ts";

/**
 * Whether LAST_INSERT_ID() may be another one after the statement. The OK packet does not say it: it names an id that
 * the client itself gave too, nothing for LOAD DATA, and a result set (RETURNING) has no place for it.
 */
export function movesInsertId(facts: StatementFacts, outcome: StatementOutcome): boolean {
  if (facts.pure) return false;
  switch (facts.kind) {
    case "dml":
    case "ddl": // CREATE TABLE … SELECT
      if (outcome.kind !== "done") return true;
      return outcome.hasColumns || outcome.end.insertId !== 0n || facts.usesLastInsertId;
    case "call":
    case "load":
    case "prepare": // EXECUTE
    case "other":
      return true;
    case "select":
    case "set":
    case "show": // ANALYZE INSERT
      return facts.usesLastInsertId || facts.kind === "show";
    case "begin":
    case "commit":
    case "empty":
    case "handler":
    case "lock":
    case "rights":
    case "rollback":
    case "savepoint":
    case "unlock":
    case "use":
    case "xa":
      return false;
    default:
      assertNever(facts.kind);
  }
}

/** Reads LAST_INSERT_ID() off the connection for the session; `known` where it is not there any more to be asked. */
export async function takeInsertId(connection: DatabaseConnection, known: bigint): Promise<bigint> {
  if (connection.isBroken) return known;
  try {
    return await connection.takeLastInsertId();
  } catch {
    // The statement itself is done, and its answer known; a broken connection is dropped when it is given back.
    return known;
  }
}
