import { KIB, MIB } from "@rockpool/base";

/** All headers of a request together. Node counts them the same way for both versions of HTTP. */
export const HEADERS_MAX_BYTES = 16 * KIB;
/** A browser with every extension sends some 40; a proxy adds a dozen. */
export const HEADERS_MAX_COUNT = 128;
/** Statements travel in bodies; no path of ours is longer than 40. */
export const TARGET_MAX_LENGTH = 4 * KIB;
/** Requests of one HTTP/1.1 connection that are being answered; further ones wait unread. */
export const PIPELINED_MAX = 32;
/** Requests of one connection that had been read before reading could be stopped; beyond it the connection is cut. */
export const PIPELINE_WAITING_MAX = 256;
/** Streams of one HTTP/2 connection: the driver sends 300 statements at once, and 1,000 cost a session some 10 MB. */
export const STREAMS_MAX = 1_000;
/** Answers longer than this are counted against `ANSWERS_MAX_BYTES`; the others are bounded by their number. */
export const LARGE_ANSWER_BYTES = 16 * KIB;
/** Large answers that clients have not taken yet, all together: who does not read cannot fill the memory. */
export const ANSWERS_MAX_BYTES = 256 * MIB;
/** How long a refused upload is thrown away, so that its sender reads why instead of an abort. */
export const LINGER_MS = 1_000;
/** How often connections are looked at for what takes too long. */
export const SWEEP_INTERVAL_MS = 1_000;
