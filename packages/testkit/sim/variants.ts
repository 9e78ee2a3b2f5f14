import { NO_CHANGE } from "@rockpool/base";
import {
  createEdgeFreshness,
  type EdgeFreshness,
  type EdgeFreshnessOptions,
  type FeedItem,
  type Heartbeat,
} from "@rockpool/freshness";

import { createModelVersionMap, type VersionFlaw } from "../src/model-version-map.ts";
import { type Read, READS } from "./statements.ts";
import type { Conditions, Variant } from "./world.ts";

/** Reads through the view, and a view that changes. */
const VIEWS: Partial<Conditions> = {
  definitionShare: 0.25,
  reads: [READS[0], READS[0], ...READS.slice(1, 5)],
};
const LONG_LIVED: EdgeFreshnessOptions = { boundMs: 130, maxAgeMs: 5000, keyRingMax: 64, tableMax: 64 };
/** Feeds that stand still while the rest goes on. */
const LAGGING: Partial<Conditions> = {
  freezes: true,
  freezeMaxMs: 400,
  writeShare: 0.22,
  pauses: false,
  reads: READS.slice(1, 3) as [Read, ...Read[]],
  freshness: LONG_LIVED,
};
/** Two reads of one table, asked again and again. */
const FEW_READS: Partial<Conditions> = {
  reads: [READS[3], READS[1]] as [Read, ...Read[]],
  freshness: LONG_LIVED,
};
/** Nothing but what the database does. */
const CALM: Partial<Conditions> = {
  restarts: false,
  flaps: false,
  freezes: false,
  pauses: false,
  definitionShare: 0,
  slowLinks: false,
};
const ONE_READ: Partial<Conditions> = { ...FEW_READS, reads: [READS[1] ?? READS[0]] };
const NARROW: EdgeFreshnessOptions = { ...LONG_LIVED, boundMs: 60 };
const SHORT_LIVED: EdgeFreshnessOptions = { boundMs: 130, maxAgeMs: 60, keyRingMax: 64, tableMax: 64 };

