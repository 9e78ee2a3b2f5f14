export { ProtocolError } from "../protocol-error.ts";
export {
  type ColumnDefinition,
  decodeColumnDefinition,
  encodeColumnDefinition,
  stripExtendedMetadata,
} from "./column-definition.ts";
export { NULL_CELL, PacketReader } from "./packet-reader.ts";
export { PacketWriter } from "./packet-writer.ts";
export {
  decodeEof,
  decodeErr,
  decodeOk,
  decodeResultHead,
  encodeEof,
  encodeErr,
  encodeOk,
  isEofPacket,
  isErrPacket,
  type ResultHead,
} from "./result-packets.ts";
export { decodeTextRow, encodeTextRow } from "./text-row.ts";
