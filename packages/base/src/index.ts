export { assert, assertNever, InvariantError } from "./assert.ts";
export {
  type ChangeSet,
  type Dependencies,
  EVERYTHING,
  isEmptyChange,
  NO_CHANGE,
  type Position,
  type RowKey,
  type TableId,
  uniteChanges,
} from "./change.ts";
export {
  ERROR_CODES,
  ERROR_TABLE,
  type ErrorCode,
  type ErrorRow,
  type ErrorSource,
  type RetryAdvice,
  type VitessCode,
} from "./error-table.ts";
export {
  ALL_RIGHTS,
  type LoginLimits,
  type LoginRights,
  STATEMENT_RIGHTS,
  type StatementRight,
} from "./login-rights.ts";
export type { Clock, Instant, Random, SecureRandom, TimerHandle, Timers } from "./ports.ts";
export {
  type RawColumn,
  STATUS_AUTOCOMMIT,
  STATUS_IN_TRANSACTION,
  STATUS_MORE_RESULTS,
  type StatementEnd,
} from "./result-set.ts";
export { type DatabaseError, type ErrorContext, RockpoolError, toRockpoolError } from "./rockpool-error.ts";
export { KIB, MIB, SECOND_MS } from "./units.ts";
