import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as zlib from "node:zlib";
import { assertNever } from "@rockpool/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CODINGS, type Coding } from "../src/http/accept-encoding.ts";
import { encodeHead, encodeHeadLater, spliceTail } from "../src/http/coded-head.ts";

// A head that is compressed once and tails that differ make streams that any decoder reads as one text.

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
console.info(`SEED=${SEED}`);

function decode(coding: Coding, bytes: Uint8Array): string {
  switch (coding) {
    case "gzip":
      return zlib.gunzipSync(bytes).toString("latin1");
    case "br":
      return zlib.brotliDecompressSync(bytes).toString("latin1");
    case "zstd":
      return zlib.zstdDecompressSync(bytes).toString("latin1");
    default:
      return assertNever(coding);
  }
}

const DECODERS = {
  gzip: () => zlib.createGunzip(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

const words = fc.constantFrom('{"lengths":["1","2"],"values":"MQ=="},', "aaaaaaaa", "0", "x9Kq");
const ascii = fc.array(words, { maxLength: 300 }).map((parts) => parts.join(""));

describe.each(CODINGS)("%s", (coding) => {
  test("every head and tail is read back", () => {
    fc.assert(
      fc.property(
        ascii.filter((text) => text !== ""),
        ascii,
        (head, tail) => {
          expect(decode(coding, spliceTail(coding, encodeHead(coding, head), tail))).toBe(head + tail);
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  test.each([0, 1, 65_534, 65_535, 65_536, 131_070, 200_000])("a tail of %i bytes", (length) => {
    const tail = "0123456789".repeat(20_000).slice(0, length);
    expect(decode(coding, spliceTail(coding, encodeHead(coding, "head"), tail))).toBe(`head${tail}`);
  });

  test("one head takes any number of tails, and stays as it was", async () => {
    const text = '{"rows":[]}'.repeat(20_000);
    const head = await encodeHeadLater(coding, text);
    const before = Buffer.from(head);
    for (const tail of [',"timing":1}', "", ',"timing":2}']) {
      expect(decode(coding, spliceTail(coding, head, tail))).toBe(text + tail);
    }
    expect(before.equals(head)).toBe(true);
    expect(head.length).toBeLessThan(text.length / 20);
    expect(Buffer.from(encodeHead(coding, text)).equals(head)).toBe(true);
  });

  test("a decoder that gets it byte by byte reads it to its end, and sees no garbage behind it", async () => {
    const whole = spliceTail(coding, encodeHead(coding, "abc".repeat(100)), ',"timing":0.001}');
    const pieces = Array.from(whole, (_, index) => Buffer.from(whole.subarray(index, index + 1)));
    const decoder = Readable.from(pieces).pipe(DECODERS[coding]());
    expect((await buffer(decoder)).toString()).toBe(`${"abc".repeat(100)},"timing":0.001}`);
  });

  test("a stream that is cut short is no answer", async () => {
    const whole = spliceTail(coding, encodeHead(coding, "abc".repeat(100)), ',"timing":0.001}');
    for (const cut of [1, 5, 12]) {
      const decoder = Readable.from([Buffer.from(whole.subarray(0, whole.length - cut))]).pipe(
        DECODERS[coding](),
      );
      await expect(buffer(decoder)).rejects.toThrow(
        /unexpected end|Decompression failed|truncated|incomplete/i,
      );
    }
  });
});
