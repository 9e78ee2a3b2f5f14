export { ProtocolError } from "../protocol-error.ts";
export {
  type AnswerTail,
  closeAnswer,
  closeResult,
  encodeAnswer,
  encodeOkResult,
  openAnswer,
  openResult,
} from "./answer.ts";
export { bindQuery } from "./bind-query.ts";
export { encodeErrorBody, encodeHttpErrorBody, type PsdbErrorCode, psdbErrorCode } from "./error-body.ts";
export { type BindVariable, type ExecuteRequest, parseExecuteRequest } from "./execute-request.ts";
export { encodeJsonText } from "./json-text.ts";
export { encodeField, encodeFields } from "./field.ts";
export { createRowEncoder, type RowEncoder } from "./row-encoder.ts";
export { PSDB_RESULT } from "./result.ts";
export type { ResultForm, ResultRows } from "../text/result-form.ts";
export { encodeSession, type PsdbSessionState } from "./session.ts";
export {
  decodeTokenPayload,
  encodeTokenPayload,
  type SessionToken,
  TOKEN_PAYLOAD_MAX_BYTES,
} from "./session-token.ts";
export { type Mac, SIGNATURE_MAX_LENGTH, signToken, verifyToken } from "./signature.ts";
