import { RockpoolError } from "@rockpool/base";
import { parseBoundedJson } from "../text/parse-bounded-json.ts";

/** A value to be put into a text. */
export type KnexValue = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** Values by position or by name; null = none were sent. */
export type KnexBindings = readonly KnexValue[] | ReadonlyMap<string, KnexValue> | null;

/** The body of `POST /sql`. */
export interface SqlRequest {
  readonly username: string;
  readonly password: string;
  readonly sql: string;
  readonly bindings: KnexBindings;
  /** `mysql`, `mariadb` or something else. */
  readonly provider: string;
  readonly database: string;
}

/** As many as a MySQL statement may have parameters. */
const VALUES_MAX = 65_535;

/** Reads the body; other members, `cacheId` among them, are ignored. Throws `RockpoolError("bad-request")`. */
export function parseSqlRequest(body: string): SqlRequest {
  const request = parseObject(body);
  return {
    username: text(request, "username"),
    password: text(request, "password"),
    sql: text(request, "sql"),
    provider: text(request, "provider"),
    database: text(request, "database"),
    bindings: readBindings(request["bindings"] ?? null),
  };
}

/**
 * The most that a prepared statement may have are 65,535. Nobody has proven a login yet when this is parsed, since the
 * login is in it: a stranger's body of 500,000 values held others up for 0.4 s.
 */
const BODY_VALUES_MAX = 70_000;

function parseObject(body: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseBoundedJson(body, BODY_VALUES_MAX);
  } catch (cause) {
    throw new RockpoolError("bad-request", { cause, context: { reason: "not JSON" } });
  }
  if (!isObject(value)) throw badRequest("not an object");
  return value;
}

function text(request: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(request, name) ? request[name] : undefined;
  if (typeof value !== "string") throw badRequest(name);
  return value;
}

function readBindings(value: unknown): KnexBindings {
  if (value === null) return null;
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) throw badRequest("bindings");
  const entries = Object.entries(value).map(([name, item]) => [name, readValue(item)] as const);
  const count = entries.reduce((sum, [, item]) => sum + (Array.isArray(item) ? item.length : 1), 0);
  if (count > VALUES_MAX) throw badRequest("too many bindings");
  return isList ? entries.map(([, item]) => item) : new Map(entries);
}

function readValue(value: unknown): KnexValue {
  if (isScalar(value)) return value;
  if (Array.isArray(value) && value.every((item) => isScalar(item))) return value;
  throw new RockpoolError("bind-variable-invalid", { context: { reason: "type" } });
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return (
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badRequest(reason: string): RockpoolError {
  return new RockpoolError("bad-request", { context: { reason } });
}
