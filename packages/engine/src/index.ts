export type { AnswerSink } from "./answer-sink.ts";
export {
  CACHE_REASONS,
  type CacheStatus,
  HIT_REASON,
  type MissReason,
  type SessionBypassReason,
} from "./cache-reason.ts";
export {
  type AdmissionOutcome,
  type Decision,
  Engine,
  type EngineOptions,
  type PendingCall,
} from "./engine.ts";
export type { Observation, Observe, ObservedStatement, StatementContext } from "./observation.ts";
export { createSession, type EngineLogin, type Session } from "./session.ts";
export {
  RENDERED_SIZE_FACTOR,
  RENDERINGS_MAX,
  renderingOf,
  rowsOf,
  type StoredEntry,
  type StoredResult,
} from "./stored-result.ts";
export { NO_TERMS, type StatementTerms } from "./statement-terms.ts";
export type { Upstream, UpstreamCall, UpstreamHandlers, UpstreamStatement } from "./upstream.ts";
