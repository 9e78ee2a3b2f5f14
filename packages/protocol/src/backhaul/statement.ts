/**
 * One statement's exchange, on an HTTP/2 stream of its own: the edge sends one `statement`; the origin answers
 * `dispatched`, then for each result set `columns`, `rows`*, `end` (or just `end`), or `database-error`, and last of
 * all `finish`; or, at any point, `failure`. Only `finish` and `failure` complete an exchange (S4).
 */
import type { ChangeSet, DatabaseError, ErrorCode, RawColumn, StatementEnd } from "@rockpool/base";
import { ERROR_TABLE } from "@rockpool/base";
import { ProtocolError } from "../protocol-error.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { PayloadReader, PayloadWriter } from "./wire.ts";

/** A variable assignment to be replayed; see `VirtualSet` in @rockpool/sql. */
export interface SessionVariable {
  readonly name: string;
  readonly value: string;
}

/** A W3C trace context (https://www.w3.org/TR/trace-context/): the span that a hop belongs to. */
export interface TraceContext {
  /** Valid, version 00. */
  readonly traceparent: string;
  /** `""` = none. */
  readonly tracestate: string;
}

/** A statement on its way to the database, with the session it belongs to. */
export interface StatementRequest {
  /** The client's request at the edge: for logs only. Not unique: clients may bring their own, and reads are retried. */
  readonly requestId: string;
  /** null = nobody traces it. */
  readonly trace: TraceContext | null;
  /** The origin process whose clock `deadlineMs` speaks of; another one refuses the statement unrun. */
  readonly instance: string;
  /** In that origin's monotonic milliseconds (R18): it must not start after this, and is killed when still running then. */
  readonly deadlineMs: number;
  readonly login: string;
  /** Current database; null = none. */
  readonly schema: string | null;
  /** The pinned connection it must run on; null = none. */
  readonly pin: string | null;
  readonly autocommit: boolean;
  /** What LAST_INSERT_ID() means to this session. */
  readonly lastInsertId: bigint;
  readonly variables: readonly SessionVariable[];
  /** The session is over after it: its pinned connection is rolled back and given back, whatever it still holds. */
  readonly endsSession: boolean;
  /** The exact bytes that the client sent. */
  readonly sql: Uint8Array;
}

/** Said when the statement is about to be written to the database. */
export interface Dispatched {
  readonly epoch: string;
  /** The published position at dispatch: the stamp of this read. */
  readonly seq: number;
  /** Base profile of the connection (R16). */
  readonly profile: string;
  /** The answer comes from a shared connection in a fit state (R4, R5); false = it must not be stored. */
  readonly mayFill: boolean;
}

/** What the session is after the statement, and the change that the answer carries (R8). */
export interface Finish {
  readonly pin: string | null;
  readonly inTransaction: boolean;
  readonly lastInsertId: bigint;
  /** Position of the published change; meaningful only when `change` is not null. */
  readonly epoch: string;
  readonly seq: number;
  /** What this statement (or the transaction it ended) altered; null = nothing. */
  readonly change: ChangeSet | null;
  /** Whether results did fit all conditions of R4 at their end (final status flags); only then may they be stored. */
  readonly mayFill: boolean;
}

/** An error of our own making, and what became of the session. */
export interface Failure {
  readonly code: ErrorCode;
  /** The session's pinned state is gone: errors until ROLLBACK (S3). */
  readonly lost: boolean;
  /** It certainly had no effect: nothing was sent to the database, or a pure read failed. */
  readonly harmless: boolean;
}

/** What an origin answers to a statement. */
export type StatementMessage =
  | { readonly kind: "dispatched"; readonly dispatched: Dispatched }
  | { readonly kind: "columns"; readonly columns: readonly RawColumn[] }
  /** A piece of the result's row stream (u32 big-endian length + payload per row); rows may span pieces. A view. */
  | { readonly kind: "rows"; readonly piece: Uint8Array }
  | { readonly kind: "end"; readonly end: StatementEnd; readonly more: boolean }
  | { readonly kind: "database-error"; readonly error: DatabaseError }
  | { readonly kind: "finish"; readonly finish: Finish }
  | { readonly kind: "failure"; readonly failure: Failure };

