import type { StatementResponder } from "@rockpool/backhaul";
import type { Clock } from "@rockpool/base";
import type { StatementRequest } from "@rockpool/protocol/backhaul";
import { describeVirtualSets, formatLogTemplate, readOperation } from "@rockpool/sql";
import type { Logger, Span, Tracing } from "@rockpool/telemetry";
import { type StatementEvents, WatchedResponder } from "./watched-responder.ts";

/** Runs one statement; never rejects. */
export type HandleStatement = (request: StatementRequest, responder: StatementResponder) => Promise<void>;

/** What is done with statements. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether statements are logged now; a reload may change it. */
  readonly logsTemplates: () => boolean;
  /** Null = no spans. */
  readonly tracing: Tracing | null;
  /** The `sql_mode` of a login's connections; null = not known yet. */
  readonly sqlModeOf: (login: string) => string | null;
  readonly isMariaDb: () => boolean;
  readonly database: { readonly host: string; readonly port: number };
}

/** Stands for a text whose literals cannot be told for certain. */
const UNREADABLE = "unreadable";

/**
 * Looks at statements from outside, by what is answered: one log line each (`log.statements: template`), and spans for
 * the statement and for its time at the database. Where neither is asked for, a statement passes by untouched.
 */
export function watchStatements(handle: HandleStatement, options: WatchOptions): HandleStatement {
  return async (request, responder) => {
    const isLogged = options.logsTemplates();
    if (!isLogged && options.tracing === null) return handle(request, responder);
    const watch = new StatementWatch(request, options, isLogged);
    const watched = new WatchedResponder(responder, watch);
    await handle(request, watched);
    watch.over(watched);
  };
}

class StatementWatch implements StatementEvents {
  readonly #request: StatementRequest;
  readonly #options: WatchOptions;
  readonly #template: string | null;
  readonly #operation: string;
  readonly #span: Span | null;
  readonly #startedAt: number;
  #dispatchedAt: number | null = null;
  #databaseSpan: Span | null = null;

  constructor(request: StatementRequest, options: WatchOptions, isLogged: boolean) {
    this.#request = request;
    this.#options = options;
    this.#startedAt = options.clock.now();
    const sql = Buffer.from(request.sql.buffer, request.sql.byteOffset, request.sql.byteLength);
    const text = isLogged || options.tracing !== null ? sql.toString("utf8") : "";
    this.#template = isLogged ? this.#templateOf(text) : null;
    this.#operation = options.tracing === null ? "" : readOperation(text);
    this.#span =
      options.tracing?.start("backhaul statement", "server", request.trace, {
        "rockpool.request_id": request.requestId,
        "db.operation.name": this.#operation,
      }) ?? null;
  }

  dispatched(): void {
    const { clock, tracing, database, isMariaDb } = this.#options;
    this.#dispatchedAt = clock.now();
    if (tracing === null) return;
    this.#databaseSpan = tracing.start(this.#operation, "client", this.#span, {
      "db.system.name": isMariaDb() ? "mariadb" : "mysql",
      "db.operation.name": this.#operation,
      ...(this.#request.schema === null ? {} : { "db.namespace": this.#request.schema }),
      ...(this.#template === null ? {} : { "db.query.text": this.#template }),
      "server.address": database.host,
      "server.port": database.port,
    });
  }

  databaseError(errno: number): void {
    this.#databaseSpan?.set({ "db.response.status_code": String(errno) });
    this.#databaseSpan?.fail(String(errno));
    this.#span?.fail(String(errno));
  }

  failed(code: string): void {
    this.#databaseSpan?.fail(code);
    this.#span?.fail(code);
  }

  /** The service is done with it. */
  over({ outcome, rowCount, isAborted }: WatchedResponder): void {
    this.#databaseSpan?.set({ "db.response.returned_rows": rowCount });
    this.#databaseSpan?.end();
    if (isAborted) this.#span?.fail("cancelled");
    this.#span?.end();
    if (this.#template === null) return;
    const { clock, log } = this.#options;
    const { requestId, login, pin } = this.#request;
    const now = clock.now();
    log.info("statement", {
      requestId,
      login,
      outcome: isAborted ? "cancelled" : outcome,
      durationMs: rounded(now - this.#startedAt),
      waitMs: this.#dispatchedAt === null ? undefined : rounded(this.#dispatchedAt - this.#startedAt),
      rows: rowCount,
      pinned: pin !== null,
      template: this.#template,
    });
  }

  /** A connection of its own may have been told anything about how to read: its texts must read alike whatever that was. */
  #templateOf(text: string): string {
    const { login, variables, pin, schema } = this.#request;
    const { modes, charsetUnsafe } = describeVirtualSets(variables);
    const base = this.#options.sqlModeOf(login);
    const context = { defaultSchema: schema, modes: modes === "" ? (base ?? "") : modes, charsetUnsafe };
    const certain = base !== null && pin === null && !text.includes("\uFFFD");
    return formatLogTemplate(text, { ...context, certain }) ?? UNREADABLE;
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
