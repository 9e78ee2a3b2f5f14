import { ProtocolError } from "../protocol-error.ts";

/*
 * Text-protocol rows to the elements of `result.rows`: {"lengths":["1","-1"],"values":"<base64>"}.
 * A miss streams through here, so the hot path writes ASCII bytes into one block and makes one string per block.
 */

const ROWS_OPEN = ',"rows":[';
const ROWS_CLOSE = "]";
const BLOCK_BYTES = 64 * 1024;
/** A multiple of 3: base64 of full scratches can be joined. */
const SCRATCH_BYTES = 48 * 1024;
/** Most results are a row or two: the buffers start small and take their full size once that has been filled. */
const FIRST_BLOCK_BYTES = 1024;
const FIRST_SCRATCH_BYTES = 768;
/** `"` + ten digits + `",` and one byte of slack: payloads are below 4 GiB. */
const LENGTH_MAX_BYTES = 14;
const ROW_FRAME_MAX_BYTES = 64;
/** Under this many bytes the loop below beats a call into the runtime (row-encoder.bench.ts). */
const NATIVE_MIN_BYTES = 192;
const COPY_MIN_BYTES = 48;
const COLUMN_MAX_COUNT = 65_535;
const NO_PIECES: readonly string[] = [];
const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "latin1");

/**
 * Encodes the rows of one result set. Holds at most a block and a scratch (64 KiB + 48 KiB, more only for thousands
 * of columns), whatever the size of a row. After a `ProtocolError` it is dead.
 */
export interface RowEncoder {
  /**
   * Takes one text-protocol row payload, which it does not keep. Returns the JSON pieces (ASCII) that are ready,
   * usually none; each is at most about 64 KiB. Throws `ProtocolError` unless the row has exactly the column count.
   */
  push(payload: Uint8Array): readonly string[];
  /** The rest of the text, closing the array; `""` when there was no row (proto3 leaves an empty list out). */
  end(): string;
}

/** Creates the encoder for a result set of `columnCount` columns. Its text belongs between `openResult` and `closeResult`. */
export function createRowEncoder(columnCount: number): RowEncoder {
  if (columnCount < 1 || columnCount > COLUMN_MAX_COUNT) throw new ProtocolError("column count out of range");
  return new BlockRowEncoder(columnCount);
}

class BlockRowEncoder implements RowEncoder {
  readonly #columnCount: number;
  readonly #headMaxBytes: number;
  #block: Buffer;
  #scratch: Buffer = Buffer.allocUnsafe(FIRST_SCRATCH_BYTES);
  #used = 0;
  #gathered = 0;
  #pieces: string[] = [];
  #hasRows = false;

  constructor(columnCount: number) {
    this.#columnCount = columnCount;
    this.#headMaxBytes = columnCount * LENGTH_MAX_BYTES + ROW_FRAME_MAX_BYTES;
    this.#block = Buffer.allocUnsafe(Math.max(FIRST_BLOCK_BYTES, this.#headMaxBytes));
  }

  push(payload: Uint8Array): readonly string[] {
    this.#reserve(this.#headMaxBytes);
    this.#writeAscii(this.#hasRows ? "," : ROWS_OPEN);
    this.#hasRows = true;
    this.#writeAscii('{"lengths":[');
    const valueBytes = this.#writeLengths(payload);
    if (valueBytes === 0) {
      this.#writeAscii("]}");
    } else {
      this.#writeAscii('],"values":"');
      this.#gatherCells(payload);
      this.#encodeScratch();
      this.#reserve(2);
      this.#writeAscii('"}');
    }
    return this.#takePieces();
  }

  end(): string {
    if (!this.#hasRows) return "";
    const rest = this.#block.toString("latin1", 0, this.#used) + ROWS_CLOSE;
    this.#used = 0;
    return rest;
  }

  /** Writes the list of lengths, checks the row's shape, and returns the sum of the cells' bytes. */
  #writeLengths(payload: Uint8Array): number {
    const block = this.#block;
    const size = payload.length;
    let at = this.#used;
    let offset = 0;
    let total = 0;
    for (let index = 0; index < this.#columnCount; index++) {
      if (offset >= size) throw new ProtocolError("text row: too few cells");
      if (index > 0) block[at++] = 0x2c;
      block[at++] = 0x22;
      // In bounds: checked above.
      const lead = payload[offset] as number;
      if (lead === 0xfb) {
        block[at++] = 0x2d;
        block[at++] = 0x31;
        offset++;
      } else {
        const head = lead < 0xfb ? 1 : headLength(lead);
        const length = lead < 0xfb ? lead : wideLength(payload, offset, head);
        offset += head + length;
        if (offset > size) throw new ProtocolError("text row: cell passes the end");
        total += length;
        at = writeDecimal(block, at, length);
      }
      block[at++] = 0x22;
    }
    if (offset !== size) throw new ProtocolError("text row: too many cells");
    this.#used = at;
    return total;
  }

