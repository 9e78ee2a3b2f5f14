export { encodeTidbError, type TidbError } from "./error-body.ts";
export { parseIsolationLevel, parseTidbQuery } from "./request.ts";
export { TIDB_NOTHING, TIDB_RESULT } from "./result.ts";
