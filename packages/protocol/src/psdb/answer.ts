import type { StatementEnd } from "@rockpool/base";

/*
 * The text of one Execute answer. All of it is ASCII, and its order is fixed so that a result can be streamed and a
 * late failure can still be told:
 *
 *   openAnswer            {"result":
 *   result text             openResult + RowEncoder's pieces + closeResult, or encodeOkResult; this is what a cache keeps
 *   closeAnswer           ,"error":{…},"session":{…},"timing":0.0043}
 */

/** What stands around the result. `null` = absent. */
export interface AnswerTail {
  /** From `encodeErrorBody`. The client throws it and ignores the result before it. */
  readonly errorText: string | null;
  /** From `encodeSession`. The client stores it even when there is an error. */
  readonly sessionText: string | null;
  /** How long the statement took, in seconds. */
  readonly timingSeconds: number;
}

/** The start of the result text of a statement with columns; `fieldsJson` from `encodeFields`. Rows may follow. */
export function openResult(fieldsJson: string): string {
  return `{"fields":${fieldsJson}`;
}

/** The end of the result text, after `RowEncoder.end()`. */
export function closeResult(): string {
  return "}";
}

/** The result text of a statement without columns: counts as strings, left out when zero. */
export function encodeOkResult(end: Pick<StatementEnd, "affectedRows" | "insertId">): string {
  const insertId = BigInt.asUintN(64, end.insertId);
  const members: string[] = [];
  if (end.affectedRows !== 0n) members.push(`"rowsAffected":"${end.affectedRows}"`);
  if (insertId !== 0n) members.push(`"insertId":"${insertId}"`);
  return `{${members.join(",")}}`;
}

/** The start of an answer that has a result, for streaming. */
export function openAnswer(): string {
  return '{"result":';
}

/** The end of an answer that began with `openAnswer` and a complete result text. */
export function closeAnswer(tail: AnswerTail): string {
  const members = tailMembers(tail);
  return members.length === 0 ? "}" : `,${members.join(",")}}`;
}

/** A whole answer at once; `resultText` is null when the statement failed before it had a result. */
export function encodeAnswer(resultText: string | null, tail: AnswerTail): string {
  if (resultText === null) return `{${tailMembers(tail).join(",")}}`;
  return openAnswer() + resultText + closeAnswer(tail);
}

function tailMembers(tail: AnswerTail): string[] {
  const members: string[] = [];
  if (tail.errorText !== null) members.push(`"error":${tail.errorText}`);
  if (tail.sessionText !== null) members.push(`"session":${tail.sessionText}`);
  // A double of proto3: zero is left out; anything but a finite positive number would not be JSON or not a time.
  if (tail.timingSeconds > 0 && Number.isFinite(tail.timingSeconds))
    members.push(`"timing":${tail.timingSeconds}`);
  return members;
}