/** Ways to build the system wrongly, one per rule or part of a rule. The simulation must catch every one of them. */
export const BROKEN_VARIANTS: readonly Variant[] = [
  {
    rule: "R1",
    name: "asOf is installed before its position is applied",
    createFreshness: ungated,
    forces: LAGGING,
  },
  {
    rule: "R1",
    name: "another epoch's asOf counts",
    createFreshness: anyEpoch,
    forces: { restarts: true, noticesLate: true },
  },
  {
    rule: "R1",
    name: "a carried change opens the gate for asOf",
    createFreshness: carriedOpensGate,
    forces: LAGGING,
  },
  {
    rule: "R2",
    name: "asOf is when the answer came",
    createFreshness: asOfOnArrival,
    forces: { ...ONE_READ, slowLinks: true, heartbeatEveryMs: 50, freshness: NARROW },
  },
  {
    rule: "R2",
    name: "the sample's age is ignored",
    createFreshness: youngSamples,
    forces: { mode: "log", slowFollower: true },
  },
  {
    rule: "R2",
    name: "a heartbeat only says that the origin lives",
    flaws: ["heartbeat-alive-only"],
    forces: { mode: "log" },
  },
  {
    rule: "R2",
    name: "a sample is confirmed by its newest transaction",
    flaws: ["sample-confirmed-by-newest"],
    forces: {
      ...FEW_READS,
      ...CALM,
      mode: "log",
      slowFollower: true,
      slowVisibility: true,
      lockWaits: true,
      writeShare: 0.1,
    },
  },
  { rule: "R3", name: "no tableWide", createFreshness: withVersions("no-table-wide") },
  { rule: "R3", name: "tableAny does not rise with rows", createFreshness: withVersions("no-table-any") },
  { rule: "R3", name: "no horizon", createFreshness: withVersions("no-horizon") },
  {
    rule: "R3",
    name: "a schema's change does not reach its tables",
    createFreshness: withVersions("no-schema"),
  },
  { rule: "R4", name: "answers of transactions are stored", flaws: ["store-from-transaction"] },
  { rule: "R4", name: "hits inside transactions", flaws: ["hit-in-transaction"], forces: FEW_READS },
  { rule: "R4", name: "the stamp is read after the query", flaws: ["stamp-after-query"] },
  {
    rule: "stamp",
    name: "published before it is visible",
    flaws: ["publish-before-visible"],
    forces: { mode: "log" },
  },
  {
    rule: "R11",
    name: "a sample's changes are published one by one",
    flaws: ["published-one-by-one"],
    forces: {
      ...CALM,
      mode: "log",
      reads: [READS[0]],
      slowVisibility: true,
      slowFollower: true,
      slowLinks: true,
      definitionShare: 0.4,
      writeShare: 0.3,
      externalWrites: true,
      freshness: { ...LONG_LIVED, boundMs: 300 },
    },
  },
  { rule: "stamp", name: "entries are deleted, not versioned", flaws: ["just-delete"] },
  { rule: "stamp", name: "validity is tested at the fill only", createFreshness: neverStale },
  {
    rule: "bound",
    name: "hits without a fresh watermark",
    createFreshness: alwaysFresh,
    forces: { ...FEW_READS, flaps: true, freezes: true },
  },
  {
    rule: "feed",
    name: "reconnect without replay or drop",
    createFreshness: gapless,
    flaws: ["resume-without-replay"],
    forces: { flaps: true },
  },
  { rule: "feed", name: "a gap is ignored", createFreshness: gapless, forces: { losesItems: true } },
  { rule: "R8", name: "a joiner takes any flight", flaws: ["join-any-flight"] },
  { rule: "R8", name: "a write's answer does not carry its change", flaws: ["answer-without-change"] },
  {
    rule: "R8",
    name: "no time bookmark when the change is missing",
    flaws: ["no-time-bookmark"],
    forces: { ...FEW_READS, mode: "log", slowFollower: true },
  },
  {
    rule: "R8",
    name: "a bookmark of an unknown epoch is ignored",
    flaws: ["unknown-epoch-ignored"],
    forces: {
      ...ONE_READ,
      ...CALM,
      restarts: true,
      noticesLate: true,
      moveShare: 0.5,
      freshness: { ...LONG_LIVED, boundMs: 300 },
    },
  },
  {
    rule: "R8",
    name: "a read through a view is treated as a read of its table",
    flaws: ["view-forgotten"],
    forces: { ...VIEWS, ...LAGGING, reads: [READS[0]] },
  },
  { rule: "R11", name: "the plan's catalogue has no stamp", flaws: ["catalogue-unstamped"], forces: VIEWS },
  {
    rule: "R11",
    name: "another epoch's catalogue position counts",
    flaws: ["catalogue-of-another-epoch"],
    forces: { ...VIEWS, restarts: true, redefinesAtRestart: true, slowLinks: true, noticesLate: false },
  },
  { rule: "R13", name: "one worker applies the change", flaws: ["one-worker-applies"] },
  {
    rule: "R13",
    name: "bookmarks stay behind at the edge",
    flaws: ["bookmark-not-carried"],
    forces: { ...FEW_READS, moveShare: 0.5 },
  },
  {
    rule: "R13",
    name: "another edge's instant is trusted",
    flaws: ["foreign-instant-trusted"],
    forces: { ...FEW_READS, mode: "log", slowFollower: true, moveShare: 0.5 },
  },
  {
    rule: "R14",
    name: "published before the write is answered",
    flaws: ["publish-before-write"],
    forces: { mode: "ttl" },
  },
  { rule: "R14", name: "no union at COMMIT", flaws: ["union-not-republished"], forces: { mode: "ttl" } },
  {
    rule: "R14",
    name: "no doubt for an unknown outcome",
    flaws: ["doubt-forgotten"],
    forces: { ...FEW_READS, mode: "ttl", lostConnections: true, lockWaits: true },
  },
  {
    rule: "R14",
    name: "a restart forgets what still runs",
    flaws: ["restart-without-doubt"],
    forces: { ...FEW_READS, mode: "ttl", restarts: true, lockWaits: true, noticesLate: false },
  },
  {
    rule: "R14",
    name: "age counts from completion",
    flaws: ["age-from-completion"],
    forces: {
      mode: "ttl",
      externalWrites: true,
      writeShare: 0.1,
      definitionShare: 0,
      slowLinks: true,
      freshness: SHORT_LIVED,
    },
  },
  {
    rule: "R14",
    name: "no doubt while DDL runs",
    flaws: ["definition-in-flight"],
    forces: { mode: "ttl", reads: [READS[0]], slowAnswers: true, definitionShare: 0.35, writeShare: 0.3 },
  },
  { rule: "R18", name: "pauses go unnoticed", flaws: ["no-pause-guard"], forces: { pauses: true } },
];

