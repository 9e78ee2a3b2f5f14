import { type ChangeSet, type Dependencies, NO_CHANGE } from "@rockpool/base";
import { expect, test } from "vitest";

import { createEdgeFreshness, type EdgeFreshness } from "./edge-freshness.ts";
import { createStamp, type Stamp } from "./stamp.ts";

const OPTIONS = { boundMs: 1000, maxAgeMs: 60_000, keyRingMax: 100, tableMax: 100 };
const T: Dependencies = { tables: ["app.t"], keys: [], schemas: ["app"] };
const CHANGES_T: ChangeSet = { ...NO_CHANGE, tables: ["app.t"] };

function openEdge(options = OPTIONS): EdgeFreshness {
  const edge = createEdgeFreshness(options);
  edge.onWelcome({ epoch: "e", seq: 10, resumed: false });
  return edge;
}

function stampAt(seq: number, epoch = "e"): Stamp {
  return { epoch, seq, catalogueSeq: 10 };
}

function beat(edge: EdgeFreshness, seq: number, askedAt: number, sampleAgeMs = 0, epoch = "e"): void {
  edge.onHeartbeat({ epoch, seq, askedAt, arrivedAt: askedAt + 5, sampleAgeMs });
}

test("before the first welcome nothing is fresh and nothing is admitted", () => {
  const edge = createEdgeFreshness(OPTIONS);
  beat(edge, 0, 100);
  expect(edge.isFresh(100)).toBe(false);
  expect(edge.mayAdmit(T, stampAt(10))).toBe("no-feed");
});

test("asOf waits for its position (R1) and is when the question left, less the sample's age (R2)", () => {
  const edge = openEdge();
  beat(edge, 11, 100, 30);
  expect(edge.asOf()).toBeNull();
  edge.onChange(11, CHANGES_T);
  expect(edge.asOf()).toBe(70);
  expect([edge.isFresh(1070), edge.isFresh(1070.1)]).toEqual([true, false]);
});

test("another epoch's heartbeat says nothing (R1)", () => {
  const edge = openEdge();
  beat(edge, 10, 100, 0, "other");
  expect(edge.asOf()).toBeNull();
});

test("a change makes older stamps stale, at the fill and at the hit alike", () => {
  const edge = openEdge();
  edge.onChange(11, CHANGES_T);
  expect(edge.mayAdmit(T, stampAt(10))).toBe("changed");
  expect(edge.isCurrent(T, stampAt(10))).toBe(false);
  expect(edge.mayAdmit(T, stampAt(11))).toBe("admit");
});

test("every refusal has its name", () => {
  const edge = openEdge();
  expect(edge.mayAdmit(T, stampAt(10, "other"))).toBe("other-epoch");
  expect(edge.mayAdmit({ tables: [], keys: [], schemas: ["app"] }, stampAt(10))).toBe("no-dependency");
  edge.onDoubt(11, "w", CHANGES_T);
  expect(edge.mayAdmit(T, stampAt(11))).toBe("in-doubt");
  edge.onSettled(12, "w");
  expect(edge.mayAdmit(T, stampAt(12))).toBe("admit");
  edge.onChange(13, { ...NO_CHANGE, schemas: ["app"] });
  expect(edge.mayAdmit(T, stampAt(13))).toBe("definition-changed");
  expect(openEdge({ ...OPTIONS, boundMs: 0 }).mayAdmit(T, stampAt(10))).toBe("caching-off");
});

test("with a bound of 0 nothing is ever fresh", () => {
  const edge = openEdge({ ...OPTIONS, boundMs: 0 });
  edge.onHeartbeat({ epoch: "e", seq: 10, askedAt: 100, arrivedAt: 100, sampleAgeMs: 0 });
  expect(edge.isFresh(100)).toBe(false);
});

test("a gap in the feed drops everything, and only a welcome mends it", () => {
  const edge = openEdge();
  beat(edge, 10, 100);
  const { generation } = edge;
  expect(edge.onChange(12, CHANGES_T)).toBe(false);
  expect([edge.isFresh(101), edge.position(), edge.connected]).toEqual([false, null, false]);
  expect(edge.generation).toBeGreaterThan(generation);
  expect(edge.isCurrent({ ...T, tables: ["app.u"] }, stampAt(12))).toBe(false);
  expect(edge.onChange(11, CHANGES_T)).toBe(false);
});

test("an exact continuation keeps everything", () => {
  const edge = openEdge();
  beat(edge, 10, 100);
  edge.onFeedLost();
  expect(edge.isFresh(900)).toBe(true);
  const { generation } = edge;
  edge.onWelcome({ epoch: "e", seq: 10, resumed: true });
  expect([edge.generation, edge.asOf(), edge.onChange(11, CHANGES_T)]).toEqual([generation, 100, true]);
});

test.each([
  { name: "another epoch", welcome: { epoch: "f", seq: 10, resumed: true } },
  { name: "no replay", welcome: { epoch: "e", seq: 12, resumed: false } },
  { name: "a replay from elsewhere", welcome: { epoch: "e", seq: 9, resumed: true } },
])("$name drops everything", ({ welcome }) => {
  const edge = openEdge();
  beat(edge, 10, 100);
  const { generation } = edge;
  edge.onWelcome(welcome);
  expect([edge.asOf(), edge.generation > generation]).toEqual([null, true]);
  expect(edge.isCurrent(T, { ...stampAt(welcome.seq - 1), epoch: welcome.epoch })).toBe(false);
});

