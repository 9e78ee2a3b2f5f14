import type { Clock, DatabaseError, StatementEnd, Timers } from "@rockpool/base";
import { RockpoolError, STATUS_AUTOCOMMIT, STATUS_IN_TRANSACTION } from "@rockpool/base";
import type { StatementResponder } from "@rockpool/backhaul";
import type { DatabaseConnection } from "./database/database-connection.ts";
import type { StatementKiller } from "./database/kill.ts";
import { ResultPump } from "./result-pump.ts";

/** How a statement ended at the database. */
export type StatementOutcome =
  | {
      readonly kind: "done";
      readonly end: StatementEnd;
      readonly mayFill: boolean;
      readonly hasColumns: boolean;
    }
  | { readonly kind: "error"; readonly error: DatabaseError }
  /** The connection broke: whether and how it ran is unknown. */
  | { readonly kind: "lost" };

/** What bounds and observes the run. */
export interface RunOptions {
  readonly responder: StatementResponder;
  readonly deadline: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly killer: StatementKiller;
}

/** Runs one statement and relays its results; its deadline, and an edge that gave up, become KILL QUERY. */
export async function runStatement(
  connection: DatabaseConnection,
  sql: Uint8Array,
  options: RunOptions,
): Promise<StatementOutcome> {
  const { responder, deadline, clock, timers, killer } = options;
  let stopped: "deadline-exceeded" | "cancelled" | null = null;
  const stop = (reason: "deadline-exceeded" | "cancelled"): void => {
    if (stopped !== null) return;
    stopped = reason;
    connection.resume(); // what is left of the answer must flow, so that the connection gets to its end
    killer.kill(connection);
  };
  const timer = timers.after(Math.max(0, deadline - clock.now()), () => stop("deadline-exceeded"));
  responder.onAborted = () => stop("cancelled");
  const pump = new ResultPump(responder, connection);
  try {
    const outcome = await connection.execute(sql, pump);
    if (outcome.kind === "error") {
      // The server's own words for a KILL say nothing of why; the deadline's do.
      const killed = stopped !== null && (outcome.error.errno === 1317 || outcome.error.errno === 1028);
      return { kind: "error", error: killed && stopped !== null ? killedError(stopped) : outcome.error };
    }
    const end = pump.lastEnd;
    if (end === null) return { kind: "lost" };
    const fit = (end.status & (STATUS_AUTOCOMMIT | STATUS_IN_TRANSACTION)) === STATUS_AUTOCOMMIT;
    return {
      kind: "done",
      end,
      mayFill: fit && pump.resultCount === 1 && stopped === null,
      hasColumns: pump.hasColumns,
    };
  } catch (error) {
    if (error instanceof RockpoolError && error.code === "unsupported-statement") throw error;
    return { kind: "lost" };
  } finally {
    timer.cancel();
    responder.onAborted = () => {};
    responder.onDrain = () => {};
    connection.resume();
  }
}

function killedError(reason: "deadline-exceeded" | "cancelled"): DatabaseError {
  const { errno, sqlState, text } = new RockpoolError(reason).row;
  return { errno, sqlState, message: text };
}