const STATEMENT = 0x01;
const DISPATCHED = 0x10;
const COLUMNS = 0x11;
const ROWS = 0x12;
const END = 0x13;
const DATABASE_ERROR = 0x14;
const FINISH = 0x15;
const FAILURE = 0x16;

/** The `statement` frame. */
export function encodeStatement(request: StatementRequest): Uint8Array {
  const writer = new PayloadWriter()
    .text(request.requestId)
    .text(request.trace?.traceparent ?? "")
    .text(request.trace?.tracestate ?? "")
    .text(request.instance)
    .f64(request.deadlineMs)
    .text(request.login)
    .json(request.schema)
    .json(request.pin)
    .u8(request.autocommit ? 1 : 0)
    .u64(request.lastInsertId)
    .u32(request.variables.length);
  for (const variable of request.variables) writer.text(variable.name).text(variable.value);
  writer.u8(request.endsSession ? 1 : 0);
  return encodeFrame(STATEMENT, writer.bytes(request.sql).finish());
}

/** Decodes the one frame of a statement stream's request side. */
export function decodeStatement(frame: Frame): StatementRequest {
  if (frame.type !== STATEMENT)
    throw new ProtocolError(`expected a statement, got message type ${frame.type}`);
  const reader = new PayloadReader(frame.payload);
  const requestId = reader.text();
  const traceparent = reader.text();
  const tracestate = reader.text();
  const trace = traceparent === "" ? null : { traceparent, tracestate };
  const instance = reader.text();
  const deadlineMs = reader.f64();
  const login = reader.text();
  const schema = nullableText(reader.json());
  const pin = nullableText(reader.json());
  const autocommit = reader.u8() === 1;
  const lastInsertId = reader.u64();
  const count = reader.u32();
  if (count > VARIABLES_MAX)
    throw new ProtocolError(`${count} session variables, allowed are ${VARIABLES_MAX}`);
  const variables: SessionVariable[] = [];
  for (let index = 0; index < count; index++) variables.push({ name: reader.text(), value: reader.text() });
  const endsSession = reader.u8() === 1;
  const sql = reader.bytes();
  reader.end();
  const session = { login, schema, pin, autocommit, lastInsertId, variables };
  return { requestId, trace, instance, deadlineMs, ...session, endsSession, sql };
}

const VARIABLES_MAX = 256;

/** Any answer message but `rows`, which `encodeRowsFrame` makes. */
export function encodeStatementMessage(message: Exclude<StatementMessage, { kind: "rows" }>): Uint8Array {
  const writer = new PayloadWriter();
  switch (message.kind) {
    case "dispatched": {
      const { epoch, seq, profile, mayFill } = message.dispatched;
      writer
        .text(epoch)
        .f64(seq)
        .text(profile)
        .u8(mayFill ? 1 : 0);
      return encodeFrame(DISPATCHED, writer.finish());
    }
    case "columns":
      writer.u32(message.columns.length);
      for (const column of message.columns) writer.u8(column.json ? 1 : 0).bytes(column.definition);
      return encodeFrame(COLUMNS, writer.finish());
    case "end": {
      const { status, warnings, affectedRows, insertId, info } = message.end;
      writer
        .u8(message.more ? 1 : 0)
        .u32(status)
        .u32(warnings)
        .u64(affectedRows)
        .u64(insertId)
        .text(info);
      return encodeFrame(END, writer.finish());
    }
    case "database-error":
      writer.u32(message.error.errno).text(message.error.sqlState).text(message.error.message);
      return encodeFrame(DATABASE_ERROR, writer.finish());
    case "finish": {
      const { pin, inTransaction, lastInsertId, epoch, seq, change, mayFill } = message.finish;
      writer
        .json(pin)
        .u8(inTransaction ? 1 : 0)
        .u64(lastInsertId)
        .text(epoch)
        .f64(seq)
        .json(change);
      return encodeFrame(FINISH, writer.u8(mayFill ? 1 : 0).finish());
    }
    case "failure": {
      const { code, lost, harmless } = message.failure;
      return encodeFrame(
        FAILURE,
        writer
          .text(code)
          .u8(lost ? 1 : 0)
          .u8(harmless ? 1 : 0)
          .finish(),
      );
    }
  }
}

