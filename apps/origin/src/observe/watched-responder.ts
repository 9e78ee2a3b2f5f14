import type { StatementResponder } from "@rockpool/backhaul";
import { decodeStatementMessage, FrameDecoder, RowCounter } from "@rockpool/protocol/backhaul";

/** What an answer's messages tell of a statement. */
export interface StatementEvents {
  /** It goes to the database now. */
  dispatched(): void;
  /** The database refused or failed it. */
  databaseError(errno: number): void;
  /** Rockpool failed it. */
  failed(code: string): void;
}

/** Frames larger than this are rows or definitions: only counted. */
const DECODED_MAX_BYTES = 64 * 1024;
const HEADER_BYTES = 5;
const TYPE_AT = 4;
const ROWS = 0x12;

/** A responder that passes everything on, and reads what passes. */
export class WatchedResponder implements StatementResponder {
  readonly #inner: StatementResponder;
  readonly #events: StatementEvents;
  readonly #rows = new RowCounter();
  #outcome = "unfinished";

  constructor(inner: StatementResponder, events: StatementEvents) {
    this.#inner = inner;
    this.#events = events;
  }

  /** `done`, `database 1062`, or the code of our own error; `unfinished` before the last message. */
  get outcome(): string {
    return this.#outcome;
  }

  get rowCount(): number {
    return this.#rows.count;
  }

  send(frame: Uint8Array): boolean {
    if (frame[TYPE_AT] === ROWS) this.#rows.push(frame.subarray(HEADER_BYTES));
    else if (frame.length <= DECODED_MAX_BYTES) this.#read(frame);
    return this.#inner.send(frame);
  }

  end(): void {
    this.#inner.end();
  }

  get onDrain(): () => void {
    return this.#inner.onDrain;
  }
  set onDrain(listener: () => void) {
    this.#inner.onDrain = listener;
  }
  get onAborted(): () => void {
    return this.#inner.onAborted;
  }
  set onAborted(listener: () => void) {
    this.#inner.onAborted = listener;
  }
  get isAborted(): boolean {
    return this.#inner.isAborted;
  }

  #read(frame: Uint8Array): void {
    new FrameDecoder(DECODED_MAX_BYTES).push(frame, (whole) => {
      const message = decodeStatementMessage(whole);
      if (message.kind === "dispatched") this.#events.dispatched();
      else if (message.kind === "database-error") {
        this.#outcome = `database ${message.error.errno}`;
        this.#events.databaseError(message.error.errno);
      } else if (message.kind === "failure") {
        this.#outcome = message.failure.code;
        this.#events.failed(message.failure.code);
      } else if (message.kind === "finish" && this.#outcome === "unfinished") this.#outcome = "done";
    });
  }
}
