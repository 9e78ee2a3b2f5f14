import type { ChangeSet } from "@rockpool/base";

/** One item of the change feed. Every item takes one sequence number, so a lost item always shows as a gap. */
export type FeedItem =
  | { readonly kind: "change"; readonly seq: number; readonly change: ChangeSet }
  /** A write's outcome is unknown: what it touches stays uncacheable until it is settled (R14). */
  | { readonly kind: "doubt"; readonly seq: number; readonly id: string; readonly change: ChangeSet }
  /** The doubt is over; whatever it touched counts as changed at `seq`, or only `change` if that is there. */
  | { readonly kind: "settled"; readonly seq: number; readonly id: string; readonly change?: ChangeSet };

/** A doubt that is open where a feed starts. */
export interface OpenDoubt {
  readonly id: string;
  readonly change: ChangeSet;
}

/** The first message of a feed: where it starts. */
export interface FeedWelcome {
  readonly epoch: string;
  /** The next item is `seq + 1`. When resumed: the position the edge asked to go on from. */
  readonly seq: number;
  /** The origin replays everything after `seq`, which is what the edge had. False: the edge drops everything. */
  readonly resumed: boolean;
  /** The doubts open at `seq`. Needed only when not resumed. */
  readonly doubts?: readonly OpenDoubt[];
}
