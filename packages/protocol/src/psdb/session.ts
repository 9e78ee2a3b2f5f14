import { encodeJsonText } from "./json-text.ts";

/** What a client may see of its session besides the opaque signature. */
export interface PsdbSessionState {
  readonly autocommit: boolean;
  readonly inTransaction: boolean;
  /** The session's stable id. */
  readonly sessionUuid: string;
  readonly foundRows?: bigint;
  /** -1 after a statement with a result set. */
  readonly rowCount?: bigint;
  /** Unsigned 64 bit. */
  readonly lastInsertId?: bigint;
}

/**
 * The `session` object of an answer, ASCII. Clients echo it whole; typed ones insist on `autocommit`, the options,
 * `DDLStrategy`, `SessionUUID` and `enableSystemSettings`, so those are always there.
 */
export function encodeSession(signature: string, state: PsdbSessionState): string {
  const members = [
    `"autocommit":${state.autocommit}`,
    ...(state.inTransaction ? ['"inTransaction":true'] : []),
    '"options":{"includedFields":"ALL","clientFoundRows":true}',
    ...integer("lastInsertId", state.lastInsertId),
    ...integer("foundRows", state.foundRows),
    ...integer("rowCount", state.rowCount),
    '"DDLStrategy":"direct"',
    `"SessionUUID":${encodeJsonText(state.sessionUuid)}`,
    '"enableSystemSettings":true',
  ];
  return `{"signature":${encodeJsonText(signature)},"vitessSession":{${members.join(",")}}}`;
}

/** proto3's JSON form of a 64-bit integer: a string, left out when zero. */
function integer(name: string, value: bigint | undefined): string[] {
  return value === undefined || value === 0n ? [] : [`"${name}":"${value}"`];
}
