import { encodePolyscaleError, POLYSCALE_RESULT } from "@rockpool/protocol/polyscale";
import type { AnswerForm } from "./answer-form.ts";

/** An answer of PolyScale's `/sql`: the array of rows and nothing else. */
export const POLYSCALE_FORM: AnswerForm = {
  result: POLYSCALE_RESULT,
  head: "",
  tail: () => "",
  nothing: () => POLYSCALE_RESULT.ok({ affectedRows: 0n, insertId: 0n, warnings: 0 }),
  failure: (error) => encodePolyscaleError(error),
  lateFailure: () => null,
  headers: () => [],
  keepsSession: false,
};
