import { type DatabaseError, RockpoolError } from "@rockpool/base";
import { encodeJsonText } from "../psdb/json-text.ts";

/** An error as TiDB Cloud's client reads it: the body of an answer with this HTTP status, ASCII. */
export interface TidbError {
  readonly httpStatus: number;
  readonly body: string;
}

/** The database refused the statement: the client's affair. */
const DATABASE_STATUS = 400;

/** `{code, message}`: the errno as text, the message with its numbers. */
export function encodeTidbError(error: DatabaseError | RockpoolError): TidbError {
  if (error instanceof RockpoolError) {
    const { httpStatus, errno, sqlState, text } = error.row;
    return errorOf(httpStatus, errno, sqlState, text);
  }
  return errorOf(DATABASE_STATUS, error.errno, error.sqlState, error.message);
}

function errorOf(httpStatus: number, errno: number, sqlState: string, text: string): TidbError {
  const message = encodeJsonText(`${text} (errno ${errno}) (sqlstate ${sqlState})`);
  return { httpStatus, body: `{"code":"${errno}","message":${message}}` };
}
