import type { RockpoolError } from "@rockpool/base";
import type { TraceContext } from "@rockpool/protocol/backhaul";
import type { AnalysisContext, StatementFacts } from "@rockpool/sql";
import type { AnswerSink } from "./answer-sink.ts";
import type { CacheStatus } from "./cache-reason.ts";
import type { Session } from "./session.ts";

/** What travels with a statement for those who look after it. Nothing is decided by it. */
export interface StatementContext {
  /** On every answer and log line about it, at the edge and at the origin. */
  readonly requestId: string;
  /** The span that its next hop belongs to; null = nobody traces it. */
  readonly trace: TraceContext | null;
}

/** A statement that was no hit, as an observer sees it. */
export interface ObservedStatement {
  readonly session: Session;
  readonly context: StatementContext;
  readonly sql: string;
  /** How the text is to be read, as far as the edge knows. */
  readonly analysis: AnalysisContext;
  /** The server's own modes have been heard; before that, `analysis` supposes harmless ones. */
  readonly isModeKnown: boolean;
  readonly facts: StatementFacts;
}

/** Looks at one statement. Its sink calls must be passed on to the sink that it was made for. */
export interface Observation extends AnswerSink {
  /** It is on its way; comes once, before any call of the sink. */
  decided(status: CacheStatus): void;
  /** Instead of `decided`: the edge answered it by itself. Nothing follows. */
  answered(status: CacheStatus, error: RockpoolError | null): void;
  /** The client went away. Nothing follows. */
  cancelled(): void;
}

/** Makes the observation of a statement; null = this one is not looked at. Hits are never asked about. */
export type Observe = (statement: ObservedStatement, sink: AnswerSink) => Observation | null;
