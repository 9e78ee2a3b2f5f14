/** A content coding that answers can have, best first. */
export const CODINGS = ["zstd", "br", "gzip"] as const;

/** One of `CODINGS`. */
export type Coding = (typeof CODINGS)[number];

/** What a client takes. */
export interface Accepted {
  /** The coding to answer with; null = none of ours. */
  readonly coding: Coding | null;
  /** Whether an answer may come as it is. */
  readonly identity: boolean;
}

const PLAIN: Accepted = { coding: null, identity: true };
/** Longest header that is read; clients name a handful. */
const HEADER_MAX_LENGTH = 256;
/** Headers that are remembered; there are few in the world, and a client that makes up others starts over. */
const KNOWN_MAX = 256;

const known = new Map<string, Accepted>();

/**
 * Reads `Accept-Encoding` (RFC 9110, 12.5.3): the coding with the highest weight, among equals the first of `CODINGS`.
 * A client that refuses `identity` and knows none of ours is answered as it is all the same.
 */
export function parseAcceptEncoding(header: string | undefined): Accepted {
  if (header === undefined || header.length > HEADER_MAX_LENGTH) return PLAIN;
  const found = known.get(header);
  if (found !== undefined) return found;
  const accepted = parse(header);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(header, accepted);
  return accepted;
}

function parse(header: string): Accepted {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
    if (name !== "") weights.set(name === "x-gzip" ? "gzip" : name, weightOf(parameters));
  }
  const others = weights.get("*") ?? 0;
  let coding: Coding | null = null;
  let best = 0;
  for (const candidate of CODINGS) {
    const weight = weights.get(candidate) ?? others;
    if (weight > best) {
      best = weight;
      coding = candidate;
    }
  }
  const identityWeight = weights.get("identity") ?? (weights.get("*") === 0 ? 0 : null);
  // Who likes its answers plain better says so.
  if (identityWeight !== null && identityWeight > best) return PLAIN;
  return { coding, identity: identityWeight !== 0 || coding === null };
}

function weightOf(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  if (q === undefined) return 1;
  const weight = Number(q.slice(2));
  return weight >= 0 && weight <= 1 ? weight : 0;
}
