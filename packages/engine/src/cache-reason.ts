import type { BypassReason } from "@rockpool/sql";

/** Why a read that may be cached was not answered from the cache. A closed list; each is a metric label. */
export const MISS_REASONS = [
  "absent", // nothing stored under this key
  "changed", // something it depends on changed after its stamp
  "too-old", // older than max_age
  "not-fresh", // the edge cannot prove that it is within the bound
  "bookmark", // the session or login must not read behind its own write
  "joined", // answered by an identical read that was under way
] as const;

/** Why a statement went past the cache for reasons of its session rather than of its text. */
export const SESSION_BYPASS_REASONS = [
  "pinned", // the session holds a database connection of its own (R5)
  "in-transaction",
  "session-lost",
  "local", // answered by the edge itself: swallowed SET, ROLLBACK of a lost transaction
  "rejected", // refused before it went anywhere
] as const;

/** The reason word for a hit. */
export const HIT_REASON = "current";

/** Why a read that may be cached was not a hit. */
export type MissReason = (typeof MISS_REASONS)[number];
/** Why a statement went past the cache for its session's sake. */
export type SessionBypassReason = (typeof SESSION_BYPASS_REASONS)[number];

/** What every answer says of the cache: its status, why, and how old the answer is. */
export type CacheStatus =
  | { readonly kind: "hit"; readonly ageMs: number }
  | { readonly kind: "miss"; readonly reason: MissReason }
  | { readonly kind: "bypass"; readonly reason: BypassReason | SessionBypassReason };

const BYPASS: Readonly<Record<BypassReason, true>> = {
  "not-a-select": true,
  "statement-too-long": true,
  "too-many-tokens": true,
  "too-deep": true,
  "invalid-text": true,
  "executable-comment": true,
  "optimizer-hint": true,
  "user-variable": true,
  "system-variable": true,
  into: true,
  "locking-read": true,
  "several-statements": true,
  "sql-no-cache": true,
  "found-rows": true,
  "parse-error": true,
  "not-one-select": true,
  "unknown-node": true,
  "unlisted-function": true,
  "volatile-function": true,
  "no-table": true,
  "unknown-table": true,
  "floor-mismatch": true,
  "system-schema": true,
  "uncacheable-table": true,
  "uncacheable-view": true,
  "temporal-table": true,
  "sql-mode": true,
  "charset-introducer": true,
  "no-catalogue": true,
};

/** Every reason an answer can name, each once; the compiler keeps the list total. */
export const CACHE_REASONS: readonly string[] = [
  ...new Set([HIT_REASON, ...MISS_REASONS, ...Object.keys(BYPASS), ...SESSION_BYPASS_REASONS]),
];
