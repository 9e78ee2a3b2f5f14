import type { IncomingMessage } from "node:http";
import { RockpoolError } from "@rockpool/base";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a request body as UTF-8 text, at most `maxBytes`; calls back once, with an error for too large or invalid ones. */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  onBody: (body: string | RockpoolError) => void,
): void {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) return onBody(new RockpoolError("body-too-large"));
  let chunks: Buffer[] = [];
  let bytes = 0;
  let over = false;
  const finish = (body: string | RockpoolError): void => {
    if (over) return;
    over = true;
    chunks = [];
    onBody(body);
  };
  request.on("data", (chunk: Buffer) => {
    if (over) return;
    bytes += chunk.length;
    if (bytes > maxBytes) return finish(new RockpoolError("body-too-large"));
    chunks.push(chunk);
  });
  request.on("end", () => {
    const [first] = chunks;
    const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
    try {
      finish(strict.decode(whole));
    } catch (cause) {
      finish(new RockpoolError("bad-request", { cause }));
    }
  });
  request.on("error", () => {
    over = true; // the client is gone: there is nobody to answer
  });
}
