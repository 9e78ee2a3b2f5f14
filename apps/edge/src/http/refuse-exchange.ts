import { type ErrorCode, RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import type { HttpExchange } from "./http-exchange.ts";

/** Answers with one of our errors, in both of its JSON forms. Breaks off what has begun to be answered. */
export function refuseExchange(exchange: HttpExchange, code: ErrorCode): void {
  if (exchange.hasAnswer) return exchange.abort();
  const error = new RockpoolError(code);
  exchange.refuse(error.row.httpStatus, headersOfRefusal(), encodeHttpErrorBody(error));
}

/** What every answer says that no statement led to. */
export function headersOfRefusal(): string[] {
  return ["content-type", "application/json", "rockpool-cache", "bypass; reason=rejected; age=0"];
}
