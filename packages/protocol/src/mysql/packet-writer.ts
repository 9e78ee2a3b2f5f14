import { NULL_CELL } from "./packet-reader.ts";

/** Builds one packet's payload from the basic types of the MySQL protocol; the mirror of `PacketReader`. */
export class PacketWriter {
  readonly #parts: Uint8Array[] = [];

  /** int<1>. */
  uint8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  /** int<2>. */
  uint16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16LE(value);
    return this.bytes(part);
  }

  /** int<4>. */
  uint32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.bytes(part);
  }

  /** int<lenenc>, in its shortest form. */
  lenenc(value: number | bigint): this {
    const wide = BigInt(value);
    if (wide < 0xfbn) return this.uint8(Number(wide));
    if (wide <= 0xffffn) return this.uint8(0xfc).uint16(Number(wide));
    if (wide <= 0xffffffn) {
      const part = Buffer.alloc(4);
      part.writeUInt8(0xfd);
      part.writeUIntLE(Number(wide), 1, 3);
      return this.bytes(part);
    }
    const part = Buffer.alloc(9);
    part.writeUInt8(0xfe);
    part.writeBigUInt64LE(wide, 1);
    return this.bytes(part);
  }

  /** string<lenenc>. */
  lenencBytes(value: Uint8Array): this {
    return this.lenenc(value.length).bytes(value);
  }

  /** string<lenenc> of UTF-8 text. */
  lenencText(value: string): this {
    return this.lenencBytes(Buffer.from(value, "utf8"));
  }

  /** One cell of a text row; null for NULL. */
  cell(value: Uint8Array | null): this {
    return value === null ? this.uint8(NULL_CELL) : this.lenencBytes(value);
  }

  /** Bytes as they are; kept by reference until `finish`. */
  bytes(value: Uint8Array): this {
    this.#parts.push(value);
    return this;
  }

  /** The payload: a new array of its own. */
  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