/** A view with some methods replaced. */
function override(inner: EdgeFreshness, methods: Partial<EdgeFreshness>): EdgeFreshness {
  return new Proxy(inner, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const own: unknown = Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

function onHeartbeat(
  options: EdgeFreshnessOptions,
  change: (heartbeat: Heartbeat, inner: EdgeFreshness) => Heartbeat,
): EdgeFreshness {
  const inner = createEdgeFreshness(options);
  return override(inner, { onHeartbeat: (heartbeat) => inner.onHeartbeat(change(heartbeat, inner)) });
}

function ungated(options: EdgeFreshnessOptions): EdgeFreshness {
  return onHeartbeat(options, (heartbeat) => ({ ...heartbeat, seq: 0 }));
}

function anyEpoch(options: EdgeFreshnessOptions): EdgeFreshness {
  return onHeartbeat(options, (heartbeat, inner) => {
    return { ...heartbeat, epoch: inner.position()?.epoch ?? heartbeat.epoch };
  });
}

function asOfOnArrival(options: EdgeFreshnessOptions): EdgeFreshness {
  return onHeartbeat(options, (heartbeat) => ({ ...heartbeat, askedAt: heartbeat.arrivedAt }));
}

function youngSamples(options: EdgeFreshnessOptions): EdgeFreshness {
  return onHeartbeat(options, (heartbeat) => ({ ...heartbeat, sampleAgeMs: 0 }));
}

function carriedOpensGate(options: EdgeFreshnessOptions): EdgeFreshness {
  const inner = createEdgeFreshness(options);
  let carriedSeq = 0;
  return override(inner, {
    onCarried(epoch, seq, change) {
      const isKnown = inner.onCarried(epoch, seq, change);
      if (isKnown) carriedSeq = Math.max(carriedSeq, seq);
      return isKnown;
    },
    onHeartbeat: (heartbeat) =>
      inner.onHeartbeat(heartbeat.seq <= carriedSeq ? { ...heartbeat, seq: 0 } : heartbeat),
  });
}

function withVersions(flaw: VersionFlaw): (options: EdgeFreshnessOptions) => EdgeFreshness {
  return (options) => createEdgeFreshness(options, createModelVersionMap({ flaws: [flaw], keyMax: 1 }));
}

function neverStale(options: EdgeFreshnessOptions): EdgeFreshness {
  const inner = createEdgeFreshness(options);
  return override(inner, { isCurrent: (_, stamp) => stamp.epoch === inner.position()?.epoch });
}

function alwaysFresh(options: EdgeFreshnessOptions): EdgeFreshness {
  const inner = createEdgeFreshness(options);
  return override(inner, { isFresh: () => inner.asOf() !== null });
}

/** Passes over what the feed left out, instead of dropping everything. */
function gapless(options: EdgeFreshnessOptions): EdgeFreshness {
  const inner = createEdgeFreshness(options);
  const passOver = (upTo: number): void => {
    for (let seq = (inner.position()?.seq ?? upTo) + 1; seq <= upTo; seq += 1) inner.onChange(seq, NO_CHANGE);
  };
  return override(inner, {
    onFeedItem(item: FeedItem) {
      passOver(item.seq - 1);
      return inner.onFeedItem(item);
    },
    onWelcome(welcome) {
      const position = inner.position();
      if (position === null || position.epoch !== welcome.epoch) return inner.onWelcome(welcome);
      inner.onWelcome({ ...position, resumed: true });
      passOver(welcome.seq);
    },
  });
}
