import { ProtocolError } from "../protocol-error.ts";

/** The lead byte of a NULL cell in a text row. */
export const NULL_CELL = 0xfb;

/**
 * Reads the basic types of the MySQL protocol from one packet's payload. Every read is checked against the payload
 * and throws `ProtocolError` when it would pass its end. Byte results are views into the payload.
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html
 *
 * ```
 * int<lenenc>:  00..fa      the value itself
 *               fb          NULL (text rows only)
 *               fc u16 | fd u24 | fe u64
 * ```
 */
export class PacketReader {
  readonly #payload: Buffer;
  #offset: number;

  constructor(payload: Uint8Array, offset = 0) {
    this.#payload = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#offset = offset;
  }

  /** Where the next read starts. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#payload.length - this.#offset;
  }

  /** int<1>. */
  uint8(): number {
    return this.#payload.readUInt8(this.#advance(1));
  }

  /** int<2>. */
  uint16(): number {
    return this.#payload.readUInt16LE(this.#advance(2));
  }

  /** int<4>. */
  uint32(): number {
    return this.#payload.readUInt32LE(this.#advance(4));
  }

  /** int<lenenc>, unsigned 64 bit. */
  lenencBigInt(): bigint {
    const lead = this.uint8();
    if (lead < NULL_CELL) return BigInt(lead);
    if (lead === 0xfc) return BigInt(this.uint16());
    if (lead === 0xfd) return BigInt(this.#payload.readUIntLE(this.#advance(3), 3));
    if (lead === 0xfe) return this.#payload.readBigUInt64LE(this.#advance(8));
    throw new ProtocolError("not a length-encoded integer");
  }

  /** int<lenenc> that must fit a safe integer: counts and lengths. */
  lenencNumber(): number {
    const value = this.lenencBigInt();
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new ProtocolError("length-encoded integer out of range");
    return Number(value);
  }

  /** string<lenenc> as bytes: a view into the payload. */
  lenencBytes(): Uint8Array {
    return this.bytes(this.lenencNumber());
  }

  /** string<lenenc> as UTF-8 text; invalid sequences become U+FFFD, a leading BOM stays. */
  lenencText(): string {
    return this.text(this.lenencNumber());
  }

  /** One cell of a text row: its bytes (a view into the payload), or null for NULL. */
  cell(): Uint8Array | null {
    if (this.remaining > 0 && this.#payload[this.#offset] === NULL_CELL) {
      this.#offset++;
      return null;
    }
    return this.lenencBytes();
  }

  /** The next `length` bytes: a view into the payload. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#payload.subarray(start, start + length);
  }

  /** The next `length` bytes as UTF-8 text. */
  text(length: number): string {
    const start = this.#advance(length);
    return this.#payload.toString("utf8", start, start + length);
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length > this.#payload.length - start) throw new ProtocolError("packet ends too early");
    this.#offset = start + length;
    return start;
  }
}
