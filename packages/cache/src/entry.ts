import type { Dependencies, Instant } from "@rockpool/base";
import type { Stamp } from "@rockpool/freshness";

import type { CacheValue } from "./cache.ts";

/** One cached answer. `B` is the stored form: the rows' JSON for HTTP, the packets for MySQL. */
export interface Entry<B = string | Uint8Array> extends CacheValue {
  readonly deps: Dependencies;
  readonly stamp: Stamp;
  /** When its read was sent, on this worker's monotonic clock: its age counts from here (R14). */
  readonly dispatchedAt: Instant;
  readonly body: B;
}
