import { type Dependencies, NO_CHANGE } from "@rockpool/base";
import { expect, test } from "vitest";

import { NO_BOOKMARKS, noteWrite } from "./bookmarks.ts";
import { createEdgeFreshness } from "./edge-freshness.ts";
import { judgeHit, type WorkerView } from "./judge-hit.ts";
import { createLoginBookmarks } from "./login-bookmarks.ts";

// DESIGN section 3: (a) fresh, (b) unchanged, (c) unbound, (d) young.
const T: Dependencies = { tables: ["app.t"], keys: [], schemas: ["app"] };
const ENTRY = { deps: T, stamp: { epoch: "e", seq: 10, catalogueSeq: 10 }, dispatchedAt: 100 };
const ANN = { bookmarks: NO_BOOKMARKS, login: "ann" };

function createWorker(): WorkerView {
  const freshness = createEdgeFreshness({ boundMs: 1000, maxAgeMs: 5000, keyRingMax: 10, tableMax: 10 });
  freshness.onWelcome({ epoch: "e", seq: 10, resumed: false });
  freshness.onHeartbeat({ epoch: "e", seq: 10, askedAt: 200, arrivedAt: 210, sampleAgeMs: 0 });
  return { freshness, logins: createLoginBookmarks(10), clock: "x" };
}

test("all four hold: a hit", () => {
  expect(judgeHit(createWorker(), ENTRY, ANN, 1200)).toBe("hit");
});

test("(a) the edge cannot prove the bound", () => {
  expect(judgeHit(createWorker(), ENTRY, ANN, 1201)).toBe("not-fresh");
});

test("(b) something changed", () => {
  const worker = createWorker();
  worker.freshness.onChange(11, { ...NO_CHANGE, tables: ["app.t"] });
  expect(judgeHit(worker, ENTRY, ANN, 300)).toBe("changed");
});

test("(c) the session or the login wrote something that the answer may lack", () => {
  const worker = createWorker();
  const bookmarks = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 12 }, "y", true);
  expect(judgeHit(worker, ENTRY, { ...ANN, bookmarks }, 300)).toBe("bookmark");
  worker.logins.note("bob", { ...NO_CHANGE, tables: ["app.t"] }, 250);
  expect(judgeHit(worker, ENTRY, { ...ANN, login: "bob" }, 300)).toBe("bookmark");
  expect(judgeHit(worker, ENTRY, ANN, 300)).toBe("hit");
});

test("(d) the answer is too old, counted from dispatch", () => {
  const worker = createWorker();
  worker.freshness.onHeartbeat({ epoch: "e", seq: 10, askedAt: 5000, arrivedAt: 5010, sampleAgeMs: 0 });
  expect(judgeHit(worker, ENTRY, ANN, 5100)).toBe("hit");
  expect(judgeHit(worker, ENTRY, ANN, 5101)).toBe("too-old");
});
