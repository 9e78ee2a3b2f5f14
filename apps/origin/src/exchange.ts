import { type ErrorCode, RockpoolError, toRockpoolError } from "@rockpool/base";
import type { StatementResponder } from "@rockpool/backhaul";
import type { CarriedChange } from "@rockpool/freshness";
import type { StatementRequest } from "@rockpool/protocol/backhaul";
import type { OriginLogin } from "./login-directory.ts";
import type { ServerStatement } from "./server-statement.ts";

/** One statement's life at the origin, from its request to its explicit end. */
export interface Exchange {
  readonly request: StatementRequest;
  readonly login: OriginLogin;
  readonly statement: ServerStatement;
  readonly responder: StatementResponder;
  /** Origin-monotonic ms: it must have ended by then. */
  readonly deadline: number;
}

/** What an answer tells the edge of the session, and of what was altered. */
export interface SessionAfter {
  readonly carried: CarriedChange | null;
  readonly pin: string | null;
  readonly inTransaction: boolean;
  readonly lastInsertId: bigint;
}

/** It certainly did not run. */
export function unstarted(code: ErrorCode, cause?: unknown): RockpoolError {
  return new RockpoolError(code, { cause, context: { unstarted: true } });
}

/** The session's connection is gone, and with it what it held. */
export function sessionLost(): RockpoolError {
  return new RockpoolError("session-lost", { context: { lost: true } });
}

/** The same error, for a session that has lost its connection. */
export function withLost(error: unknown): RockpoolError {
  const known = toRockpoolError(error);
  return new RockpoolError(known.code, { cause: error, context: { ...known.context, lost: true } });
}

/** Whether the statement certainly had no effect. */
export function isHarmless(error: RockpoolError): boolean {
  return (
    error.row.retry === "safe" ||
    error.code === "session-lost" ||
    error.code === "access-denied" ||
    error.context["unstarted"] === true
  );
}
