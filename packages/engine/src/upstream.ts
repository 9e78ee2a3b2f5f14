import type { StatementMessage, SessionVariable } from "@rockpool/protocol/backhaul";
import type { StatementContext } from "./observation.ts";

/** A statement for the origin, before the backhaul adds its ids and deadline. */
export interface UpstreamStatement {
  readonly login: string;
  readonly schema: string | null;
  readonly pin: string | null;
  readonly autocommit: boolean;
  readonly lastInsertId: bigint;
  readonly variables: readonly SessionVariable[];
  readonly sql: Uint8Array;
  /** The session gives up its database connection with this statement. */
  readonly endsSession: boolean;
  /** How long it may take from now, in milliseconds; null = as long as the upstream allows. */
  readonly timeoutMs: number | null;
  readonly context: StatementContext;
}

/** What the engine hears of a statement it sent; after `finish`, `failure` or `onLost` nothing follows. */
export interface UpstreamHandlers {
  onMessage(message: StatementMessage): void;
  /** The exchange broke; `harmless` = it certainly did not reach the database. */
  onLost(harmless: boolean, cause: Error): void;
}

/** A statement under way. */
export interface UpstreamCall {
  pause(): void;
  resume(): void;
  /** The client went away: the origin kills it; no handler is called any more. */
  cancel(): void;
}

/** The way to the origin. The backhaul implements it. */
export interface Upstream {
  execute(statement: UpstreamStatement, handlers: UpstreamHandlers): UpstreamCall;
}
