import { describe, expect, test } from "vitest";
import { judgeAnswer, type SnapshotState } from "./judge-answer.ts";

/** `timeline("aab")`: snapshots at 0, 100 and 200 ms with these states. */
function timeline(states: string): SnapshotState[] {
  return Array.from(states, (state, index) => ({ openedByMs: index * 100, state }));
}

describe("an answer asked for at 750 ms, bound 500 ms: states from 200 ms on are allowed", () => {
  test.each([
    ["b", "b", "", "recent", "it is what the database has now; no snapshot is looked at"],
    ["a", "b", "aaabbbbb", "recent", "the database had it within the bound"],
    ["a", "b", "aabbbbbb", "older", "gone since before the bound, and nothing else to see since"],
    ["a", "b", "aaccccbb", "older", "gone since before the bound, whatever came in between"],
    ["x", "b", "bbbbbbbb", "older", "the database has been the same all the time, and it is not that"],
    ["x", "b", "aabbbbbb", "older", "older than the oldest snapshot, and nothing else to see since"],
    ["x", "b", "aaccccbb", "undecided", "perhaps a state between two snapshots"],
    ["c", "b", "aaccccbb", "recent", "a state in between"],
    ["x", "b", "", "undecided", "nothing to judge by"],
  ])("%s, now %s, snapshots %s: %s (%s)", (answer, reread, states, verdict) => {
    expect(judgeAnswer({ answer, askedAtMs: 750, boundMs: 500, reread, snapshots: timeline(states) })).toBe(
      verdict,
    );
  });

  test("without a snapshot from before the bound nothing is proven", () => {
    const snapshots = timeline("aabbbbbb").slice(3);
    const evidence = { answer: "a", askedAtMs: 750, boundMs: 500, reread: "b", snapshots };
    expect(judgeAnswer(evidence)).toBe("undecided");
  });
});
