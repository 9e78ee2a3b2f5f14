/** Primitive fields of backhaul payloads: big-endian integers, IEEE doubles, u32-length-prefixed bytes and UTF-8 text. */
import { ProtocolError } from "../protocol-error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const FIRST_PAYLOAD_BYTES = 256;

/** Builds a payload field by field, in one buffer that grows. */
export class PayloadWriter {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_PAYLOAD_BYTES);
  #length = 0;

  u8(value: number): this {
    const at = this.#take(1);
    this.#buffer[at] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#take(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#take(8);
    this.#buffer.writeBigUInt64BE(value, at);
    return this;
  }

  f64(value: number): this {
    const at = this.#take(8);
    this.#buffer.writeDoubleBE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    const at = this.#take(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value, "utf8"));
  }

  /** Any JSON value, as text. */
  json(value: unknown): this {
    return this.text(JSON.stringify(value));
  }

  /** The payload; the writer is not to be used after. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Makes room for `byteCount` bytes more; where they go. The buffer may be another one after it. */
  #take(byteCount: number): number {
    const at = this.#length;
    this.#length += byteCount;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    return at;
  }
}

/** Reads a payload field by field; every read is checked against its end. */
export class PayloadReader {
  readonly #payload: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(payload: Uint8Array) {
    this.#payload = payload;
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A copy (Buffer's own `slice` would be a view). */
  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#take(length);
    return new Uint8Array(this.#payload.subarray(at, at + length));
  }

  text(): string {
    const length = this.u32();
    const at = this.#take(length);
    try {
      return decoder.decode(this.#payload.subarray(at, at + length));
    } catch (error) {
      throw new ProtocolError("invalid UTF-8 in a backhaul text field", { cause: error });
    }
  }

  json(): unknown {
    const text = this.text();
    try {
      const value: unknown = JSON.parse(text);
      return value;
    } catch (error) {
      throw new ProtocolError("invalid JSON in a backhaul field", { cause: error });
    }
  }

  /** Throws unless everything has been read: a longer payload is another version's, not ours. */
  end(): void {
    if (this.#at !== this.#payload.length) throw new ProtocolError("backhaul payload longer than its fields");
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#payload.length)
      throw new ProtocolError("backhaul payload shorter than its fields");
    this.#at = at + length;
    return at;
  }
}
