import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { formatPasswordHash, type PasswordHash, parsePasswordHash, scryptBytes } from "@rockpool/config";

/** What new hashes are made with: 16 MiB and some 50 ms of one core each. */
const PARAMETERS = { costLog2: 14, blockSize: 8, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** OpenSSL counts a little more than the table. */
const MEMORY_MARGIN_BYTES = 1024 * 1024;

/**
 * The scrypt hash of a password as text, `$scrypt$ln=14,r=8,p=1$…`; computed in the thread pool. With a `salt` (at
 * least 8 bytes) the same password gives the same text.
 */
export async function hashPassword(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<string> {
  const hash = await derive(password, { ...PARAMETERS, salt, hash: Buffer.alloc(HASH_BYTES) });
  return formatPasswordHash({ ...PARAMETERS, salt, hash });
}

/** Whether `text` is the hash of `password`; false when it is no hash, or one that costs too much. In the thread pool. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const expected = parsePasswordHash(text);
  if (expected === null) return false;
  return timingSafeEqual(await derive(password, expected), expected.hash);
}

function derive(
  password: string,
  { costLog2, blockSize, parallelism, salt, hash }: PasswordHash,
): Promise<Buffer> {
  const options = {
    N: 2 ** costLog2,
    r: blockSize,
    p: parallelism,
    maxmem: scryptBytes(costLog2, blockSize) + scryptBytes(0, blockSize) * parallelism + MEMORY_MARGIN_BYTES,
  };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