/** A `rows` frame around a piece of the row stream. */
export function encodeRowsFrame(piece: Uint8Array): Uint8Array {
  return encodeFrame(ROWS, piece);
}

/** Decodes one answer message. */
export function decodeStatementMessage(frame: Frame): StatementMessage {
  if (frame.type === ROWS) return { kind: "rows", piece: frame.payload };
  const reader = new PayloadReader(frame.payload);
  const message = decodeOther(frame.type, reader);
  reader.end();
  return message;
}

function decodeOther(type: number, reader: PayloadReader): StatementMessage {
  switch (type) {
    case DISPATCHED: {
      const dispatched = {
        epoch: reader.text(),
        seq: reader.f64(),
        profile: reader.text(),
      };
      return { kind: "dispatched", dispatched: { ...dispatched, mayFill: reader.u8() === 1 } };
    }
    case COLUMNS: {
      const count = reader.u32();
      const columns: RawColumn[] = [];
      for (let index = 0; index < count; index++) {
        const json = reader.u8() === 1;
        columns.push({ definition: reader.bytes(), json });
      }
      return { kind: "columns", columns };
    }
    case END: {
      const more = reader.u8() === 1;
      const status = reader.u32();
      const warnings = reader.u32();
      const end = {
        status,
        warnings,
        affectedRows: reader.u64(),
        insertId: reader.u64(),
        info: reader.text(),
      };
      return { kind: "end", end, more };
    }
    case DATABASE_ERROR:
      return {
        kind: "database-error",
        error: { errno: reader.u32(), sqlState: reader.text(), message: reader.text() },
      };
    case FINISH: {
      const pin = nullableText(reader.json());
      const inTransaction = reader.u8() === 1;
      const lastInsertId = reader.u64();
      const epoch = reader.text();
      const seq = reader.f64();
      const change = changeOrNull(reader.json());
      return {
        kind: "finish",
        finish: { pin, inTransaction, lastInsertId, epoch, seq, change, mayFill: reader.u8() === 1 },
      };
    }
    case FAILURE: {
      const code = errorCode(reader.text());
      return { kind: "failure", failure: { code, lost: reader.u8() === 1, harmless: reader.u8() === 1 } };
    }
    default:
      throw new ProtocolError(`unknown backhaul message type ${type}`);
  }
}

function nullableText(value: unknown): string | null {
  if (value === null || typeof value === "string") return value;
  throw new ProtocolError("expected text or null in a backhaul field");
}

function errorCode(text: string): ErrorCode {
  if (Object.hasOwn(ERROR_TABLE, text)) return text as ErrorCode; // proven by the line itself
  throw new ProtocolError(`unknown error code on the backhaul: ${text.slice(0, 40)}`);
}

/** A change set out of JSON, checked shallowly: the two ends trust each other (shared secret), a version mismatch must not pass. */
function changeOrNull(value: unknown): ChangeSet | null {
  if (value === null) return null;
  if (
    typeof value === "object" &&
    "everything" in value &&
    "schemas" in value &&
    "tables" in value &&
    "keys" in value
  ) {
    return value as ChangeSet; // written by encodeStatementMessage or encodeFeedMessage of the same version
  }
  throw new ProtocolError("malformed change on the backhaul");
}
