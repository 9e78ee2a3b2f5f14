import type { DatabaseError, StatementEnd } from "@rockpool/base";
import { ProtocolError } from "../protocol-error.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketWriter } from "./packet-writer.ts";

/*
 * OK, EOF and ERR with CLIENT_PROTOCOL_41.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
 *
 *   OK   00 (fe as the end of rows under CLIENT_DEPRECATE_EOF)  int<lenenc> affected  int<lenenc> insert id
 *        int<2> status  int<2> warnings  [info]
 *   EOF  fe  int<2> warnings  int<2> status                      (whole payload shorter than 9 bytes)
 *   ERR  ff  int<2> errno  '#' string<5> sqlstate  message to the end
 */

const HEADER_OK = 0x00;
const HEADER_LOCAL_INFILE = 0xfb;
const HEADER_EOF = 0xfe;
const HEADER_ERR = 0xff;
const EOF_LENGTH_LIMIT = 9;
const SQLSTATE_MARKER = 0x23;
const SQLSTATE_LENGTH = 5;
/** Before authentication a server leaves the SQLSTATE out; this is what its absence means. */
const GENERAL_SQLSTATE = "HY000";
const COLUMN_MAX_COUNT = 65_535;

/** How an answer to COM_QUERY begins. */
export type ResultHead =
  | { readonly kind: "ok"; readonly end: StatementEnd }
  | { readonly kind: "error"; readonly error: DatabaseError }
  | { readonly kind: "columns"; readonly count: number }
  | { readonly kind: "local-infile" };

/** Decodes the first packet of an answer to COM_QUERY. Throws `ProtocolError`. */
export function decodeResultHead(payload: Uint8Array): ResultHead {
  switch (payload[0]) {
    case HEADER_OK:
      return { kind: "ok", end: decodeOk(payload) };
    case HEADER_ERR:
      return { kind: "error", error: decodeErr(payload) };
    case HEADER_LOCAL_INFILE:
      return { kind: "local-infile" };
    default: {
      const count = new PacketReader(payload).lenencNumber();
      if (count > COLUMN_MAX_COUNT) throw new ProtocolError("too many columns");
      return { kind: "columns", count };
    }
  }
}

/** Whether a packet among definitions or rows is an EOF; a row whose first cell is huge also starts with fe, but is longer. */
export function isEofPacket(payload: Uint8Array): boolean {
  return payload[0] === HEADER_EOF && payload.length < EOF_LENGTH_LIMIT;
}

/** Whether a packet is an ERR: no row starts with ff. */
export function isErrPacket(payload: Uint8Array): boolean {
  return payload[0] === HEADER_ERR;
}

/** Decodes an OK packet (00, or fe at the end of rows under CLIENT_DEPRECATE_EOF). Throws `ProtocolError`. */
export function decodeOk(payload: Uint8Array): StatementEnd {
  const reader = new PacketReader(payload);
  const header = reader.uint8();
  if (header !== HEADER_OK && header !== HEADER_EOF) throw new ProtocolError("not an OK packet");
  const affectedRows = reader.lenencBigInt();
  const insertId = reader.lenencBigInt();
  const status = reader.uint16();
  const warnings = reader.uint16();
  return { status, warnings, affectedRows, insertId, info: decodeInfo(payload, reader) };
}

/** The payload of an OK packet, its info length-encoded as servers send it. */
export function encodeOk(end: StatementEnd): Uint8Array {
  const writer = new PacketWriter()
    .uint8(HEADER_OK)
    .lenenc(end.affectedRows)
    .lenenc(end.insertId)
    .uint16(end.status)
    .uint16(end.warnings);
  return (end.info === "" ? writer : writer.lenencText(end.info)).finish();
}

/** Decodes an EOF packet. Throws `ProtocolError`. */
export function decodeEof(payload: Uint8Array): StatementEnd {
  if (!isEofPacket(payload)) throw new ProtocolError("not an EOF packet");
  const reader = new PacketReader(payload, 1);
  const warnings = reader.uint16();
  const status = reader.uint16();
  return { status, warnings, affectedRows: 0n, insertId: 0n, info: "" };
}

/** The payload of an EOF packet: only status and warnings travel. */
export function encodeEof(end: Pick<StatementEnd, "status" | "warnings">): Uint8Array {
  return new PacketWriter().uint8(HEADER_EOF).uint16(end.warnings).uint16(end.status).finish();
}

/** Decodes an ERR packet. Throws `ProtocolError`. */
export function decodeErr(payload: Uint8Array): DatabaseError {
  const reader = new PacketReader(payload);
  if (reader.uint8() !== HEADER_ERR) throw new ProtocolError("not an ERR packet");
  const errno = reader.uint16();
  if (payload[reader.offset] !== SQLSTATE_MARKER) {
    return { errno, sqlState: GENERAL_SQLSTATE, message: reader.text(reader.remaining) };
  }
  reader.uint8();
  const sqlState = reader.text(SQLSTATE_LENGTH);
  return { errno, sqlState, message: reader.text(reader.remaining) };
}

/** The payload of an ERR packet. */
export function encodeErr(error: DatabaseError): Uint8Array {
  return new PacketWriter()
    .uint8(HEADER_ERR)
    .uint16(error.errno)
    .bytes(Buffer.from(`#${error.sqlState}${error.message}`, "utf8"))
    .finish();
}

/**
 * The specification says `string<EOF>` without CLIENT_SESSION_TRACK and `string<lenenc>` with it; MySQL and MariaDB
 * length-encode it either way. What does not fit as length-encoded is read to the end.
 */
function decodeInfo(payload: Uint8Array, reader: PacketReader): string {
  if (reader.remaining === 0) return "";
  const encoded = new PacketReader(payload, reader.offset);
  const lead = payload[reader.offset] ?? 0;
  if (lead <= 0xfa && lead < reader.remaining) return encoded.lenencText();
  if (lead === 0xfc && reader.remaining > 3) {
    encoded.uint8();
    const length = encoded.uint16();
    if (length <= encoded.remaining) return encoded.text(length);
  }
  return reader.text(reader.remaining);
}
