import { createHmac, timingSafeEqual } from "node:crypto";
import { RockpoolError } from "@rockpool/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import {
  decodeTokenPayload,
  encodeTokenPayload,
  type SessionToken,
  TOKEN_PAYLOAD_MAX_BYTES,
} from "./session-token.ts";
import { type Mac, SIGNATURE_MAX_LENGTH, signToken, verifyToken } from "./signature.ts";

function hmac(key: string): Mac {
  const sign = (bytes: Uint8Array): Uint8Array => createHmac("sha256", key).update(bytes).digest();
  return {
    sign,
    verify: (bytes, mac) => mac.length === 32 && timingSafeEqual(sign(bytes), mac),
  };
}

const mac = hmac("key of the edges");
const token: SessionToken = {
  sessionUuid: "dbtDuhIRDpZPzDUkgXIuzg",
  login: "app",
  pin: { id: "p-1" },
  lost: false,
  inTransaction: true,
  autocommit: true,
  virtualSets: [{ name: "time_zone", value: "'+00:00'" }],
  lastInsertId: "18446744073709551615",
  bookmark: { epoch: "e1", seq: 42 },
  schema: null,
};

const text = fc.string({ unit: "binary", maxLength: 40 });
const tokens = fc.record({
  sessionUuid: text,
  login: text,
  pin: fc.option(fc.record({ id: text })),
  lost: fc.boolean(),
  inTransaction: fc.boolean(),
  autocommit: fc.boolean(),
  virtualSets: fc.array(fc.record({ name: text, value: text }), { maxLength: 10 }),
  lastInsertId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  bookmark: fc.option(fc.record({ epoch: text, seq: fc.maxSafeNat() })),
  schema: fc.option(text),
});

function codeOf(run: () => unknown): string {
  try {
    run();
    return "fine";
  } catch (error) {
    return error instanceof RockpoolError ? error.code : String(error);
  }
}

test("tokens round-trip through their signature", () => {
  fc.assert(
    fc.property(tokens, (any) => {
      expect(verifyToken(signToken(any, mac), mac)).toEqual(any);
    }),
    propertyOptions(),
  );
});

test("a signature is base64url with one dot, and small", () => {
  const signature = signToken(token, mac);
  expect(signature).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
  expect(signature.length).toBeLessThan(250);
});

describe("forged", () => {
  test("one changed character anywhere is refused", () => {
    const signature = signToken(token, mac);
    for (let at = 0; at < signature.length; at++) {
      const other = signature[at] === "A" ? "B" : "A";
      const forged = signature.slice(0, at) + other + signature.slice(at + 1);
      expect(
        codeOf(() => verifyToken(forged, mac)),
        `at ${at}`,
      ).toBe("bad-session");
    }
  });

  test.each([
    "",
    ".",
    "a",
    "a.b.c",
    `${signToken(token, mac)}=`,
    `${signToken(token, mac)} `,
    `.${signToken(token, mac)}`,
    "x".repeat(SIGNATURE_MAX_LENGTH + 1),
  ])("%.40s", (signature) => {
    expect(codeOf(() => verifyToken(signature, mac))).toBe("bad-session");
  });

  test("under another key", () => {
    expect(codeOf(() => verifyToken(signToken(token, hmac("another")), mac))).toBe("bad-session");
  });

  test("a MAC of the bare payload is not a signature: the label separates", () => {
    const payload = encodeTokenPayload(token);
    const bare = `${Buffer.from(payload).toString("base64url")}.${Buffer.from(mac.sign(payload)).toString("base64url")}`;
    expect(codeOf(() => verifyToken(bare, mac))).toBe("bad-session");
  });
});

describe("payloads", () => {
  const decodeText = (json: string): SessionToken => decodeTokenPayload(Buffer.from(json));

  test("the largest passes, one byte more is refused on both sides", () => {
    const room = TOKEN_PAYLOAD_MAX_BYTES - encodeTokenPayload({ ...token, login: "" }).length;
    const largest = { ...token, login: "x".repeat(room) };
    expect(encodeTokenPayload(largest)).toHaveLength(TOKEN_PAYLOAD_MAX_BYTES);
    expect(signToken(largest, mac).length).toBeLessThanOrEqual(SIGNATURE_MAX_LENGTH);
    expect(codeOf(() => encodeTokenPayload({ ...token, login: "x".repeat(room + 1) }))).toBe(
      "unsupported-statement",
    );
    expect(codeOf(() => decodeText(`["${"x".repeat(TOKEN_PAYLOAD_MAX_BYTES)}"]`))).toBe("bad-session");
  });

  test("the form of version 1", () => {
    expect(Buffer.from(encodeTokenPayload(token)).toString()).toBe(
      '[1,"dbtDuhIRDpZPzDUkgXIuzg","app",6,"p-1",[["time_zone","\'+00:00\'"]],"18446744073709551615",["e1",42],null]',
    );
  });

  test.each([
    "",
    "{}",
    "[]",
    "[1]",
    '[2,"u","l",0,null,[],"0",null,null]',
    '[1,"u","l",8,null,[],"0",null,null]',
    '[1,"u","l",0.5,null,[],"0",null,null]',
    '[1,7,"l",0,null,[],"0",null,null]',
    '[1,"u",null,0,null,[],"0",null,null]',
    '[1,"u","l",0,5,[],"0",null,null]',
    '[1,"u","l",0,null,[["a"]],"0",null,null]',
    '[1,"u","l",0,null,[["a",1]],"0",null,null]',
    '[1,"u","l",0,null,{},"0",null,null]',
    '[1,"u","l",0,null,[],"-1",null,null]',
    '[1,"u","l",0,null,[],"01",null,null]',
    '[1,"u","l",0,null,[],"18446744073709551616",null,null]',
    '[1,"u","l",0,null,[],"0",["e"],null]',
    '[1,"u","l",0,null,[],"0",["e",-1],null]',
    '[1,"u","l",0,null,[],"0",["e",1e300],null]',
    '[1,"u","l",0,null,[],"0",null,null,null]',
  ])("%s is refused", (json) => {
    expect(codeOf(() => decodeText(json))).toBe("bad-session");
  });

  test("any bytes: a token or bad-session", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => Buffer.from(json)),
        ),
        (bytes) => {
          expect(["fine", "bad-session"]).toContain(codeOf(() => decodeTokenPayload(bytes)));
        },
      ),
      propertyOptions(1000),
    );
  });
});
