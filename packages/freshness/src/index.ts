export {
  arriveBookmarks,
  bindsHit,
  type Bookmarks,
  type BookmarkView,
  NO_BOOKMARKS,
  notBefore,
  noteTime,
  noteWrite,
  settleBookmarks,
  TIME_BOOKMARK_MAX,
  type TimeBookmark,
} from "./bookmarks.ts";
export { coarsen } from "./coarsen.ts";
export {
  type AdmitVerdict,
  createEdgeFreshness,
  type EdgeFreshness,
  type EdgeFreshnessOptions,
  type Heartbeat,
} from "./edge-freshness.ts";
export type { FeedItem, FeedWelcome, OpenDoubt } from "./feed-item.ts";
export { intersects } from "./intersects.ts";
export {
  type HitVerdict,
  type Judged,
  judgeHit,
  type Reader,
  type WorkerView,
} from "./judge-hit.ts";
export { createLoginBookmarks, type LoginBookmarks } from "./login-bookmarks.ts";
export { createPublisher, type Publisher, type PublisherOptions } from "./publisher.ts";
export { createStamp, type Stamp } from "./stamp.ts";
export {
  type CarriedChange,
  createTtlChangeSource,
  type TransactionState,
  type TtlChangeSource,
  type TtlChangeSourceOptions,
} from "./ttl-change-source.ts";
export { createVersionMap, type VersionMap, type VersionMapOptions } from "./version-map.ts";
