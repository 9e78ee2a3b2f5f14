/**
 * The row stream: rows of one result set, each as u32 big-endian length + text-protocol payload. A row may span
 * `rows` messages, so that frames stay small whatever a row's size.
 */
import { ProtocolError } from "../protocol-error.ts";

/** Cuts a row stream back into rows. */
export class RowStreamDecoder {
  readonly #rowMaxBytes: number;
  #rest: Uint8Array | null = null;
  #restFilled = 0;

  /** `rowMaxBytes` bounds one row, checked before allocating. */
  constructor(rowMaxBytes: number) {
    this.#rowMaxBytes = rowMaxBytes;
  }

  /** Whether the stream ended inside a row. */
  get isMidRow(): boolean {
    return this.#rest !== null;
  }

  /** Feeds a piece; calls `onRow` with a view valid only during the call. */
  push(piece: Uint8Array, onRow: (payload: Uint8Array) => void): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#rest !== null) {
        at = this.#fillRest(this.#rest, piece, at, onRow);
        continue;
      }
      if (piece.length - at >= 4) {
        const length = this.#checked(readU32(piece, at));
        if (piece.length - at >= 4 + length) {
          onRow(piece.subarray(at + 4, at + 4 + length));
          at += 4 + length;
          continue;
        }
        this.#rest = new Uint8Array(4 + length);
      } else {
        this.#rest = new Uint8Array(4);
      }
      this.#restFilled = 0;
    }
  }

  #fillRest(
    rest: Uint8Array,
    piece: Uint8Array,
    start: number,
    onRow: (payload: Uint8Array) => void,
  ): number {
    const taken = Math.min(rest.length - this.#restFilled, piece.length - start);
    rest.set(piece.subarray(start, start + taken), this.#restFilled);
    this.#restFilled += taken;
    if (this.#restFilled < rest.length) return start + taken;
    const length = this.#checked(readU32(rest, 0));
    if (rest.length === 4 && length > 0) {
      const grown = new Uint8Array(4 + length);
      grown.set(rest);
      this.#rest = grown;
      return start + taken;
    }
    this.#rest = null;
    onRow(rest.subarray(4));
    return start + taken;
  }

  #checked(length: number): number {
    if (length > this.#rowMaxBytes)
      throw new ProtocolError(`row of ${length} bytes, allowed are ${this.#rowMaxBytes}`);
    return length;
  }
}

/** Writes a row's length prefix into `target` at `at`. */
export function writeRowLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length >>> 24;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
