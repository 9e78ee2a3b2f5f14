/** Primitive fields of backhaul payloads: big-endian integers, IEEE doubles, u32-length-prefixed bytes and UTF-8 text. */
import { ProtocolError } from "../protocol-error.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Builds a payload field by field. */
export class PayloadWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  u8(value: number): this {
    return this.#push(Uint8Array.of(value));
  }

  u32(value: number): this {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setUint32(0, value);
    return this.#push(part);
  }

  u64(value: bigint): this {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setBigUint64(0, value);
    return this.#push(part);
  }

  f64(value: number): this {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setFloat64(0, value);
    return this.#push(part);
  }

  bytes(value: Uint8Array): this {
    return this.u32(value.length).#push(value);
  }

  text(value: string): this {
    return this.bytes(encoder.encode(value));
  }

  /** Any JSON value, as text. */
  json(value: unknown): this {
    return this.text(JSON.stringify(value));
  }

  finish(): Uint8Array {
    const payload = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      payload.set(part, at);
      at += part.length;
    }
    return payload;
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
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
