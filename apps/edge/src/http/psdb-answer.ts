import {
  type DatabaseError,
  KIB,
  type RawColumn,
  type RockpoolError,
  type StatementEnd,
} from "@rockpool/base";
import {
  type AnswerSink,
  type CacheStatus,
  type Engine,
  type PendingCall,
  renderingOf,
  type Session,
  type StoredEntry,
} from "@rockpool/engine";
import { closeAnswer, encodeAnswer, encodeErrorBody, openAnswer } from "@rockpool/protocol/psdb";
import { formatCacheStatus } from "./cache-header.ts";
import { encodeStoredResult, ResultEncoder } from "./result-encoder.ts";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";

/** An answer that has grown beyond this is sent in chunks as it comes; smaller ones leave in one write. */
const STREAM_BYTES = 64 * KIB;

/** What one Execute answer needs of its surroundings. */
export interface PsdbAnswerOptions {
  readonly exchange: HttpExchange;
  readonly requestId: string;
  readonly spoken: SpokenSession;
  readonly codec: SessionCodec;
  readonly engine: Engine;
  /** Seconds since the request came. */
  elapsedSeconds(): number;
  /** Called once, when the last byte has been handed over. */
  onDone(error: RockpoolError | DatabaseError | null): void;
}

/** Writes one psdb Execute answer: result, error, session, timing, in this order, so that a late failure still tells. */
export class PsdbAnswer implements AnswerSink {
  readonly #options: PsdbAnswerOptions;
  readonly #encoder: ResultEncoder;
  #status: CacheStatus = { kind: "bypass", reason: "rejected" };
  #call: PendingCall | null = null;
  #pieces: string[] = [];
  #pendingLength = 0;
  #streaming = false;
  #over = false;

  constructor(options: PsdbAnswerOptions) {
    this.#options = options;
    this.#encoder = new ResultEncoder((text) => {
      this.#pieces.push(text);
      this.#pendingLength += text.length;
    });
    options.exchange.onClosed = () => this.#closed();
  }

  /** What the engine decided; to be told before anything can come through the sink. */
  decided(status: CacheStatus, call: PendingCall): void {
    this.#status = status;
    this.#call = call;
    if (this.#over) call.cancel();
  }

  columns(columns: readonly RawColumn[]): void {
    this.#encoder.columns(columns);
  }

  rows(piece: Uint8Array): boolean {
    this.#encoder.rows(piece);
    return this.#pendingLength < STREAM_BYTES || this.#flush();
  }

  end(end: StatementEnd, _more: boolean): void {
    this.#encoder.end(end);
  }

  whole(session: Session, entry: StoredEntry): void {
    const { codec, spoken } = this.#options;
    const result = resultTextOf(entry, this.#options.engine);
    this.#send(result, null, codec.next(spoken, session).text);
    this.#done(null);
  }

  finish(session: Session, entry: StoredEntry | null): void {
    this.#encoder.finish();
    const result = this.#pieces.join("");
    if (entry !== null && !this.#streaming) {
      this.#options.engine.keepRendering(entry, "psdb", result);
    }
    this.#close(result, null, session);
    this.#done(null);
  }

  databaseError(error: DatabaseError, session: Session): void {
    this.#fail(encodeErrorBody(error), session);
    this.#done(error);
  }

  failure(error: RockpoolError, session: Session): void {
    this.#fail(encodeErrorBody(error), session);
    this.#done(error);
  }

  #fail(errorText: string, session: Session): void {
    this.#encoder.abandon();
    if (!this.#encoder.isBroken) return this.#close(this.#pieces.join(""), errorText, session);
    // What was sent cannot be made JSON any more: a cut answer is an error too, and better than a wrong one.
    if (this.#streaming) this.#options.exchange.abort();
    else this.#close("", errorText, session);
  }

  #close(result: string, errorText: string | null, session: Session): void {
    const { codec, spoken } = this.#options;
    this.#send(result, errorText, codec.next(spoken, session).text);
  }

  #send(result: string, errorText: string | null, sessionText: string): void {
    if (this.#over) return;
    const { exchange } = this.#options;
    const tail = { errorText, sessionText, timingSeconds: this.#options.elapsedSeconds() };
    if (this.#streaming) {
      exchange.end(result + closeAnswer(tail));
      return;
    }
    const body = encodeAnswer(result === "" ? null : result, tail);
    exchange.send(200, this.#headers(), body);
  }

  /** Sends what there is; false when the client does not keep up (the engine then pauses until `drain`). */
  #flush(): boolean {
    if (this.#over) return true;
    const { exchange } = this.#options;
    let text = this.#pieces.join("");
    this.#pieces = [];
    this.#pendingLength = 0;
    if (!this.#streaming) {
      this.#streaming = true;
      exchange.begin(200, this.#headers());
      exchange.onDrain = () => this.#call?.resume();
      text = openAnswer() + text;
    }
    return exchange.write(text);
  }

  #headers(): HeaderList {
    const headers = ["content-type", "application/json", "rockpool-cache", formatCacheStatus(this.#status)];
    headers.push("rockpool-request-id", this.#options.requestId);
    return headers;
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call?.cancel();
    this.#options.onDone(null);
  }

  #done(error: RockpoolError | DatabaseError | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.onDone(error);
  }
}

/** An entry's `result` JSON, made once. */
export function resultTextOf(entry: StoredEntry, engine: Engine): string {
  const known = renderingOf(entry.body, "psdb");
  if (typeof known === "string") return known;
  const text = encodeStoredResult(entry.body);
  if (!engine.keepRendering(entry, "psdb", text)) engine.drop(entry);
  return text;
}
