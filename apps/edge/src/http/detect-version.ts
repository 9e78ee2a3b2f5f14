import type { Socket } from "node:net";

/** How every HTTP/2 connection begins (RFC 9113, 3.4). No HTTP/1.1 request begins like its first line. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n");

/** What a client speaks on a cleartext port. */
export type HttpVersion = "h1" | "h2";

/** Reads as much of a connection as is needed to tell the version, and puts it back. A client that says too little in time is cut. */
export function detectVersion(
  socket: Socket,
  timeoutMs: number,
  onVersion: (version: HttpVersion) => void,
): void {
  let head: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", stop);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const onData = (chunk: Buffer): void => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const version = versionOf(head);
    if (version === null) return;
    stop();
    socket.pause();
    socket.unshift(head);
    onVersion(version);
    // node:http2 takes what was read by itself.
    if (version === "h1") socket.resume();
  };
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.on("close", stop);
}

/** Null = it can still be both. */
function versionOf(head: Buffer): HttpVersion | null {
  const length = Math.min(head.length, PREFACE.length);
  if (head.compare(PREFACE, 0, length, 0, length) !== 0) return "h1";
  return length === PREFACE.length ? "h2" : null;
}
