import { expect, test } from "vitest";
import { formatPasswordHash, parsePasswordHash } from "./password-hash-text.ts";

const SALT = "A".repeat(22);
const HASH = "B".repeat(43);

test("a hash comes back as it was written", () => {
  const text = `$scrypt$ln=14,r=8,p=1$${Buffer.alloc(16, 7).toString("base64").replaceAll("=", "")}$${Buffer.alloc(32, 9).toString("base64").replaceAll("=", "")}`;
  const hash = parsePasswordHash(text);
  expect(hash).toMatchObject({ costLog2: 14, blockSize: 8, parallelism: 1 });
  expect(hash === null ? null : formatPasswordHash(hash)).toBe(text);
});

test.each([
  ["no hash at all", "hunter2"],
  ["another algorithm", `$argon2id$ln=14,r=8,p=1$${SALT}$${HASH}`],
  ["a cost that takes gigabytes", `$scrypt$ln=30,r=8,p=1$${SALT}$${HASH}`],
  ["a table over 64 MiB", `$scrypt$ln=17,r=8,p=1$${SALT}$${HASH}`],
  ["a cost that protects nothing", `$scrypt$ln=1,r=8,p=1$${SALT}$${HASH}`],
  ["a huge block", `$scrypt$ln=14,r=99,p=1$${SALT}$${HASH}`],
  ["endless lanes", `$scrypt$ln=14,r=8,p=99$${SALT}$${HASH}`],
  ["parameters in another order", `$scrypt$r=8,ln=14,p=1$${SALT}$${HASH}`],
  ["no salt", `$scrypt$ln=14,r=8,p=1$$${HASH}`],
  ["a salt of one byte", `$scrypt$ln=14,r=8,p=1$AA$${HASH}`],
  ["a hash of four bytes", `$scrypt$ln=14,r=8,p=1$${SALT}$AAAAAA`],
  ["a long hash", `$scrypt$ln=14,r=8,p=1$${SALT}$${"B".repeat(400)}`],
  ["padding", `$scrypt$ln=14,r=8,p=1$${SALT}==$${HASH}=`],
])("%s is refused", (_, text) => {
  expect(parsePasswordHash(text)).toBeNull();
});
