import { RockpoolError } from "@rockpool/base";
import type { HttpExchange } from "./http-exchange.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Memory that all bodies being read may take together. */
export class BodyBudget {
  readonly #maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held by bodies that are not complete yet. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** False = there is no room, and nothing was taken. */
  take(byteCount: number): boolean {
    if (this.#takenBytes + byteCount > this.#maxBytes) return false;
    this.#takenBytes += byteCount;
    return true;
  }

  release(byteCount: number): void {
    this.#takenBytes -= byteCount;
  }
}

/**
 * Reads a request body as UTF-8 text, at most `maxBytes` and only as long as `budget` has room; calls back once, with an
 * error for too large or invalid ones, or when there is no room.
 */
export function readBody(
  exchange: Pick<HttpExchange, "header" | "body" | "isBodyComplete">,
  maxBytes: number,
  onBody: (body: string | RockpoolError) => void,
  budget: BodyBudget = new BodyBudget(Number.POSITIVE_INFINITY),
): void {
  const announced = Number(exchange.header("content-length") ?? 0);
  if (announced > maxBytes) return onBody(new RockpoolError("body-too-large"));
  const { body: source } = exchange;
  let chunks: Buffer[] = [];
  let bytes = 0;
  let over = false;
  let isWatched = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    chunks = [];
    budget.release(bytes);
  };
  const finish = (body: string | RockpoolError): void => {
    if (over) return;
    stop();
    onBody(body);
  };
  source.on("data", (chunk: Buffer) => {
    if (over) return;
    if (bytes + chunk.length > maxBytes) return finish(new RockpoolError("body-too-large"));
    if (!budget.take(chunk.length)) return finish(new RockpoolError("too-many-clients"));
    bytes += chunk.length;
    chunks.push(chunk);
    if (isWatched || bytes === announced) return;
    isWatched = true;
    // If the client goes, there is nobody to answer. Listened to only while something is held: most bodies come whole.
    source.on("error", stop);
    source.on("close", stop);
  });
  source.on("end", () => {
    // With HTTP/2, a body that its client broke off ends like any other.
    if (!exchange.isBodyComplete) return stop();
    const [first] = chunks;
    const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
    try {
      finish(strict.decode(whole));
    } catch (cause) {
      finish(new RockpoolError("bad-request", { cause }));
    }
  });
}
