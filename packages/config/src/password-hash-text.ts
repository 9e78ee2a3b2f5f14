/**
 * The text form of a password's hash, as configurations and the feed carry it: the PHC string
 * `$scrypt$ln=14,r=8,p=1$<salt>$<hash>` (base64 without padding), see
 * https://github.com/P-H-C/phc-string-format and RFC 7914.
 */

/** What scrypt needs to make a hash again, and the hash. */
export interface PasswordHash {
  /** log2 of the cost N. */
  readonly costLog2: number;
  /** r. */
  readonly blockSize: number;
  /** p. */
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const COST_LOG2_MIN = 10;
const COST_LOG2_MAX = 17;
const BLOCK_SIZE_MAX = 16;
const PARALLELISM_MAX = 4;
/** One verification may take no more memory (128 · N · r bytes): whoever writes the list must not fell an edge. */
const MEMORY_MAX_BYTES = 64 * 1024 * 1024;
const SALT_MIN_BYTES = 8;
const SALT_MAX_BYTES = 64;
const HASH_MIN_BYTES = 16;
const HASH_MAX_BYTES = 64;

const SHAPE =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{1,128})$/;

/** Reads a hash's text; null when it is none, or asks for more memory or time than is allowed. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const match = SHAPE.exec(text);
  if (match === null) return null;
  const [costLog2 = 0, blockSize = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  const salt = decodeBase64(match[4]);
  const hash = decodeBase64(match[5]);
  const isBounded =
    costLog2 >= COST_LOG2_MIN &&
    costLog2 <= COST_LOG2_MAX &&
    blockSize <= BLOCK_SIZE_MAX &&
    parallelism <= PARALLELISM_MAX &&
    scryptBytes(costLog2, blockSize) <= MEMORY_MAX_BYTES &&
    isBetween(salt.length, SALT_MIN_BYTES, SALT_MAX_BYTES) &&
    isBetween(hash.length, HASH_MIN_BYTES, HASH_MAX_BYTES);
  return isBounded ? { costLog2, blockSize, parallelism, salt, hash } : null;
}

/** The text of a hash. */
export function formatPasswordHash(hash: PasswordHash): string {
  const { costLog2, blockSize, parallelism } = hash;
  const parts = [
    `ln=${costLog2},r=${blockSize},p=${parallelism}`,
    encodeBase64(hash.salt),
    encodeBase64(hash.hash),
  ];
  return `$scrypt$${parts.join("$")}`;
}

/** Memory that scrypt's table takes. */
export function scryptBytes(costLog2: number, blockSize: number): number {
  return 128 * 2 ** costLog2 * blockSize;
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function decodeBase64(text = ""): Uint8Array {
  return Buffer.from(text, "base64");
}

function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
