import { type Dependencies, NO_CHANGE } from "@rockpool/base";
import {
  createEdgeFreshness,
  createLoginBookmarks,
  type Judged,
  NO_BOOKMARKS,
  noteTime,
  noteWrite,
  type WorkerView,
} from "@rockpool/freshness";
import { expect, test } from "vitest";

import { mayTakeFlight } from "./may-take-flight.ts";

// R8: what a joiner may take of the flight it waited for.
const T: Dependencies = { tables: ["app.t"], keys: [], schemas: ["app"] };
const CHANGES_T = { ...NO_CHANGE, tables: ["app.t"] };
const ANN = { bookmarks: NO_BOOKMARKS, login: "ann" };

function createWorker(): WorkerView {
  const freshness = createEdgeFreshness({ boundMs: 1000, maxAgeMs: 60_000, keyRingMax: 10, tableMax: 10 });
  freshness.onWelcome({ epoch: "e", seq: 10, resumed: false });
  return { freshness, logins: createLoginBookmarks(10), clock: "x" };
}

function flightAt(dispatchedAt: number, seq = 10): Judged {
  return { deps: T, stamp: { epoch: "e", seq, catalogueSeq: 10 }, dispatchedAt };
}

test("an answer as old as the bound is taken, an older one is not", () => {
  const worker = createWorker();
  expect([
    mayTakeFlight(worker, flightAt(500), ANN, 1500),
    mayTakeFlight(worker, flightAt(500), ANN, 1501),
  ]).toEqual([true, false]);
});

test("nothing may have changed after its stamp", () => {
  const worker = createWorker();
  worker.freshness.onCarried("e", 11, CHANGES_T);
  expect(mayTakeFlight(worker, flightAt(500), ANN, 600)).toBe(false);
  expect(mayTakeFlight(worker, flightAt(500, 11), ANN, 600)).toBe(true);
});

test("it must have left after what the session wrote", () => {
  const worker = createWorker();
  const reader = { login: "ann", bookmarks: noteTime(NO_BOOKMARKS, CHANGES_T, "x", 550) };
  expect(mayTakeFlight(worker, flightAt(549), reader, 600)).toBe(false);
  expect(mayTakeFlight(worker, flightAt(550), reader, 600)).toBe(true);
});

test("it must have left after what the login wrote", () => {
  const worker = createWorker();
  worker.logins.note("ann", CHANGES_T, 550);
  expect(mayTakeFlight(worker, flightAt(549), ANN, 600)).toBe(false);
  expect(mayTakeFlight(worker, flightAt(549), { ...ANN, login: "bob" }, 600)).toBe(true);
});

test("it must contain the position that the session brought", () => {
  const worker = createWorker();
  const bookmarks = noteWrite(NO_BOOKMARKS, { epoch: "e", seq: 12 }, "y", true);
  expect(mayTakeFlight(worker, flightAt(500, 11), { login: "ann", bookmarks }, 600)).toBe(false);
  expect(mayTakeFlight(worker, flightAt(500, 12), { login: "ann", bookmarks }, 600)).toBe(true);
});

test("an answer of another epoch is nobody's but the leader's", () => {
  const flight = { ...flightAt(500), stamp: { epoch: "f", seq: 99, catalogueSeq: 99 } };
  expect(mayTakeFlight(createWorker(), flight, ANN, 600)).toBe(false);
});
