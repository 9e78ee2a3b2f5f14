import { type DatabaseError, KIB, type RawColumn, RockpoolError, type StatementEnd } from "@rockpool/base";
import type { AnswerSink, CacheStatus, PendingCall, Session, StoredEntry } from "@rockpool/engine";
import type { Accepted } from "./accept-encoding.ts";
import type { AnswerForm, AnswerSurroundings } from "./answer-form.ts";
import type { BodySender } from "./body-sender.ts";
import type { PieceStream } from "./coded-stream.ts";
import type { HttpCall } from "./intake.ts";
import { ResultEncoder } from "./result-encoder.ts";
import type { SessionCodec, SpokenSession } from "./session-codec.ts";

/** An answer that has grown beyond this is sent in chunks as it comes; smaller ones leave in one write. */
const STREAM_BYTES = 64 * KIB;

/** What one statement's answer needs of its surroundings. */
export interface StatementAnswerOptions {
  readonly call: HttpCall;
  readonly form: AnswerForm;
  readonly accepted: Accepted;
  readonly spoken: SpokenSession;
  readonly codec: SessionCodec;
  readonly sender: BodySender;
  /** Since the request came. */
  elapsedMs(): number;
  /** Called once, when the last byte has been handed over. */
  onDone(error: RockpoolError | DatabaseError | null): void;
}

/** Writes one statement's answer in its protocol's form, whole or as it comes. */
export class StatementAnswer implements AnswerSink {
  readonly #options: StatementAnswerOptions;
  readonly #encoder: ResultEncoder;
  #status: CacheStatus = { kind: "bypass", reason: "rejected" };
  #call: PendingCall | null = null;
  #pieces: string[] = [];
  #pendingLength = 0;
  /** Where the answer goes once it has begun before its end is known. */
  #stream: PieceStream | null = null;
  /** A row that this form cannot hold: the statement goes on to its end, so that its session stays known. */
  #failure: RockpoolError | null = null;
  #over = false;

  constructor(options: StatementAnswerOptions) {
    this.#options = options;
    this.#encoder = new ResultEncoder(options.form.result, (text) => {
      this.#pieces.push(text);
      this.#pendingLength += text.length;
    });
    options.call.exchange.onClosed = () => this.#closed();
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
    if (this.#failure !== null) return true;
    try {
      this.#encoder.rows(piece);
    } catch (error) {
      if (!(error instanceof RockpoolError)) throw error;
      this.#failure = error;
      return true;
    }
    return this.#pendingLength < STREAM_BYTES || this.#flush();
  }

  end(end: StatementEnd, _more: boolean): void {
    this.#encoder.end(end);
  }

  whole(session: Session, entry: StoredEntry): void {
    const around = this.#around(session);
    if (!this.#over) {
      const { call, form, accepted, sender } = this.#options;
      sender.sendEntry({ call, form, accepted, status: this.#status }, entry, around);
    }
    this.#done(null);
  }

  finish(session: Session, entry: StoredEntry | null): void {
    const { form } = this.#options;
    const isUnkept = session.inTransaction && !form.keepsSession;
    const failure = this.#failure ?? (isUnkept ? new RockpoolError("needs-session") : null);
    if (failure !== null) return this.failure(failure, session);
    this.#encoder.finish();
    const around = this.#around(session);
    const result = this.#pieces.join("");
    if (this.#stream !== null) this.#stream.end(result + form.tail(around));
    else if (!this.#over) this.#sendResult(result, entry, around);
    this.#done(null);
  }

  databaseError(error: DatabaseError, session: Session): void {
    this.#fail(error, session);
  }

  failure(error: RockpoolError, session: Session): void {
    this.#fail(error, session);
  }

  #fail(error: RockpoolError | DatabaseError, session: Session): void {
    if (!this.#over) this.#tell(error, this.#around(session));
    this.#done(error);
  }

  #tell(error: RockpoolError | DatabaseError, around: AnswerSurroundings): void {
    const { call, form, accepted, sender } = this.#options;
    this.#encoder.abandon();
    const hasResult = this.#stream !== null || this.#pieces.length > 0;
    const tail = hasResult && !this.#encoder.isBroken ? form.lateFailure(error, around) : null;
    const target = { call, form, accepted, status: this.#status };
    if (this.#stream !== null) {
      // What was sent cannot be made JSON that says so: a cut answer is an error too, and better than a wrong one.
      if (tail === null) this.#stream.abort();
      else this.#stream.end(this.#pieces.join("") + tail);
    } else if (tail === null) {
      const { httpStatus, body } = form.failure(error, around);
      this.#stream = sender.send(target, httpStatus, body, around.spoken);
    } else {
      const body = form.head + this.#pieces.join("") + tail;
      this.#stream = sender.send(target, 200, body, around.spoken);
    }
  }

  #sendResult(result: string, entry: StoredEntry | null, around: AnswerSurroundings): void {
    const { call, form, accepted, sender } = this.#options;
    const target = { call, form, accepted, status: this.#status };
    if (entry !== null) {
      sender.keep(entry, form, result);
      return sender.sendEntry(target, entry, around);
    }
    this.#stream = sender.send(target, 200, form.head + result + form.tail(around), around.spoken);
  }

  /** Sends what there is; false when the client does not keep up (the engine then pauses until `drain`). */
  #flush(): boolean {
    if (this.#over) return true;
    const { call, form, accepted, sender, spoken } = this.#options;
    let text = this.#pieces.join("");
    this.#pieces = [];
    this.#pendingLength = 0;
    if (this.#stream === null) {
      // The session's header, where there is one, leaves before the statement has ended: as it was.
      this.#stream = sender.begin({ call, form, accepted, status: this.#status }, spoken);
      this.#stream.onDrain = () => this.#call?.resume();
      text = form.head + text;
    }
    return this.#stream.write(text);
  }

  #around(session: Session): AnswerSurroundings {
    const { codec, spoken } = this.#options;
    return { spoken: codec.next(spoken, session), elapsedMs: this.#options.elapsedMs() };
  }

  #closed(): void {
    this.#stream?.release?.();
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
