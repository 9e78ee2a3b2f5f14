import type { StackProcess } from "./stack-process.ts";

/** The path of psdb's Execute. */
const EXECUTE_PATH = "/psdb.v1alpha1.Database/Execute";

/** The `authorization` header of the stack's login. */
export function formatAuthorization({ login }: StackProcess["line"]): string {
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
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
