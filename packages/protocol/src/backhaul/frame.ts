/**
 * Frames of the backhaul, the same in both directions and on every stream:
 *
 *   offset 0  u32 big-endian  length of what follows (type + payload), 1 .. frameMaxBytes
 *   offset 4  u8              message type
 *   offset 5  payload
 *
 * node:http2 ends a truncated body without an error (reference: nodejs/node#35209), so a frame is complete only
 * by its length and an exchange only by its explicit last message (S4).
 */
import { ProtocolError } from "../protocol-error.ts";

const HEADER_BYTES = 4;

/** One frame as it came: `payload` is a view into the decoder's input, valid only during the callback. */
export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Bytes in, frames out. Dead after its first `ProtocolError`. */
export class FrameDecoder {
  readonly #frameMaxBytes: number;
  #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #body: Uint8Array | null = null;
  #bodyFilled = 0;
  #isDead = false;

  /** `frameMaxBytes` bounds type + payload, checked before allocating. */
  constructor(frameMaxBytes: number) {
    this.#frameMaxBytes = frameMaxBytes;
  }

  /** Whether the input ended inside a frame. */
  get isMidFrame(): boolean {
    return this.#headerFilled > 0;
  }

  /** Feeds bytes; calls `onFrame` for each complete frame, in order. */
  push(input: Uint8Array, onFrame: (frame: Frame) => void): void {
    if (this.#isDead) throw new ProtocolError("bytes after a malformed backhaul frame");
    let at = 0;
    while (at < input.length) {
      if (this.#headerFilled < HEADER_BYTES) {
        at = this.#takeHeader(input, at);
        if (this.#headerFilled < HEADER_BYTES) return;
      }
      const length = this.#length();
      if (this.#body === null && input.length - at >= length) {
        // The whole frame lies in this chunk: no copy.
        const frame = { type: input[at] ?? 0, payload: input.subarray(at + 1, at + length) };
        at += length;
        this.#headerFilled = 0;
        onFrame(frame);
        continue;
      }
      this.#body ??= new Uint8Array(length);
      const taken = Math.min(length - this.#bodyFilled, input.length - at);
      this.#body.set(input.subarray(at, at + taken), this.#bodyFilled);
      this.#bodyFilled += taken;
      at += taken;
      if (this.#bodyFilled === length) {
        const body = this.#body;
        this.#body = null;
        this.#bodyFilled = 0;
        this.#headerFilled = 0;
        onFrame({ type: body[0] ?? 0, payload: body.subarray(1) });
      }
    }
  }

  #takeHeader(input: Uint8Array, start: number): number {
    let at = start;
    while (this.#headerFilled < HEADER_BYTES && at < input.length) {
      this.#header[this.#headerFilled] = input[at] ?? 0;
      this.#headerFilled += 1;
      at += 1;
    }
    if (this.#headerFilled === HEADER_BYTES) {
      const length = this.#length();
      if (length < 1 || length > this.#frameMaxBytes) {
        this.#isDead = true;
        throw new ProtocolError(`backhaul frame of ${length} bytes, allowed are 1 to ${this.#frameMaxBytes}`);
      }
    }
    return at;
  }

  #length(): number {
    const header = this.#header;
    return (
      (header[0] ?? 0) * 0x1000000 + (((header[1] ?? 0) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0))
    );
  }
}

/** One frame from a type and a payload, in one buffer of its own. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + 1 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length + 1);
  frame[HEADER_BYTES] = type;
  frame.set(payload, HEADER_BYTES + 1);
  return frame;
}
