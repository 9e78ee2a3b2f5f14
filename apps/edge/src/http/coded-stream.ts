import * as zlib from "node:zlib";
import { assertNever } from "@rockpool/base";
import type { Coding } from "./accept-encoding.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** Where an answer that comes in pieces goes: an exchange itself, or through a coding. Pieces are ASCII. */
export type PieceStream = Pick<HttpExchange, "write" | "end" | "abort" | "onDrain"> & {
  /** To be called when the connection is gone, answered or not. */
  release?(): void;
};

const { constants } = zlib;
/** Windows that keep one stream below a MiB. */
const WINDOW_BITS = 18;

/**
 * Opens the coded streams of answers that are too large to be held. `streamsMax` at once, each with about a MiB of
 * window and buffers; null beyond it: the answer goes as it is.
 */
export class CodedStreams {
  readonly #streamsMax: number;
  #count = 0;

  constructor(streamsMax: number) {
    this.#streamsMax = streamsMax;
  }

  /** Streams that are open. */
  get count(): number {
    return this.#count;
  }

  /** The exchange's answer must begin before the first write. Whoever opens it calls `release` when the exchange closes. */
  open(exchange: HttpExchange, coding: Coding): PieceStream | null {
    if (this.#count >= this.#streamsMax) return null;
    this.#count += 1;
    return new CodedStream(exchange, createCoder(coding), () => {
      this.#count -= 1;
    });
  }
}

type Coder = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress;

function createCoder(coding: Coding): Coder {
  switch (coding) {
    case "gzip":
      return zlib.createGzip({ level: 6 });
    case "br":
      return zlib.createBrotliCompress({
        params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS },
      });
    case "zstd":
      return zlib.createZstdCompress({
        params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: WINDOW_BITS },
      });
    default:
      return assertNever(coding);
  }
}

/** Both ends push back: the coder waits for the client, and whoever writes waits for the coder. */
class CodedStream implements PieceStream {
  readonly #exchange: HttpExchange;
  readonly #coder: Coder;
  onDrain: () => void = () => {};

  constructor(exchange: HttpExchange, coder: Coder, onOver: () => void) {
    this.#exchange = exchange;
    this.#coder = coder;
    coder.on("data", (piece: Buffer) => {
      if (!exchange.write(piece)) coder.pause();
    });
    coder.on("end", () => exchange.end(""));
    coder.on("drain", () => this.onDrain());
    coder.on("error", () => exchange.abort());
    coder.on("close", onOver);
    exchange.onDrain = () => coder.resume();
  }

  write(piece: string | Uint8Array): boolean {
    return this.#coder.write(bytesOf(piece));
  }

  end(piece: string | Uint8Array): void {
    this.#coder.end(bytesOf(piece));
  }

  abort(): void {
    this.release();
    this.#exchange.abort();
  }

  release(): void {
    this.#coder.destroy();
  }
}

function bytesOf(piece: string | Uint8Array): Uint8Array {
  return typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
}