test("while the feed is lost, nothing new is installed", () => {
  const edge = openEdge();
  edge.onFeedLost();
  beat(edge, 10, 100);
  expect(edge.asOf()).toBeNull();
});

test("a feed that starts over brings the doubts that are open", () => {
  const edge = createEdgeFreshness(OPTIONS);
  edge.onWelcome({ epoch: "e", seq: 3, resumed: false, doubts: [{ id: "w", change: CHANGES_T }] });
  expect(edge.mayAdmit(T, stampAt(10))).toBe("in-doubt");
  edge.onSettled(4, "w");
  expect(edge.mayAdmit(T, stampAt(4))).toBe("admit");
});

test("a carried change holds before the feed brings it, and does not count as applied (R8)", () => {
  const edge = openEdge();
  expect(edge.onCarried("e", 15, CHANGES_T)).toBe(true);
  expect(edge.isCurrent(T, stampAt(14))).toBe(false);
  expect(edge.position()).toEqual({ epoch: "e", seq: 10 });
  beat(edge, 15, 100);
  expect(edge.asOf()).toBeNull();
});

test("a carried change outlives a reset that is older than it (R8)", () => {
  const edge = openEdge();
  edge.onCarried("e", 15, CHANGES_T);
  edge.onWelcome({ epoch: "e", seq: 12, resumed: false });
  const stamp = { ...stampAt(14), catalogueSeq: 12 };
  expect(edge.mayAdmit(T, stamp)).toBe("changed");
  expect(edge.mayAdmit({ ...T, tables: ["app.u"] }, stamp)).toBe("admit");
});

test("more answers ahead of the feed than are remembered become a change of everything", () => {
  const edge = openEdge();
  for (let seq = 1000; seq < 2100; seq += 1)
    edge.onCarried("e", seq, { ...NO_CHANGE, tables: [`app.${seq}`] });
  edge.onWelcome({ epoch: "e", seq: 12, resumed: false });
  expect(edge.mayAdmit({ ...T, tables: ["app.z"] }, { ...stampAt(1500), catalogueSeq: 9999 })).toBe(
    "changed",
  );
});

test("a carried change of an epoch that does not feed this edge is not applied", () => {
  expect(openEdge().onCarried("f", 15, CHANGES_T)).toBe(false);
});

test("a read through a view is not served while an answer is ahead of the feed: its definition may lie between", () => {
  const edge = openEdge();
  const view = { ...T, throughView: true };
  edge.onCarried("e", 12, { ...NO_CHANGE, tables: ["app.u"] });
  expect([edge.isCurrent(T, stampAt(10)), edge.isCurrent(view, stampAt(10))]).toEqual([true, false]);
  expect(edge.mayAdmit(view, stampAt(10))).toBe("admit");
  edge.onChange(11, NO_CHANGE);
  edge.onChange(12, { ...NO_CHANGE, tables: ["app.u"] });
  expect(edge.isCurrent(view, stampAt(10))).toBe(true);
});

test("a pause that the monotonic clock did not see drops asOf, and ages across it cannot be told (R18)", () => {
  const edge = openEdge();
  edge.onWallClock(100, 5100);
  beat(edge, 10, 100);
  edge.onWallClock(200, 5700);
  expect(edge.isFresh(200)).toBe(false);
  beat(edge, 10, 150);
  expect(edge.isFresh(200)).toBe(false);
  beat(edge, 10, 210);
  expect(edge.isFresh(220)).toBe(true);
  expect([edge.isYoung(199, 220), edge.isYoung(200, 220)]).toEqual([false, true]);
});

test("a plan made with another epoch's catalogue is never current (R11)", () => {
  const edge = openEdge();
  const stamp = createStamp({ epoch: "e", seq: 10 }, { epoch: "before", seq: 99 });
  expect(edge.mayAdmit(T, stamp)).toBe("definition-changed");
});

test("other bounds count at once, and nothing is fresh until a heartbeat that was asked after the change", () => {
  const edge = openEdge();
  beat(edge, 10, 100);
  edge.setBounds({ boundMs: 200, maxAgeMs: 300 }, 150);
  expect([edge.boundMs, edge.maxAgeMs, edge.isFresh(150)]).toEqual([200, 300, false]);
  beat(edge, 10, 140);
  expect(edge.isFresh(150)).toBe(false);
  beat(edge, 10, 160);
  expect([edge.isFresh(360), edge.isFresh(360.1)]).toEqual([true, false]);
  expect([edge.isYoung(60, 360), edge.isYoung(60, 360.1)]).toEqual([true, false]);
  edge.setBounds({ boundMs: 0, maxAgeMs: 300 }, 370);
  beat(edge, 10, 380);
  expect([edge.isFresh(381), edge.mayAdmit(T, stampAt(10))]).toEqual([false, "caching-off"]);
  edge.setBounds({ boundMs: 1000, maxAgeMs: 300 }, 390);
  beat(edge, 10, 400);
  expect([edge.isFresh(401), edge.mayAdmit(T, stampAt(10))]).toEqual([true, "admit"]);
});

test("a pause after a change of the bounds is noticed by the new bound", () => {
  const edge = openEdge();
  edge.onWallClock(100, 100);
  edge.setBounds({ boundMs: 200, maxAgeMs: 300 }, 100);
  edge.onWallClock(110, 110);
  beat(edge, 10, 110);
  edge.onWallClock(120, 220);
  expect(edge.isFresh(121)).toBe(false);
});
