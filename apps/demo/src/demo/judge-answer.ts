/** What the read gave in one of the database's snapshots. */
export interface SnapshotState {
  /** When the snapshot had been taken for certain, on `performance.now`'s clock. */
  readonly openedByMs: number;
  readonly state: string;
}

/** An answer and what the database says of the same read. All states are in one comparable form. */
export interface AnswerEvidence {
  readonly answer: string;
  /** When the statement was sent. */
  readonly askedAtMs: number;
  readonly boundMs: number;
  /** Read directly, after the answer had come. */
  readonly reread: string;
  /** Asked for only when `reread` differs; oldest first, the last one later than `askedAtMs - boundMs`. */
  readonly snapshots: readonly SnapshotState[];
}

/** `undecided`: neither proven recent nor proven old. */
export type Verdict = "recent" | "older" | "undecided";

/**
 * Judges whether an answer is older than the bound, that is, whether it differs from what the database had at every
 * moment since `askedAtMs - boundMs`.
 *
 * The snapshots show some of these moments: all from the last one that was certainly taken before the first of them.
 * The answer is *older* when it is none of those states and either they are all the same one, so that there was nothing
 * else to see meanwhile, or it is the state of an earlier snapshot. A row that changes and changes back between two
 * snapshots could deceive both; with 100 ms between them and writes of random values that does not happen by chance.
 */
export function judgeAnswer({ answer, askedAtMs, boundMs, reread, snapshots }: AnswerEvidence): Verdict {
  if (answer === reread) return "recent";
  const first = snapshots.findLastIndex(({ openedByMs }) => openedByMs < askedAtMs - boundMs);
  if (first === -1) return "undecided";
  const allowed = snapshots.slice(first).map(({ state }) => state);
  if (allowed.includes(answer)) return "recent";
  if (allowed.every((state) => state === reread)) return "older";
  return snapshots.slice(0, first).some(({ state }) => state === answer) ? "older" : "undecided";
}
