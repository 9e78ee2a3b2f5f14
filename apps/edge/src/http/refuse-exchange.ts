import { randomUUID } from "node:crypto";
import { type ErrorCode, RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { parseRequestId } from "@rockpool/telemetry";
import type { HttpExchange } from "./http-exchange.ts";

/** Answers with one of our errors, in both of its JSON forms. Breaks off what has begun to be answered. */
export function refuseExchange(exchange: HttpExchange, code: ErrorCode): void {
  if (exchange.hasAnswer) return exchange.abort();
  const error = new RockpoolError(code);
  const requestId = parseRequestId(exchange.header("x-request-id"));
  exchange.refuse(error.row.httpStatus, headersOfRefusal(requestId), encodeHttpErrorBody(error));
}

/** What every answer says that no statement led to; `requestId`: the client's own, if it had one. */
export function headersOfRefusal(requestId: string | null): string[] {
  return [
    "content-type",
    "application/json",
    "rockpool-cache",
    "bypass; reason=rejected; age=0",
    "rockpool-request-id",
    requestId ?? randomUUID(),
  ];
}
