export { closest } from "./closest.ts";
export { ConfigError, type ConfigProblem } from "./config-error.ts";
export { detectProgram, type ProgramName } from "./detect-program.ts";
export { formatConfigReference } from "./format-reference.ts";
export { isPrivateHost } from "./is-private-host.ts";
export {
  type ConfigSources,
  type EdgeConfig,
  loadEdgeConfig,
  loadOriginConfig,
  type OriginConfig,
} from "./load-config.ts";
export { type Network, parseNetwork } from "./parse-network.ts";
export {
  formatPasswordHash,
  type PasswordHash,
  parsePasswordHash,
  scryptBytes,
} from "./password-hash-text.ts";
export { planEdgeReload, planOriginReload, type ReloadPlan } from "./plan-reload.ts";
export type { Environment } from "./read-env.ts";
export { type Surroundings, warnOfEdgeConfig, warnOfOriginConfig } from "./warn.ts";
