export { FeedClient, type FeedClientOptions, type FeedHandlers } from "./feed-client.ts";
export type { LinkOptions } from "./link.ts";
export type { LinkTls } from "./link-socket.ts";
export {
  type BackhaulHandlers,
  BackhaulServer,
  type BackhaulServerOptions,
  type BackhaulServerTls,
  type FeedResponder,
  type RefusalReason,
  type StatementResponder,
} from "./server.ts";
export {
  type StatementCall,
  StatementClient,
  type StatementClientOptions,
  type StatementHandlers,
} from "./statement-client.ts";
