import type { DatabaseError, RockpoolError } from "@rockpool/base";
import type {
  AnswerSink,
  Engine,
  PendingCall,
  Session,
  StatementContext,
  StatementTerms,
} from "@rockpool/engine";

/** In which session a statement is run, and how. */
export interface QuietOptions {
  readonly engine: Engine;
  readonly session: Session;
  readonly context: StatementContext;
  readonly terms: StatementTerms;
}

/** How a statement that the edge sends on a client's behalf ended. */
export type QuietEnd = (error: RockpoolError | DatabaseError | null, session: Session) => void;

/** Runs a statement of which only its end is of interest. `onEnd` is called once, unless the returned call is cancelled before. */
export function runQuietly(
  { engine, session, context, terms }: QuietOptions,
  sql: string,
  onEnd: QuietEnd,
): PendingCall | null {
  const sink: AnswerSink = {
    columns: () => {},
    rows: () => true,
    end: () => {},
    whole: (after) => onEnd(null, after),
    finish: (after) => onEnd(null, after),
    databaseError: (error, after) => onEnd(error, after),
    failure: (error, after) => onEnd(error, after),
  };
  const decision = engine.execute(session, sql, Buffer.from(sql, "utf8"), sink, context, terms);
  if (decision.kind === "pending") return decision.call;
  if (decision.kind === "answered") onEnd(decision.error, decision.session);
  else onEnd(null, session);
  return null;
}
