import type { Connection } from "mysql2/promise";
import type { Figures } from "./figures.ts";
import { judgeAnswer, type Verdict } from "./judge-answer.ts";
import { readState } from "./raw-rows.ts";
import type { SnapshotRing } from "./snapshot-ring.ts";

/** An answer to check, just come. */
export interface CheckedAnswer {
  readonly sql: string;
  readonly askedAtMs: number;
  /** In the form of `formatState`. */
  readonly answer: string;
}

/** What the checker works with. */
export interface AnswerCheckerOptions {
  /** Straight to the database, used for nothing else meanwhile. */
  readonly connection: Connection;
  readonly ring: SnapshotRing;
  readonly boundMs: number;
  readonly figures: Figures;
}

/** Reads the answer's statement again at the database, judges the answer and counts the verdict. */
export async function checkAnswer(
  { sql, askedAtMs, answer }: CheckedAnswer,
  { connection, ring, boundMs, figures }: AnswerCheckerOptions,
): Promise<Verdict> {
  const reread = await readState(connection, sql);
  const snapshots = reread === answer ? [] : await ring.read(sql);
  const verdict = judgeAnswer({ answer, askedAtMs, boundMs, reread, snapshots });
  figures.checked += 1;
  if (verdict === "older") figures.older += 1;
  if (verdict === "undecided") figures.undecided += 1;
  return verdict;
}
