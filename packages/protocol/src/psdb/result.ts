import type { ResultForm } from "../text/result-form.ts";
import { closeResult, encodeOkResult, openResult } from "./answer.ts";
import { encodeFields } from "./field.ts";
import { createRowEncoder } from "./row-encoder.ts";

/** The `result` member of an Execute answer. */
export const PSDB_RESULT: ResultForm = {
  name: "psdb",
  open: (columns) => ({ text: openResult(encodeFields(columns)), rows: createRowEncoder(columns.length) }),
  close: closeResult(),
  ok: encodeOkResult,
};
