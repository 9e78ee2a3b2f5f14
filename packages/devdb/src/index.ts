export { type DelayRelay, type DelayRelayOptions, openDelayRelay } from "./delay-relay.ts";
export { type FaultProxy, type FaultProxyOptions, openFaultProxy } from "./fault-proxy.ts";
export { openDatabase } from "./open-database.ts";
export {
  openPrivateDatabase,
  type PrivateDatabase,
  type PrivateDatabaseOptions,
} from "./private-database.ts";
export type { RelayTarget } from "./relay-target.ts";
