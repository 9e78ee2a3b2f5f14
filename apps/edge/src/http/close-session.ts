import { RockpoolError } from "@rockpool/base";
import type { Engine, Session, StatementTerms } from "@rockpool/engine";
import { traceOf } from "../observe/traced-exchange.ts";
import type { HttpCall } from "./intake.ts";
import { runQuietly } from "./run-quietly.ts";

/** A session to be closed, and the request that asks for it. */
export interface SessionClosing {
  readonly engine: Engine;
  readonly call: HttpCall;
  readonly session: Session;
  readonly terms: StatementTerms;
}

/**
 * Ends what a session holds at the database. `onEnd` gets the session without it, or the error for which nobody knows
 * whether it still holds something. A session that had lost it already is closed all the same.
 */
export function closeSession(
  { engine, call, session, terms }: SessionClosing,
  onEnd: (error: RockpoolError | null, session: Session) => void,
): void {
  const closed: Session = { ...session, pin: null, lost: false, inTransaction: false };
  if (session.pin === null || session.lost) return onEnd(null, closed);
  const context = { requestId: call.requestId, trace: traceOf(call.exchange) };
  const options = { engine, session, context, terms: { ...terms, endsSession: true } };
  // Not given up with its request: a client that goes away wants it closed all the same.
  runQuietly(options, "ROLLBACK", (error, after) => {
    // The database may refuse a ROLLBACK (XA); the connection is given back all the same.
    if (error instanceof RockpoolError && error.code !== "session-lost") return onEnd(error, session);
    onEnd(null, { ...closed, bookmark: after.bookmark });
  });
}
