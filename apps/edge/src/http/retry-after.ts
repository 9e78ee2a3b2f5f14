import type { RockpoolError } from "@rockpool/base";
import type { HeaderList } from "./http-exchange.ts";

/** Seconds after which another try may do better, where the error itself does not know. */
const RETRY_AFTER_SECONDS = 1;

/** Adds `retry-after` to an answer whose status says "not now", and the challenge that goes with a 401 (RFC 9110). */
export function addRetryAfter(headers: HeaderList, { row, context }: RockpoolError): void {
  if (row.httpStatus === 401) headers.push("www-authenticate", 'Basic realm="rockpool", charset="UTF-8"');
  if (row.httpStatus !== 429 && row.httpStatus !== 503) return;
  headers.push("retry-after", String(context["retryAfterSeconds"] ?? RETRY_AFTER_SECONDS));
}
