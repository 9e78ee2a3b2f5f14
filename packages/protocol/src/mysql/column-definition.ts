import { ProtocolError } from "../protocol-error.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketWriter } from "./packet-writer.ts";

/*
 * Protocol::ColumnDefinition41
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html
 * https://mariadb.com/docs/server/reference/clientserver-protocol/4-server-response-packets/result-set-packets
 *
 *   string<lenenc>  catalog ("def"), schema, table, org_table, name, org_name
 *   string<lenenc>  MariaDB's extended metadata, only where MARIADB_CLIENT_EXTENDED_METADATA (1 << 35) was negotiated:
 *                   { int<1> 0 = type name | 1 = format, string<lenenc> value } ...
 *   int<lenenc>     0x0c
 *   int<2> charset  int<4> column length  int<1> type  int<2> flags  int<1> decimals  int<2> filler
 */

const FIXED_LENGTH = 0x0c;
const NAME_COUNT = 6;
const EXTENDED_FORMAT = 1;

/** One decoded column definition. */
export interface ColumnDefinition {
  readonly catalog: string;
  readonly schema: string;
  /** The alias the statement used. */
  readonly table: string;
  readonly orgTable: string;
  /** The alias the statement used. */
  readonly name: string;
  readonly orgName: string;
  /** Collation id; 63 = binary. */
  readonly charset: number;
  /** Display width, in bytes of the result character set. */
  readonly columnLength: number;
  /** MYSQL_TYPE_*. */
  readonly type: number;
  /** Column definition flags (NOT_NULL 1, UNSIGNED 32, BINARY 128 ...). */
  readonly flags: number;
  readonly decimals: number;
}

/** Decodes a column definition from which any extended block was removed. Throws `ProtocolError`. */
export function decodeColumnDefinition(payload: Uint8Array): ColumnDefinition {
  const reader = new PacketReader(payload);
  const catalog = reader.lenencText();
  const schema = reader.lenencText();
  const table = reader.lenencText();
  const orgTable = reader.lenencText();
  const name = reader.lenencText();
  const orgName = reader.lenencText();
  // Exactly this length, to the end: so an extended block that was not stripped cannot pass for the fixed part.
  if (reader.lenencNumber() !== FIXED_LENGTH || reader.remaining !== FIXED_LENGTH) {
    throw new ProtocolError("column definition: bad fixed part");
  }
  const charset = reader.uint16();
  const columnLength = reader.uint32();
  const type = reader.uint8();
  const flags = reader.uint16();
  const decimals = reader.uint8();
  return { catalog, schema, table, orgTable, name, orgName, charset, columnLength, type, flags, decimals };
}

/** The payload of a column definition without extended block. */
export function encodeColumnDefinition(column: ColumnDefinition): Uint8Array {
  return new PacketWriter()
    .lenencText(column.catalog)
    .lenencText(column.schema)
    .lenencText(column.table)
    .lenencText(column.orgTable)
    .lenencText(column.name)
    .lenencText(column.orgName)
    .lenenc(FIXED_LENGTH)
    .uint16(column.charset)
    .uint32(column.columnLength)
    .uint8(column.type)
    .uint16(column.flags)
    .uint8(column.decimals)
    .uint16(0)
    .finish();
}

/**
 * Removes MariaDB's extended metadata block. `extended` = the connection negotiated it; every definition then has a
 * block, often empty. The result is a copy where something was removed, else the payload itself. `json` = the block
 * said `format=json`, which is how MariaDB tells a JSON column from any other LONGTEXT. Throws `ProtocolError`.
 */
export function stripExtendedMetadata(
  payload: Uint8Array,
  extended: boolean,
): { readonly definition: Uint8Array; readonly json: boolean } {
  if (!extended) return { definition: payload, json: false };
  const reader = new PacketReader(payload);
  for (let index = 0; index < NAME_COUNT; index++) reader.lenencBytes();
  const blockStart = reader.offset;
  const json = hasJsonFormat(reader.lenencBytes());
  const tail = payload.subarray(reader.offset);
  return { definition: Buffer.concat([payload.subarray(0, blockStart), tail]), json };
}

function hasJsonFormat(block: Uint8Array): boolean {
  const reader = new PacketReader(block);
  let json = false;
  while (reader.remaining > 0) {
    const kind = reader.uint8();
    const value = reader.lenencText();
    if (kind === EXTENDED_FORMAT && value === "json") json = true;
  }
  return json;
}
