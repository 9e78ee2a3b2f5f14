import { type CacheStatus, HIT_REASON } from "@rockpool/engine";

/** The value of the `Rockpool-Cache` header: `hit|miss|bypass; reason=…; age=…`, the age in seconds since dispatch. */
export function formatCacheStatus(status: CacheStatus): string {
  if (status.kind === "hit") return `hit; reason=${HIT_REASON}; age=${(status.ageMs / 1000).toFixed(3)}`;
  return `${status.kind}; reason=${status.reason}; age=0`;
}
