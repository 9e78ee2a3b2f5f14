import { closeAnswer, encodeAnswer, encodeErrorBody, openAnswer, PSDB_RESULT } from "@rockpool/protocol/psdb";
import type { AnswerForm } from "./answer-form.ts";

/** An answer of psdb's Execute: result, error, session, timing, in this order, so that a late failure still tells. */
export const PSDB_FORM: AnswerForm = {
  result: PSDB_RESULT,
  head: openAnswer(),
  // As closeAnswer makes it; on the path of every hit.
  tail: ({ spoken, elapsedMs }) => `,"session":${spoken.text},"timing":${elapsedMs / 1000}}`,
  nothing: ({ spoken, elapsedMs }) =>
    encodeAnswer("{}", { errorText: null, sessionText: spoken.text, timingSeconds: elapsedMs / 1000 }),
  failure: (error, { spoken, elapsedMs }) => ({
    httpStatus: 200,
    body: encodeAnswer(null, {
      errorText: encodeErrorBody(error),
      sessionText: spoken.text,
      timingSeconds: elapsedMs / 1000,
    }),
  }),
  lateFailure: (error, { spoken, elapsedMs }) =>
    closeAnswer({
      errorText: encodeErrorBody(error),
      sessionText: spoken.text,
      timingSeconds: elapsedMs / 1000,
    }),
  headers: () => [],
  keepsSession: true,
};
