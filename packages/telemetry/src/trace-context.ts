/**
 * W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/#traceparent-header
 *
 *   traceparent = version "-" trace-id "-" parent-id "-" trace-flags      lower-case hex: 2, 32, 16, 2 digits
 */

/** The place of a span in a trace. */
export interface TraceParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span that is the parent of what follows. */
  readonly parentId: string;
  /** The caller may have recorded it. */
  readonly sampled: boolean;
}

const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A later version may have more fields after the flags; `ff` is forbidden. */
const LATER = /^(?!ff|00)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** Longest header of any version that is looked at. */
const LENGTH_MAX = 512;
const SAMPLED = 0x01;

/** The parent that a `traceparent` header names; null when there is none or it breaks the format: then a trace begins here. */
export function parseTraceparent(header: string | undefined): TraceParent | null {
  if (header === undefined || header.length > LENGTH_MAX) return null;
  const text = header.trim();
  const match = VERSION_00.exec(text) ?? LATER.exec(text);
  const [, traceId = "", parentId = "", flags = ""] = match ?? [];
  if (match === null || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** The `traceparent` header of version 00 that names `parent`. */
export function formatTraceparent({ traceId, parentId, sampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${sampled ? "01" : "00"}`;
}

/** What systems must pass on at least (3.3.1.5), and what we pass on at most. */
const STATE_LENGTH_MAX = 512;
const STATE_MEMBERS_MAX = 32;
const STATE_MEMBER =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * A `tracestate` header as it may be passed on: members `key=value` in their order, blanks around them and empty ones
 * dropped. `""` when there is none, or when it is too long, has a malformed member or a key twice: then all of it goes.
 */
export function parseTracestate(header: string | undefined): string {
  if (header === undefined || header.length > STATE_LENGTH_MAX) return "";
  const members = header
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length > STATE_MEMBERS_MAX || !members.every((member) => STATE_MEMBER.test(member))) return "";
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  return keys.size === members.length ? members.join(",") : "";
}
