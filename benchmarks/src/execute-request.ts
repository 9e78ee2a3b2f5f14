import type { StackProcess } from "./stack-process.ts";

/** The path of psdb's Execute. */
const EXECUTE_PATH = "/psdb.v1alpha1.Database/Execute";

/** The `authorization` header of the stack's login. */
export function formatAuthorization({ login }: StackProcess["line"]): string {
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
}

/** The same request in HTTP/2: an HPACK block (RFC 7541) that needs no state, so that it can be sent as often as one likes. */
export function encodeH2Request(authorization: string, sql: string): { headerBlock: string; body: string } {
  const body = JSON.stringify({ query: sql, session: null });
  const fields: readonly (readonly [string, string])[] = [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "127.0.0.1"],
    [":path", EXECUTE_PATH],
    ["content-type", "application/json"],
    ["user-agent", "database-js/1.20.2"],
    ["authorization", authorization],
    ["accept", "*/*"],
    ["accept-language", "*"],
    ["sec-fetch-mode", "cors"],
    ["pragma", "no-cache"],
    ["cache-control", "no-cache"],
    ["accept-encoding", "identity"],
    ["content-length", String(Buffer.byteLength(body))],
  ];
  const headerBlock = fields.map(([name, value]) => `\0${encodeText(name)}${encodeText(value)}`).join("");
  return { headerBlock, body };
}

/** A string literal without Huffman coding (5.2), in latin1. */
function encodeText(text: string): string {
  if (text.length < 127) return String.fromCharCode(text.length) + text;
  let rest = text.length - 127;
  let prefix = "\x7f";
  while (rest >= 128) {
    prefix += String.fromCharCode((rest & 127) | 128);
    rest >>= 7;
  }
  return prefix + String.fromCharCode(rest) + text;
}

/** One whole HTTP/1.1 request for `sql` outside any session, with the headers that the driver sends. */
export function encodeExecuteRequest(authorization: string, sql: string): Buffer {
  const body = JSON.stringify({ query: sql, session: null });
  return Buffer.from(
    [
      `POST ${EXECUTE_PATH} HTTP/1.1`,
      "host: 127.0.0.1",
      "connection: keep-alive",
      "content-type: application/json",
      "user-agent: database-js/1.20.2",
      `authorization: ${authorization}`,
      "accept: */*",
      "accept-language: *",
      "sec-fetch-mode: cors",
      "pragma: no-cache",
      "cache-control: no-cache",
      "accept-encoding: gzip, deflate",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}
