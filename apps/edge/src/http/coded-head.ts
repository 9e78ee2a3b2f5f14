import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { assertNever } from "@rockpool/base";
import type { Coding } from "./accept-encoding.ts";

/*
 * Answers whose beginning is compressed once and kept, and whose end (session, timing) is another one each time.
 *
 * Two gzip members or two zstd frames in a row would be the simple way, but curl and Chromium read only the first gzip
 * member, and Node 24's fetch only the first zstd frame. So an answer is one stream: the head is compressed and flushed
 * to a byte boundary without being ended, and the tail follows as the format's own uncompressed block, marked as the
 * last. Any decoder reads that.
 *
 *   gzip    RFC 1952, 1951: header, deflate blocks, stored block(s) `01|00 len ~len bytes`, CRC-32, length
 *   br      RFC 7932: meta-blocks, uncompressed meta-block(s) of up to 64 KiB, an empty last one (0x03)
 *   zstd    RFC 8878: frame header, blocks, raw block(s), the last one with its bit set; no content size, no checksum
 */

/** The beginning of an answer, compressed: only `spliceTail` makes a whole one of it. */
export type CodedHead = Uint8Array;

const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** CRC-32 and length of the head's text, behind the head of a gzip stream. */
const GZIP_STATE_BYTES = 8;
/** Fits every format's block, and every window below. */
const BLOCK_MAX_BYTES = 65_535;
const BROTLI_END = 0x03;

const { constants } = zlib;
const GZIP_OPTIONS: zlib.ZlibOptions = { level: 6, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_OPTIONS: zlib.BrotliOptions = {
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
  params: { [constants.BROTLI_PARAM_QUALITY]: 4 },
};
/** RFC 8878 asks decoders for 8 MiB; a smaller window spares them memory. */
const ZSTD_OPTIONS: zlib.ZstdOptions = {
  finishFlush: constants.ZSTD_e_flush,
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: 20 },
};

const deflateLater = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflateRaw);
const brotliLater = promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliCompress);
const zstdLater = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);

/** Compresses at once; for texts that take less than a millisecond. `text` is ASCII and not empty. */
export function encodeHead(coding: Coding, text: string): CodedHead {
  const bytes = Buffer.from(text, "latin1");
  switch (coding) {
    case "gzip":
      return finishGzip(bytes, zlib.deflateRawSync(bytes, GZIP_OPTIONS));
    case "br":
      return zlib.brotliCompressSync(bytes, BROTLI_OPTIONS);
    case "zstd":
      return zlib.zstdCompressSync(bytes, ZSTD_OPTIONS);
    default:
      return assertNever(coding);
  }
}

/** The same beside the event loop. */
export async function encodeHeadLater(coding: Coding, text: string): Promise<CodedHead> {
  const bytes = Buffer.from(text, "latin1");
  switch (coding) {
    case "gzip":
      return finishGzip(bytes, await deflateLater(bytes, GZIP_OPTIONS));
    case "br":
      return brotliLater(bytes, BROTLI_OPTIONS);
    case "zstd":
      return zstdLater(bytes, ZSTD_OPTIONS);
    default:
      return assertNever(coding);
  }
}

/** The whole compressed answer: the head's text, then `tail` (ASCII). */
export function spliceTail(coding: Coding, head: CodedHead, tail: string): Uint8Array {
  switch (coding) {
    case "gzip":
      return spliceGzip(head, tail);
    case "br":
      return spliceBrotli(head, tail);
    case "zstd":
      return spliceZstd(head, tail);
    default:
      return assertNever(coding);
  }
}

function finishGzip(bytes: Buffer, deflated: Buffer): CodedHead {
  const head = Buffer.allocUnsafeSlow(GZIP_HEADER.length + deflated.length + GZIP_STATE_BYTES);
  head.set(GZIP_HEADER);
  head.set(deflated, GZIP_HEADER.length);
  head.writeUInt32LE(zlib.crc32(bytes), head.length - GZIP_STATE_BYTES);
  head.writeUInt32LE(bytes.length, head.length - GZIP_STATE_BYTES / 2);
  return head;
}

function spliceGzip(head: CodedHead, tail: string): Uint8Array {
  const bodyBytes = head.length - GZIP_STATE_BYTES;
  const state = Buffer.from(head.buffer, head.byteOffset + bodyBytes, GZIP_STATE_BYTES);
  const whole = Buffer.allocUnsafe(bodyBytes + framedLength(tail, 5) + GZIP_STATE_BYTES);
  whole.set(head.subarray(0, bodyBytes));
  const end = writeBlocks(whole, bodyBytes, tail, (at, length, isLast) => {
    whole[at] = isLast ? 1 : 0;
    whole.writeUInt16LE(length, at + 1);
    whole.writeUInt16LE(~length & 0xffff, at + 3);
    return at + 5;
  });
  const crc = zlib.crc32(Buffer.from(tail, "latin1"), state.readUInt32LE(0));
  whole.writeUInt32LE(crc, end);
  whole.writeUInt32LE((state.readUInt32LE(4) + tail.length) >>> 0, end + 4);
  return whole;
}

function spliceBrotli(head: CodedHead, tail: string): Uint8Array {
  const framed = tail.length === 0 ? 0 : framedLength(tail, 3);
  const whole = Buffer.allocUnsafe(head.length + framed + 1);
  whole.set(head);
  const write = (at: number, length: number): number => {
    // ISLAST 0, MNIBBLES 0 (four), MLEN - 1, ISUNCOMPRESSED 1, then up to the next byte.
    whole.writeUIntLE(((length - 1) << 3) | (1 << 19), at, 3);
    return at + 3;
  };
  const end = tail.length === 0 ? head.length : writeBlocks(whole, head.length, tail, write);
  whole[end] = BROTLI_END;
  return whole;
}

function spliceZstd(head: CodedHead, tail: string): Uint8Array {
  const whole = Buffer.allocUnsafe(head.length + framedLength(tail, 3));
  whole.set(head);
  writeBlocks(whole, head.length, tail, (at, length, isLast) => {
    // Last_Block, Block_Type 0 (raw), Block_Size.
    whole.writeUIntLE((isLast ? 1 : 0) | (length << 3), at, 3);
    return at + 3;
  });
  return whole;
}

/** Bytes of a tail in blocks, of which there is at least one. */
function framedLength(tail: string, blockHeadBytes: number): number {
  return tail.length + Math.max(1, Math.ceil(tail.length / BLOCK_MAX_BYTES)) * blockHeadBytes;
}

function writeBlocks(
  whole: Buffer,
  start: number,
  tail: string,
  writeHead: (at: number, length: number, isLast: boolean) => number,
): number {
  let at = start;
  let taken = 0;
  do {
    const length = Math.min(BLOCK_MAX_BYTES, tail.length - taken);
    at = writeHead(at, length, taken + length === tail.length);
    at += whole.write(tail.slice(taken, taken + length), at, "latin1");
    taken += length;
  } while (taken < tail.length);
  return at;
}
