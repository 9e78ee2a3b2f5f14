import { createHash, timingSafeEqual } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { LoginDirectory } from "../src/login-directory.ts";
import { basic, feedLogin } from "./bench.ts";

vi.mock("node:crypto", { spy: true });

function open(): LoginDirectory {
  const logins = new LoginDirectory();
  logins.replace([
    feedLogin("shop", "secret"),
    feedLogin("sh:op", "x"),
    feedLogin("ü", "pässwörd:ü"),
    feedLogin("empty", ""),
  ]);
  return logins;
}

const encode = (text: string): string => Buffer.from(text).toString("base64");

describe("who may come in", () => {
  test.each([
    ["name and password", basic("shop", "secret")],
    ["the scheme in any case", `bAsIc ${encode("shop:secret")}`],
    ["more than one blank", `Basic   ${encode("shop:secret")}`],
    ["without padding", `Basic ${encode("shop:secret").replace(/=+$/, "")}`],
  ])("%s", (_name, header) => {
    expect(open().verifyBasic(header)).toMatchObject({ name: "shop", account: "shop_db", schema: "app" });
  });

  test("UTF-8 names, colons in passwords, empty passwords", () => {
    expect(open().verifyBasic(basic("ü", "pässwörd:ü"))?.name).toBe("ü");
    expect(open().verifyBasic(basic("empty", ""))?.name).toBe("empty");
  });
});

describe("who may not", () => {
  test.each([
    ["no header", undefined],
    ["an empty one", ""],
    ["another scheme", `Bearer ${encode("shop:secret")}`],
    ["a wrong password", basic("shop", "Secret")],
    ["an empty password", basic("shop", "")],
    ["a password with more behind it", basic("shop", "secret ")],
    ["an unknown name", basic("else", "secret")],
    ["no name", basic("", "secret")],
    ["the name that stands for nobody, with the password that would fit", basic("", "")],
    ["a name with a colon: the first one ends it (RFC 7617)", basic("sh:op", "x")],
    ["no colon", `Basic ${encode("shop")}`],
    ["no base64", "Basic sh*p"],
    ["something behind it", `${basic("shop", "secret")} x`],
    ["two headers joined", `${basic("shop", "secret")}, ${basic("shop", "secret")}`],
    ["one longer than is looked at", `Basic ${encode(`shop:${"x".repeat(1_000)}`)}`],
  ])("%s", (_name, header) => {
    const logins = open();
    expect(logins.verifyBasic(header)).toBeNull();
    expect(logins.verifyBasic(header)).toBeNull();
  });

  test("anybody, before the first list: known to be unknown", () => {
    const logins = new LoginDirectory();
    expect([logins.isKnown, logins.verifyBasic(basic("shop", "secret")), logins.first()]).toEqual([
      false,
      null,
      null,
    ]);
    logins.replace([]);
    expect([logins.isKnown, logins.verifyBasic(basic("shop", "secret"))]).toEqual([true, null]);
  });
});

test("an unknown name and a wrong password take the same way: each is hashed and compared once", () => {
  const logins = open();
  for (const header of [basic("shop", "wrong"), basic("nobody", "wrong"), basic("", "")]) {
    vi.mocked(createHash).mockClear();
    vi.mocked(timingSafeEqual).mockClear();
    expect(logins.verifyBasic(header)).toBeNull();
    expect([vi.mocked(createHash).mock.calls.length, vi.mocked(timingSafeEqual).mock.calls.length]).toEqual([
      1, 1,
    ]);
  }
});

describe("what is remembered", () => {
  test("is the login of a header that was right: the same object, so that sessions are shared", () => {
    const logins = open();
    const first = logins.verifyBasic(basic("shop", "secret"));
    expect(first).not.toBeNull();
    expect(logins.verifyBasic(basic("shop", "secret"))).toBe(first);
    expect(first?.generation).toBe(logins.generation);
  });

  test("is void with a new list (R15): gone, another password, another account", () => {
    const logins = open();
    const header = basic("shop", "secret");
    const before = logins.verifyBasic(header);
    logins.replace([feedLogin("shop", "secret", { account: "other_db" })]);
    const after = logins.verifyBasic(header);
    expect([after?.account, after === before, after?.generation]).toEqual(["other_db", false, 2]);
    logins.replace([feedLogin("shop", "changed")]);
    expect(logins.verifyBasic(header)).toBeNull();
    logins.replace([]);
    expect(logins.verifyBasic(header)).toBeNull();
  });

  test("is bounded: more spellings than fit are verified again, and all stay right", () => {
    const logins = open();
    const spellings = Array.from(
      { length: 300 },
      (_, blanks) => `Basic ${" ".repeat(blanks)}${encode("shop:secret")}`,
    );
    const many = Array.from({ length: 12_000 }, (_, index) => feedLogin(`n${index}`, "x"));
    logins.replace([feedLogin("shop", "secret"), ...many]);
    for (const { name } of many) expect(logins.verifyBasic(basic(name, "x"))?.name).toBe(name);
    for (const header of spellings) expect(logins.verifyBasic(header)?.name).toBe("shop");
    expect(logins.verifyBasic(basic("n0", "x"))?.name).toBe("n0");
    expect(logins.verifyBasic(basic("n0", "y"))).toBeNull();
  });
});
