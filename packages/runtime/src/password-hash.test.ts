import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "./password-hash.ts";

test("a password is proven by its hash, another one is not", async () => {
  const text = await hashPassword("correct horse 🐎");
  expect(text).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword("correct horse 🐎", text)).toBe(true);
  expect(await verifyPassword("correct horse", text)).toBe(false);
  expect(await verifyPassword("", text)).toBe(false);
});

test("two hashes of one password differ, unless the salt is given", async () => {
  const salt = Buffer.alloc(16, 1);
  const [one, two, three, four] = await Promise.all([
    hashPassword("p"),
    hashPassword("p"),
    hashPassword("p", salt),
    hashPassword("p", salt),
  ]);
  expect(one).not.toBe(two);
  expect(three).toBe(four);
});

test("a hash that another program made is verified", async () => {
  // Python: hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=16384, r=8, p=1, dklen=64), RFC 7914 section 12.
  const hash =
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
  const salt = Buffer.from("SodiumChloride").toString("base64").replaceAll("=", "");
  const text = `$scrypt$ln=14,r=8,p=1$${salt}$${Buffer.from(hash, "hex").toString("base64").replaceAll("=", "")}`;
  expect(await verifyPassword("pleaseletmein", text)).toBe(true);
});

test.each(["", "hunter2", "$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAA"])(
  "%j verifies nothing",
  async (text) => {
    expect(await verifyPassword("hunter2", text)).toBe(false);
  },
);
