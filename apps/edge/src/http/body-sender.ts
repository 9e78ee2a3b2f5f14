import type { CacheStatus, StoredEntry } from "@rockpool/engine";
import type { Accepted, Coding } from "./accept-encoding.ts";
import type { AnswerForm, AnswerSurroundings } from "./answer-form.ts";
import { encodeHead, spliceTail } from "./coded-head.ts";
import type { CodedStreams, PieceStream } from "./coded-stream.ts";
import type { HeaderList } from "./http-exchange.ts";
import { type HttpCall, headersOf } from "./intake.ts";
import { COMPRESS_AT_ONCE_MAX_BYTES, type Renderings } from "./renderings.ts";
import type { SpokenSession } from "./session-codec.ts";

/** Whom an answer goes to, and how. */
export interface AnswerTarget {
  readonly call: HttpCall;
  readonly form: AnswerForm;
  readonly accepted: Accepted;
  readonly status: CacheStatus;
}

/** What fits into one packet is sent as it is: compressing it saves nobody time. */
const COMPRESS_MIN_BYTES = 1_400;

/** Sends bodies with the headers that belong to them, compressed where the client asked for it and it pays. */
export class BodySender {
  readonly #renderings: Renderings;
  readonly #streams: CodedStreams;

  constructor(renderings: Renderings, streams: CodedStreams) {
    this.#renderings = renderings;
    this.#streams = streams;
  }

  /** A miss's text becomes part of the entry that it made. */
  keep(entry: StoredEntry, form: AnswerForm, text: string): void {
    this.#renderings.keep(entry, form.result, text);
  }

  /** An answer out of the cache: everything but its tail has been made before. */
  sendEntry(target: AnswerTarget, entry: StoredEntry, around: AnswerSurroundings): void {
    const { form, accepted } = target;
    const head = form.head + this.#renderings.textOf(entry, form.result);
    const tail = form.tail(around);
    const coding = codingFor(accepted, head.length + tail.length);
    const coded = coding === null ? null : this.#renderings.headOf(entry, form.result, coding, head);
    if (coding === null || coded === null) return this.#sendPlain(target, 200, head + tail, around.spoken);
    this.#sendCoded(target, 200, coding, spliceTail(coding, coded, tail), around.spoken);
  }

  /** Any other answer that is there as a whole. Returns the stream that still works on it, if one does. */
  send(target: AnswerTarget, httpStatus: number, body: string, spoken: SpokenSession): PieceStream | null {
    const coding = codingFor(target.accepted, body.length);
    if (coding === null) {
      this.#sendPlain(target, httpStatus, body, spoken);
    } else if (body.length <= COMPRESS_AT_ONCE_MAX_BYTES) {
      this.#sendCoded(target, httpStatus, coding, spliceTail(coding, encodeHead(coding, body), ""), spoken);
    } else {
      const stream = this.begin(target, spoken, httpStatus);
      stream.end(body);
      return stream;
    }
    return null;
  }

  /** Begins an answer whose end is not known yet, or that takes longer to compress. */
  begin(target: AnswerTarget, spoken: SpokenSession, httpStatus = 200): PieceStream {
    const { exchange } = target.call;
    const { coding } = target.accepted;
    const stream = coding === null ? null : this.#streams.open(exchange, coding);
    const headers = this.#headers(target, spoken);
    headers.push("vary", "accept-encoding");
    if (coding !== null && stream !== null) headers.push("content-encoding", coding);
    exchange.begin(httpStatus, headers);
    return stream ?? exchange;
  }

  #sendPlain(target: AnswerTarget, httpStatus: number, body: string, spoken: SpokenSession): void {
    const headers = this.#headers(target, spoken);
    if (body.length > COMPRESS_MIN_BYTES) headers.push("vary", "accept-encoding");
    target.call.exchange.send(httpStatus, headers, body);
  }

  #sendCoded(
    target: AnswerTarget,
    httpStatus: number,
    coding: Coding,
    body: Uint8Array,
    spoken: SpokenSession,
  ): void {
    const headers = this.#headers(target, spoken);
    headers.push("vary", "accept-encoding", "content-encoding", coding);
    target.call.exchange.send(httpStatus, headers, body);
  }

  #headers({ call, form, status }: AnswerTarget, spoken: SpokenSession): HeaderList {
    const headers = headersOf(call.requestId, status);
    if (form.keepsSession) headers.push(...form.headers(spoken));
    return headers;
  }
}

function codingFor({ coding, identity }: Accepted, bodyBytes: number): Coding | null {
  return bodyBytes > COMPRESS_MIN_BYTES || !identity ? coding : null;
}
