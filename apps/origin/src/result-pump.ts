import { KIB, type RawColumn, type StatementEnd } from "@rockpool/base";
import type { StatementResponder } from "@rockpool/backhaul";
import { encodeRowsFrame, encodeStatementMessage, writeRowLength } from "@rockpool/protocol/backhaul";
import type { ResultSink } from "./database/result-sink.ts";

const CHUNK_MIN_BYTES = 4 * KIB;
const CHUNK_MAX_BYTES = 64 * KIB;

/** What can be held back while the edge does not read. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Moves a result from the database to the edge: rows gathered into pieces, backpressure handed through. */
export class ResultPump implements ResultSink {
  readonly #responder: StatementResponder;
  readonly #source: Pausable;
  #chunk = new Uint8Array(CHUNK_MIN_BYTES);
  #filled = 0;
  #flushScheduled = false;
  /** The last end seen: its status flags say what the connection's state is. */
  lastEnd: StatementEnd | null = null;
  resultCount = 0;
  /** There was a result set. */
  hasColumns = false;

  constructor(responder: StatementResponder, source: Pausable) {
    this.#responder = responder;
    this.#source = source;
    responder.onDrain = () => source.resume();
  }

  columns(columns: readonly RawColumn[]): void {
    this.hasColumns = true;
    this.#send(encodeStatementMessage({ kind: "columns", columns }));
  }

  row(payload: Uint8Array): void {
    if (this.#filled + 4 + payload.length > this.#chunk.length) this.#makeRoom(4 + payload.length);
    if (4 + payload.length > this.#chunk.length) {
      this.#sendLargeRow(payload);
      return;
    }
    writeRowLength(this.#chunk, this.#filled, payload.length);
    this.#chunk.set(payload, this.#filled + 4);
    this.#filled += 4 + payload.length;
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // All rows that came in one read leave in one piece; a slow result is not held back either.
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  end(end: StatementEnd, more: boolean): void {
    this.#flush();
    this.lastEnd = end;
    this.resultCount += 1;
    this.#send(encodeStatementMessage({ kind: "end", end, more }));
  }

  #makeRoom(neededBytes: number): void {
    this.#flush();
    if (neededBytes > this.#chunk.length && this.#chunk.length < CHUNK_MAX_BYTES) {
      this.#chunk = new Uint8Array(Math.min(CHUNK_MAX_BYTES, Math.max(neededBytes, this.#chunk.length * 4)));
    } else if (this.#chunk.length < CHUNK_MAX_BYTES) {
      this.#chunk = new Uint8Array(this.#chunk.length * 4);
    }
  }

  #sendLargeRow(payload: Uint8Array): void {
    const prefix = new Uint8Array(4);
    writeRowLength(prefix, 0, payload.length);
    this.#send(encodeRowsFrame(prefix));
    for (let at = 0; at < payload.length; at += CHUNK_MAX_BYTES) {
      this.#send(encodeRowsFrame(payload.subarray(at, at + CHUNK_MAX_BYTES)));
    }
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const piece = this.#chunk.subarray(0, this.#filled);
    this.#filled = 0;
    this.#send(encodeRowsFrame(piece)); // encodeRowsFrame copies, so the chunk may be used again
  }

  #send(frame: Uint8Array): void {
    if (!this.#responder.send(frame)) this.#source.pause();
  }
}
