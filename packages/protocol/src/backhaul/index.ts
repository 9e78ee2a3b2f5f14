export { ProtocolError } from "../protocol-error.ts";
export {
  BACKHAUL_VERSION,
  decodeFeedMessage,
  decodeFeedRequest,
  type Doubt,
  encodeFeedMessage,
  encodeFeedRequest,
  type FeedLogin,
  type FeedMessage,
  type FeedRequest,
  type Hello,
} from "./feed.ts";
export { encodeFrame, type Frame, FrameDecoder } from "./frame.ts";
export { RowCounter } from "./row-counter.ts";
export { RowStreamDecoder, writeRowLength } from "./row-stream.ts";
export {
  decodeStatement,
  decodeStatementMessage,
  type Dispatched,
  encodeRowsFrame,
  encodeStatement,
  encodeStatementMessage,
  type Failure,
  type Finish,
  type SessionVariable,
  type StatementMessage,
  type StatementRequest,
  type TraceContext,
} from "./statement.ts";
