import { encodeTidbError, TIDB_RESULT } from "@rockpool/protocol/tidb";
import type { AnswerForm } from "./answer-form.ts";

/** An answer of TiDB Cloud's `/v1beta/sql`: types and rows; the session is a header, which the client insists on. */
export const TIDB_FORM: AnswerForm = {
  result: TIDB_RESULT,
  head: "",
  tail: () => "",
  nothing: () => TIDB_RESULT.ok({ affectedRows: 0n, insertId: 0n, warnings: 0 }),
  failure: (error) => encodeTidbError(error),
  lateFailure: () => null,
  headers: (spoken) => ["tidb-session", spoken.signature],
  keepsSession: true,
};
