import { RockpoolError } from "@rockpool/base";
import { parseBoundedJson } from "../text/parse-bounded-json.ts";
import { SIGNATURE_MAX_LENGTH } from "./signature.ts";

/** One value of `bind_variables`: a Vitess type name and the value's bytes as text would show them. */
export interface BindVariable {
  /** `NULL_TYPE`, `INT64`, `VARCHAR` ...; unchecked. */
  readonly type: string;
  readonly value: Uint8Array;
}

/** The body of an Execute request. */
export interface ExecuteRequest {
  /** `""` when absent. */
  readonly query: string;
  /** `session.signature`; null for a new session. Not verified. */
  readonly signature: string | null;
  /** By name, without the colon. */
  readonly bindVariables: ReadonlyMap<string, BindVariable>;
}

/** As many as a MySQL statement may have parameters. */
const BIND_VARIABLES_MAX_COUNT = 65_535;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const NO_VARIABLES: ReadonlyMap<string, BindVariable> = new Map();

/**
 * Reads the JSON body of Execute (proto3's JSON form, both spellings of names; unknown members are ignored). The
 * caller has bounded the body. Throws `RockpoolError`: `bad-session` for a session that is none, else `bad-request`.
 */
export function parseExecuteRequest(body: string): ExecuteRequest {
  const request = parseObject(body);
  const query = request["query"] ?? "";
  if (typeof query !== "string") throw badRequest("query");
  return {
    query,
    signature: readSignature(request["session"] ?? null),
    bindVariables: readBindVariables(request["bind_variables"] ?? request["bindVariables"] ?? null),
  };
}

function parseObject(body: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseBoundedJson(body);
  } catch (cause) {
    throw new RockpoolError("bad-request", { cause, context: { reason: "not JSON" } });
  }
  if (!isObject(value)) throw badRequest("not an object");
  return value;
}

function readSignature(session: unknown): string | null {
  if (session === null) return null;
  const signature = isObject(session) ? session["signature"] : undefined;
  if (typeof signature !== "string" || signature === "" || signature.length > SIGNATURE_MAX_LENGTH) {
    throw new RockpoolError("bad-session", { context: { reason: "signature" } });
  }
  return signature;
}

function readBindVariables(value: unknown): ReadonlyMap<string, BindVariable> {
  if (value === null) return NO_VARIABLES;
  if (!isObject(value)) throw badRequest("bind variables");
  const entries = Object.entries(value);
  if (entries.length > BIND_VARIABLES_MAX_COUNT) throw badRequest("too many bind variables");
  return new Map(entries.map(([name, variable]) => [name, readBindVariable(variable)]));
}

function readBindVariable(variable: unknown): BindVariable {
  if (!isObject(variable)) throw badRequest("bind variable");
  // proto3 leaves its zero out: NULL_TYPE.
  const type = variable["type"] ?? "NULL_TYPE";
  const value = variable["value"] ?? "";
  if (typeof type !== "string" || typeof value !== "string" || !BASE64.test(value))
    throw badRequest("bind variable");
  return { type, value: Buffer.from(value, "base64") };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badRequest(reason: string): RockpoolError {
  return new RockpoolError("bad-request", { context: { reason } });
}
