import type { EdgeFreshness, EdgeFreshnessOptions } from "@rockpool/freshness";

import type { SeededRandom } from "../src/seeded-random.ts";
import type { Database } from "./database.ts";
import type { Oracle } from "./oracle.ts";
import type { Schedule } from "./schedule.ts";
import type { Read } from "./statements.ts";

/** Where changes come from: the log behind the publish barrier, or the writes this origin saw (R14). */
export type Mode = "log" | "ttl";

/** One thing that the models of the origin and the edge can be told to do wrongly. */
export type Flaw =
  | "stamp-after-query"
  | "publish-before-visible"
  | "heartbeat-alive-only"
  | "sample-confirmed-by-newest"
  | "published-one-by-one"
  | "store-from-transaction"
  | "hit-in-transaction"
  | "just-delete"
  | "join-any-flight"
  | "answer-without-change"
  | "one-worker-applies"
  | "no-time-bookmark"
  | "bookmark-not-carried"
  | "foreign-instant-trusted"
  | "unknown-epoch-ignored"
  | "catalogue-unstamped"
  | "catalogue-of-another-epoch"
  | "publish-before-write"
  | "union-not-republished"
  | "doubt-forgotten"
  | "definition-in-flight"
  | "view-forgotten"
  | "restart-without-doubt"
  | "age-from-completion"
  | "welcome-without-doubts"
  | "resume-without-replay"
  | "no-pause-guard";

/** One way to build the system; the product is the variant without flaws. */
export interface Variant {
  readonly name: string;
  /** The rule it breaks. */
  readonly rule: string;
  readonly flaws?: readonly Flaw[];
  /** Conditions without which the flaw does not matter. */
  readonly forces?: Partial<Conditions>;
  /** Replaces how an edge's view is made. */
  readonly createFreshness?: (options: EdgeFreshnessOptions) => EdgeFreshness;
}

/** How long clients and faults are at work, in virtual milliseconds. */
export const BUSY_MS = 450;

/** What a seed chose for its run. Times are virtual milliseconds. */
export interface Conditions {
  readonly mode: Mode;
  readonly freshness: EdgeFreshnessOptions;
  readonly ringMax: number;
  readonly doubtMax: number;
  readonly heartbeatEveryMs: number;
  /** What the clients of this run read: few enough to be read again. */
  readonly reads: readonly [Read, ...Read[]];
  /** How often a client writes instead of reading, a write alters definitions, a client changes its edge. */
  readonly writeShare: number;
  readonly definitionShare: number;
  readonly moveShare: number;
  /** Caches let go of their entries when everything is dropped; correctness must not depend on it. */
  readonly clearsOnDrop: boolean;
  /** Which disturbances happen. */
  readonly flaps: boolean;
  readonly freezes: boolean;
  readonly freezeMaxMs: number;
  readonly losesItems: boolean;
  readonly restarts: boolean;
  /** Edges take long to notice a restart. */
  readonly noticesLate: boolean;
  /** The view is redefined beside the origin just before a restart. */
  readonly redefinesAtRestart: boolean;
  readonly pauses: boolean;
  readonly lostConnections: boolean;
  readonly slowLinks: boolean;
  readonly lockWaits: boolean;
  /** The database's answers to writes may take long. */
  readonly slowAnswers: boolean;
  readonly slowVisibility: boolean;
  readonly slowFollower: boolean;
  readonly externalWrites: boolean;
}

/** What all parts of one run share. */
export interface World {
  readonly schedule: Schedule;
  readonly random: SeededRandom;
  readonly conditions: Conditions;
  readonly variant: Variant;
  readonly database: Database;
  readonly oracle: Oracle;
  has(flaw: Flaw): boolean;
}

/** A one-way delay: mostly short, now and then long enough to be overtaken. */
export function drawDelay({ random, conditions }: World): number {
  return random.chance(conditions.slowLinks ? 0.35 : 0.1) ? random.between(8, 50) : random.between(0.5, 8);
}
