/** A name and a password as a client sent them. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Longest header that is looked at. */
const HEADER_MAX_LENGTH = 1_024;

/** RFC 7617: base64 of `name:password`, split at the first colon; UTF-8, as browsers and `btoa` of ASCII send it. */
export function parseBasic(header: string): Credentials | null {
  if (header.length > HEADER_MAX_LENGTH) return null;
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header);
  if (match?.[1] === undefined) return null;
  const text = Buffer.from(match[1], "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The header as clients usually send it: one spelling of the same credentials. */
export function formatBasic({ name, password }: Credentials): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}
