import { RockpoolError } from "@rockpool/base";
import {
  decodeTokenPayload,
  encodeTokenPayload,
  type SessionToken,
  TOKEN_PAYLOAD_MAX_BYTES,
} from "./session-token.ts";

/** The message authentication port: HMAC-SHA256 under a key that all edges share, done by whoever owns `node:crypto`. */
export interface Mac {
  /** The MAC of `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
  /** Whether `mac` is the MAC of `bytes`, in constant time; false for a MAC of another length. */
  verify(bytes: Uint8Array, mac: Uint8Array): boolean;
}

/** What is authenticated stands behind this label, so that the key's MACs of other things are never valid tokens. */
const DOMAIN_LABEL = Buffer.from("rockpool/psdb-session/1\0", "latin1");
const MAC_MAX_BYTES = 64;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Base64 of 8 KiB and of a MAC, with the dot between. */
export const SIGNATURE_MAX_LENGTH = base64Length(TOKEN_PAYLOAD_MAX_BYTES) + 1 + base64Length(MAC_MAX_BYTES);

/** The session's `signature` text: base64url(payload) "." base64url(MAC). Throws as `encodeTokenPayload` does. */
export function signToken(token: SessionToken, mac: Mac): string {
  const payload = encodeTokenPayload(token);
  return `${encodeBase64Url(payload)}.${encodeBase64Url(mac.sign(labelled(payload)))}`;
}

/** The token of a genuine `signature`. Throws `RockpoolError("bad-session")` for any other text. The login is for the caller to compare. */
export function verifyToken(signature: string, mac: Mac): SessionToken {
  const { payload, macBytes } = splitSignature(signature);
  if (!mac.verify(labelled(payload), macBytes)) throw badSession("MAC");
  return decodeTokenPayload(payload);
}

function splitSignature(signature: string): { payload: Uint8Array; macBytes: Uint8Array } {
  if (signature.length > SIGNATURE_MAX_LENGTH) throw badSession("too long");
  const dot = signature.indexOf(".");
  if (dot < 0) throw badSession("no dot");
  return {
    payload: decodeBase64Url(signature.slice(0, dot)),
    macBytes: decodeBase64Url(signature.slice(dot + 1)),
  };
}

function labelled(payload: Uint8Array): Uint8Array {
  return Buffer.concat([DOMAIN_LABEL, payload]);
}

function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** Strict: only the one text that `encodeBase64Url` would have made. */
function decodeBase64Url(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (!BASE64URL.test(text) || bytes.toString("base64url") !== text) throw badSession("base64");
  return bytes;
}

function base64Length(byteCount: number): number {
  return Math.ceil((byteCount * 4) / 3);
}

function badSession(reason: string): RockpoolError {
  return new RockpoolError("bad-session", { context: { reason } });
}
