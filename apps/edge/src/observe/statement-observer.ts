import type { Clock, DatabaseError, Instant, RawColumn, RockpoolError, StatementEnd } from "@rockpool/base";
import {
  type AnswerSink,
  type CacheStatus,
  type Observation,
  type Observe,
  type ObservedStatement,
  rowsOf,
  type Session,
  type StoredEntry,
} from "@rockpool/engine";
import { RowCounter } from "@rockpool/protocol/backhaul";
import { formatLogTemplate, readOperation } from "@rockpool/sql";
import { type Logger, Span } from "@rockpool/telemetry";

/** What is done with statements. */
export interface StatementObserverOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether statements are logged now; a reload may change it. */
  readonly logsTemplates: () => boolean;
  readonly isTraced: boolean;
}

/** Stands for a text whose literals cannot be told for certain. */
const UNREADABLE = "unreadable";

/**
 * Looks at statements that are no hits, for one log line each (`log.statements: template`) and for what their spans say.
 * Hits are only counted: a line for each would cost more than the hit.
 */
export function createStatementObserver(options: StatementObserverOptions): Observe {
  return (statement, sink) => {
    const span = options.isTraced && statement.context.trace instanceof Span ? statement.context.trace : null;
    const logged = options.logsTemplates();
    return logged || span !== null ? new StatementObservation(statement, sink, options, logged, span) : null;
  };
}

class StatementObservation implements Observation {
  readonly #statement: ObservedStatement;
  readonly #sink: AnswerSink;
  readonly #options: StatementObserverOptions;
  readonly #template: string | null;
  readonly #span: Span | null;
  readonly #startedAt: Instant;
  readonly #rows = new RowCounter();
  #status: CacheStatus | null = null;

  constructor(
    statement: ObservedStatement,
    sink: AnswerSink,
    options: StatementObserverOptions,
    logged: boolean,
    span: Span | null,
  ) {
    this.#statement = statement;
    this.#sink = sink;
    this.#options = options;
    this.#span = span;
    this.#startedAt = options.clock.now();
    this.#template = logged ? templateOf(statement) : null;
    span?.set({
      "db.system.name": "mysql",
      "db.operation.name": readOperation(statement.sql),
      ...(this.#template === null ? {} : { "db.query.text": this.#template }),
    });
  }

  decided(status: CacheStatus): void {
    this.#status = status;
  }

  answered(status: CacheStatus, error: RockpoolError | null): void {
    this.#status = status;
    this.#end(error === null ? "done" : error.code, 0);
  }

  cancelled(): void {
    this.#end("cancelled", this.#rows.count);
  }

  columns(columns: readonly RawColumn[]): void {
    this.#sink.columns(columns);
  }

  rows(piece: Uint8Array): boolean {
    this.#rows.push(piece);
    return this.#sink.rows(piece);
  }

  end(end: StatementEnd, more: boolean): void {
    this.#sink.end(end, more);
  }

  whole(session: Session, entry: StoredEntry): void {
    this.#rows.push(rowsOf(entry.body));
    this.#end("done", this.#rows.count);
    this.#sink.whole(session, entry);
  }

  finish(session: Session, entry: StoredEntry | null): void {
    this.#end("done", this.#rows.count);
    this.#sink.finish(session, entry);
  }

  databaseError(error: DatabaseError, session: Session): void {
    this.#end(`database ${error.errno}`, this.#rows.count);
    this.#sink.databaseError(error, session);
  }

  failure(error: RockpoolError, session: Session): void {
    this.#end(error.code, this.#rows.count);
    this.#sink.failure(error, session);
  }

  #end(outcome: string, rowCount: number): void {
    const { clock, log } = this.#options;
    const { context, session } = this.#statement;
    if (this.#span !== null) {
      this.#span.set({ "db.response.returned_rows": rowCount });
      if (outcome !== "done") this.#span.fail(outcome.replace("database ", ""));
    }
    if (this.#template === null) return;
    const status = this.#status;
    log.info("statement", {
      requestId: context.requestId,
      login: session.login.name,
      status: status?.kind,
      reason: status === null || status.kind === "hit" ? undefined : status.reason,
      outcome,
      durationMs: Math.round((clock.now() - this.#startedAt) * 1000) / 1000,
      rows: rowCount,
      template: this.#template,
    });
  }
}

/** A connection of its own may have been told anything about how to read: its texts must read alike whatever that was. */
function templateOf({ sql, analysis, isModeKnown, session }: ObservedStatement): string {
  const certain = isModeKnown && session.pin === null;
  return formatLogTemplate(sql, { ...analysis, certain }) ?? UNREADABLE;
}