  /** Brings the cells together in the scratch; full scratches are encoded on the way. The row's shape is proven. */
  #gatherCells(payload: Uint8Array): void {
    let offset = 0;
    while (offset < payload.length) {
      // In bounds: the loop's condition.
      const lead = payload[offset] as number;
      if (lead === 0xfb) {
        offset++;
        continue;
      }
      const head = lead < 0xfb ? 1 : headLength(lead);
      const start = offset + head;
      offset = start + (lead < 0xfb ? lead : wideLength(payload, offset, head));
      this.#gather(payload, start, offset);
    }
  }

  #gather(payload: Uint8Array, start: number, end: number): void {
    const scratch = this.#scratch;
    if (end - start < COPY_MIN_BYTES && this.#gathered + end - start <= scratch.length) {
      let to = this.#gathered;
      // In bounds: the row's shape is proven.
      for (let from = start; from < end; from++) scratch[to++] = payload[from] as number;
      this.#gathered = to;
      return;
    }
    let from = start;
    while (from < end) {
      if (this.#gathered === this.#scratch.length) this.#encodeFullScratch();
      const taken = Math.min(end - from, this.#scratch.length - this.#gathered);
      this.#scratch.set(payload.subarray(from, from + taken), this.#gathered);
      this.#gathered += taken;
      from += taken;
    }
  }

  #encodeFullScratch(): void {
    this.#encodeScratch();
    if (this.#scratch.length < SCRATCH_BYTES) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  }

  #encodeScratch(): void {
    const count = this.#gathered;
    this.#gathered = 0;
    if (count >= NATIVE_MIN_BYTES) {
      const text = this.#scratch.toString("base64", 0, count);
      if (text.length >= BLOCK_BYTES / 4) {
        this.#flush();
        this.#pieces.push(text);
      } else {
        this.#reserve(text.length);
        this.#writeAscii(text);
      }
      return;
    }
    this.#reserve(Math.ceil(count / 3) * 4);
    this.#used = writeBase64(this.#block, this.#used, this.#scratch, count);
  }

  /** Makes room for `byteCount` bytes, which is never more than a full block or a row's head. */
  #reserve(byteCount: number): void {
    if (this.#block.length - this.#used >= byteCount) return;
    this.#flush();
    const full = Math.max(BLOCK_BYTES, this.#headMaxBytes);
    if (this.#block.length < full) this.#block = Buffer.allocUnsafeSlow(full);
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#pieces.push(this.#block.toString("latin1", 0, this.#used));
    this.#used = 0;
  }

  #takePieces(): readonly string[] {
    if (this.#pieces.length === 0) return NO_PIECES;
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #writeAscii(text: string): void {
    if (text.length < 16) {
      for (let index = 0; index < text.length; index++) this.#block[this.#used++] = text.charCodeAt(index);
    } else {
      this.#used += this.#block.write(text, this.#used, "latin1");
    }
  }
}

function headLength(lead: number): number {
  if (lead === 0xfc) return 3;
  if (lead === 0xfd) return 4;
  if (lead === 0xfe) return 9;
  throw new ProtocolError("text row: bad cell length");
}

/** A cell length of 2, 3 or 8 bytes, least significant byte first, behind its lead byte. */
function wideLength(payload: Uint8Array, offset: number, head: number): number {
  if (offset + head > payload.length) throw new ProtocolError("text row: cell passes the end");
  let length = 0;
  for (let index = head - 1; index > 0; index--) length = length * 256 + (payload[offset + index] ?? 0);
  return length;
}

function writeDecimal(target: Buffer, at: number, value: number): number {
  if (value < 10) {
    target[at] = 0x30 + value;
    return at + 1;
  }
  if (value < 100) {
    const tens = (value / 10) | 0;
    target[at] = 0x30 + tens;
    target[at + 1] = 0x30 + value - tens * 10;
    return at + 2;
  }
  const digits = String(value);
  for (let index = 0; index < digits.length; index++) target[at + index] = digits.charCodeAt(index);
  return at + digits.length;
}

/** Standard base64 with padding of `source[0, count)`; returns where the next byte goes. */
function writeBase64(target: Buffer, start: number, source: Buffer, count: number): number {
  let at = start;
  let from = 0;
  const whole = count - (count % 3);
  // All indices below are in bounds: `from` stays under `count`, and six bits index the 64 letters.
  for (; from < whole; from += 3) {
    const bits =
      ((source[from] as number) << 16) | ((source[from + 1] as number) << 8) | (source[from + 2] as number);
    target[at] = ALPHABET[bits >> 18] as number;
    target[at + 1] = ALPHABET[(bits >> 12) & 63] as number;
    target[at + 2] = ALPHABET[(bits >> 6) & 63] as number;
    target[at + 3] = ALPHABET[bits & 63] as number;
    at += 4;
  }
  if (count - whole === 0) return at;
  const two = count - whole === 2;
  const bits = ((source[from] as number) << 16) | (two ? (source[from + 1] as number) << 8 : 0);
  target[at] = ALPHABET[bits >> 18] as number;
  target[at + 1] = ALPHABET[(bits >> 12) & 63] as number;
  target[at + 2] = two ? (ALPHABET[(bits >> 6) & 63] as number) : 0x3d;
  target[at + 3] = 0x3d;
  return at + 4;
}
