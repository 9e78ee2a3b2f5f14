import { RockpoolError } from "@rockpool/base";

/*
 * The payload of a session token: a JSON array in UTF-8, fields by position.
 *
 *   [ version, sessionUuid, login, flags, pin | null, [[name, value], ...], lastInsertId, [epoch, seq] | null, schema | null ]
 *
 * flags: 1 = lost, 2 = in transaction, 4 = autocommit.
 */

const TOKEN_VERSION = 1;
const TOKEN_FIELD_COUNT = 9;
const FLAG_LOST = 1;
const FLAG_IN_TRANSACTION = 2;
const FLAG_AUTOCOMMIT = 4;
const FLAGS_ALL = FLAG_LOST | FLAG_IN_TRANSACTION | FLAG_AUTOCOMMIT;
const UINT64 = /^(?:0|[1-9][0-9]{0,19})$/;
const UINT64_MAX = 2n ** 64n - 1n;

/** The largest payload of a token. A session whose state would pass it cannot travel in a token. */
export const TOKEN_PAYLOAD_MAX_BYTES = 8192;

/** What a session is between two requests, as its client carries it. Valid at every edge. */
export interface SessionToken {
  readonly sessionUuid: string;
  /** The login it was made for; refuse it under another. */
  readonly login: string;
  /** The database connection that the session holds at the origin. */
  readonly pin: { readonly id: string } | null;
  /** The pinned state is gone: errors until ROLLBACK (S3). */
  readonly lost: boolean;
  readonly inTransaction: boolean;
  readonly autocommit: boolean;
  /** Harmless variable assignments, in order (`VirtualSet` of @rockpool/sql). */
  readonly virtualSets: readonly { readonly name: string; readonly value: string }[];
  /** Decimal, unsigned 64 bit. */
  readonly lastInsertId: string;
  /** The position it must not read behind. */
  readonly bookmark: { readonly epoch: string; readonly seq: number } | null;
  /** The database chosen by USE; null = the login's. */
  readonly schema: string | null;
}

/**
 * The payload of a token. A session whose state does not fit is refused with `unsupported-statement`: who adds to
 * `virtualSets` should pin instead before it comes to that.
 */
export function encodeTokenPayload(token: SessionToken): Uint8Array {
  const flags =
    (token.lost ? FLAG_LOST : 0) |
    (token.inTransaction ? FLAG_IN_TRANSACTION : 0) |
    (token.autocommit ? FLAG_AUTOCOMMIT : 0);
  const fields = [
    TOKEN_VERSION,
    token.sessionUuid,
    token.login,
    flags,
    token.pin?.id ?? null,
    token.virtualSets.map((set) => [set.name, set.value]),
    token.lastInsertId,
    token.bookmark === null ? null : [token.bookmark.epoch, token.bookmark.seq],
    token.schema,
  ];
  const payload = Buffer.from(JSON.stringify(fields), "utf8");
  if (payload.length > TOKEN_PAYLOAD_MAX_BYTES) {
    throw new RockpoolError("unsupported-statement", { context: { reason: "session state too large" } });
  }
  return payload;
}

/** Reads a payload whose MAC is proven. Throws `RockpoolError("bad-session")` for anything but an exact token of this version. */
export function decodeTokenPayload(payload: Uint8Array): SessionToken {
  if (payload.length > TOKEN_PAYLOAD_MAX_BYTES) throw badSession("too large");
  const fields = parseFields(payload);
  const flags = fields[3];
  if (typeof flags !== "number" || !Number.isInteger(flags) || flags < 0 || flags > FLAGS_ALL)
    throw badSession("flags");
  const pin = textOrNull(fields[4]);
  return {
    sessionUuid: text(fields[1]),
    login: text(fields[2]),
    pin: pin === null ? null : { id: pin },
    lost: (flags & FLAG_LOST) !== 0,
    inTransaction: (flags & FLAG_IN_TRANSACTION) !== 0,
    autocommit: (flags & FLAG_AUTOCOMMIT) !== 0,
    virtualSets: list(fields[5]).map(readVirtualSet),
    lastInsertId: readLastInsertId(fields[6]),
    bookmark: fields[7] === null ? null : readBookmark(fields[7]),
    schema: textOrNull(fields[8]),
  };
}

function parseFields(payload: Uint8Array): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
  } catch (cause) {
    throw new RockpoolError("bad-session", { cause, context: { reason: "not JSON" } });
  }
  const fields = list(value);
  if (fields[0] !== TOKEN_VERSION || fields.length !== TOKEN_FIELD_COUNT) throw badSession("version");
  return fields;
}

function readVirtualSet(value: unknown): { name: string; value: string } {
  const pair = list(value);
  if (pair.length !== 2) throw badSession("variables");
  return { name: text(pair[0]), value: text(pair[1]) };
}

function readLastInsertId(value: unknown): string {
  const digits = text(value);
  if (!UINT64.test(digits) || BigInt(digits) > UINT64_MAX) throw badSession("last insert id");
  return digits;
}

function readBookmark(value: unknown): { epoch: string; seq: number } {
  const pair = list(value);
  const seq = pair[1];
  if (pair.length !== 2 || typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0)
    throw badSession("bookmark");
  return { epoch: text(pair[0]), seq };
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw badSession("shape");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw badSession("shape");
  return value;
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

function badSession(reason: string): RockpoolError {
  return new RockpoolError("bad-session", { context: { reason } });
}
