import { STATUS_CODES } from "node:http";
import { type ErrorCode, RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { HEADERS_MAX_BYTES } from "./door-limits.ts";
import { headersOfRefusal } from "./refuse-exchange.ts";

const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
/** A first line as RFC 9112 wants it, with a method that node's parser does not know. */
const REQUEST_LINE = /^[A-Z]{1,32} \S{1,200} HTTP\/1\.[01]\r\n/;

/** What a client is told whose bytes are no request that we read; null = nothing, it is gone. */
export function codeOfParseError(error: { code?: string; rawPacket?: Buffer }): ErrorCode | null {
  const { code = "", rawPacket } = error;
  if (code === TIMEOUT) return "request-timeout";
  if (code === "HPE_HEADER_OVERFLOW") return isFirstLine(rawPacket) ? "url-too-long" : "headers-too-large";
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return "body-too-large";
  if (code === "HPE_INVALID_METHOD" && REQUEST_LINE.test(headOf(rawPacket))) return "method-not-allowed";
  return code.startsWith("HPE_") ? "bad-request" : null;
}

/** A whole answer, after which the connection ends. */
export function answerRaw(code: ErrorCode): string {
  const error = new RockpoolError(code);
  const body = encodeHttpErrorBody(error);
  const { httpStatus } = error.row;
  const headers = [...headersOfRefusal(null), "content-length", String(body.length), "connection", "close"];
  let head = `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? ""}\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${head}\r\n${body}`;
}

/** Whether it is the first line alone that was too much. */
function isFirstLine(packet: Buffer | undefined): boolean {
  const end = packet?.indexOf("\n") ?? 0;
  return end === -1 || end > HEADERS_MAX_BYTES;
}

function headOf(packet: Buffer | undefined): string {
  return packet?.toString("latin1", 0, 300) ?? "";
}
