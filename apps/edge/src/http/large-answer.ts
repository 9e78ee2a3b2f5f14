import type { Writable } from "node:stream";
import { KIB } from "@rockpool/base";
import { LARGE_ANSWER_BYTES } from "./door-limits.ts";
import type { BodyBudget } from "./read-body.ts";

/** Handed to the connection at once. What is larger would be copied whole for every client that takes it slowly. */
const PIECE_LENGTH = 64 * KIB;

/** Whether an answer has to be reserved, and sent in pieces. */
export function isLargeAnswer(body: string | Uint8Array): boolean {
  return body.length > LARGE_ANSWER_BYTES;
}

/** Takes the answer's length from `budget` until the stream is gone. False = there is no room, and nothing was taken. */
export function reserveLarge(stream: Writable, body: string | Uint8Array, budget: BodyBudget): boolean {
  const { length } = body;
  if (!budget.take(length)) return false;
  stream.once("close", () => budget.release(length));
  return true;
}

/** Writes all of `body` and ends the stream; `onMoved` is called whenever the client took more. */
export function sendInPieces(stream: Writable, body: string | Uint8Array, onMoved: () => void): void {
  let at = 0;
  const pump = (): void => {
    onMoved();
    while (at < body.length) {
      const piece = typeof body === "string" ? body.slice(at, at + PIECE_LENGTH) : cut(body, at);
      at += PIECE_LENGTH;
      if (at >= body.length) return void stream.end(piece, "latin1");
      if (!stream.write(piece, "latin1")) return;
    }
  };
  stream.on("drain", pump);
  pump();
}

function cut(body: Uint8Array, at: number): Uint8Array {
  return body.subarray(at, at + PIECE_LENGTH);
}
