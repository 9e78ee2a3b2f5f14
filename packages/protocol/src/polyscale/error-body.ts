import { type DatabaseError, RockpoolError } from "@rockpool/base";
import { encodeJsonText } from "../psdb/json-text.ts";

/** An error as PolyScale's clients throw it: the body of an answer with this HTTP status, ASCII. */
export interface PolyscaleError {
  readonly httpStatus: number;
  readonly body: string;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Payload Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};
/** The database refused the statement: the client's affair. */
const DATABASE_STATUS = 400;

/** `{statusCode, code, error, message}`: the HTTP status, the errno as text, the status in words, the message with its numbers. */
export function encodePolyscaleError(error: DatabaseError | RockpoolError): PolyscaleError {
  if (error instanceof RockpoolError) {
    const { httpStatus, errno, sqlState, text } = error.row;
    return errorOf(httpStatus, errno, sqlState, text);
  }
  return errorOf(DATABASE_STATUS, error.errno, error.sqlState, error.message);
}

function errorOf(httpStatus: number, errno: number, sqlState: string, text: string): PolyscaleError {
  const message = encodeJsonText(`${text} (errno ${errno}) (sqlstate ${sqlState})`);
  const reason = REASONS[httpStatus] ?? "Error";
  const body = `{"statusCode":${httpStatus},"code":"${errno}","error":"${reason}","message":${message}}`;
  return { httpStatus, body };
}
