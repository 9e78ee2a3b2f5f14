import { STATUS_IN_TRANSACTION } from "@rockpool/base";
import type { ConnectionPool } from "./database/connection-pool.ts";
import type { DatabaseConnection } from "./database/database-connection.ts";
import type { Exchange } from "./exchange.ts";
import { movesInsertId, takeInsertId } from "./insert-id.ts";
import type { StatementOutcome } from "./statement-run.ts";
import type { StatementRunner } from "./statement-runner.ts";

/** Runs a statement in autocommit, on a connection that anybody may have next. */
export async function runShared(
  exchange: Exchange,
  runner: StatementRunner,
  pool: ConnectionPool,
): Promise<void> {
  const { facts } = exchange.statement;
  const clean = facts.needsCleanConnection;
  // Code that a statement runs (triggers, routines) may read it without its text saying so.
  const reads = facts.usesLastInsertId || clean;
  const lastInsertId = reads ? exchange.request.lastInsertId : facts.pure ? null : 0n;
  const connection = await runner.acquire(exchange, { purpose: "shared", clean, lastInsertId });
  // A reset unless the statement is one that is known to leave nothing behind.
  let reset = true;
  try {
    const outcome = await runner.run(connection, exchange, false);
    const isOpen = outcome.kind === "done" && (outcome.end.status & STATUS_IN_TRANSACTION) !== 0;
    const leavesState = facts.resetAfter || facts.virtualSets !== null || facts.kind === "use" || isOpen;
    if (!facts.pure) connection.touched = true;
    const carried = await runner.publish(exchange, connection, outcome, isOpen);
    const insertId = await sharedInsertId(exchange, connection, outcome, reads);
    runner.finish(exchange, outcome, { carried, pin: null, inTransaction: false, lastInsertId: insertId });
    reset = leavesState;
  } finally {
    pool.release(connection, { reset });
  }
}

/** The session's LAST_INSERT_ID() after a statement on a connection where it was 0 before, or (`wasSet`) its own. */
async function sharedInsertId(
  exchange: Exchange,
  connection: DatabaseConnection,
  outcome: StatementOutcome,
  wasSet: boolean,
): Promise<bigint> {
  const { request, statement } = exchange;
  if (!movesInsertId(statement.facts, outcome)) return request.lastInsertId;
  if (outcome.kind !== "done") {
    // After an error it is not defined, but not to be seen by others either.
    connection.forgetLastInsertId();
    return request.lastInsertId;
  }
  const known = outcome.end.insertId === 0n ? request.lastInsertId : outcome.end.insertId;
  const id = await takeInsertId(connection, known);
  return id === 0n && !wasSet ? request.lastInsertId : id;
}
