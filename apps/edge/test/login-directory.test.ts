import { RockpoolError } from "@rockpool/base";
import { beforeEach, describe, expect, test } from "vitest";
import { LoginDirectory, type VerifyOutcome } from "../src/login-directory.ts";
import { basic, feedLogin, verifyFast } from "./feed-login.ts";

const HERE = "192.0.2.1";
const encode = (text: string): string => Buffer.from(text).toString("base64");

let now = 0;
/** Passwords that were hashed, with what they were compared to. */
let hashed: string[] = [];
/** Ends the hash that is under way, when hashes are held. */
let held: (() => void)[] | null = null;
let outcomes: VerifyOutcome[] = [];

beforeEach(() => {
  now = 1_000;
  hashed = [];
  held = null;
  outcomes = [];
});

function open(damping = { failuresMax: 20, failureWindowMs: 60_000 }): LoginDirectory {
  return new LoginDirectory({
    clock: { now: () => now },
    verify: async (password, verifier) => {
      hashed.push(password);
      if (held !== null) await new Promise<void>((resolve) => held?.push(resolve));
      return verifyFast(password, verifier);
    },
    damping,
    onVerified: (outcome) => outcomes.push(outcome),
  });
}

function filled(damping?: { failuresMax: number; failureWindowMs: number }): LoginDirectory {
  const logins = open(damping);
  logins.replace([
    feedLogin("shop", "secret"),
    feedLogin("sh:op", "x"),
    feedLogin("ü", "pässwörd:ü"),
    feedLogin("empty", ""),
    feedLogin("office", "inside", { networks: ["10.0.0.0/8", "2001:db8::/32"] }),
  ]);
  return logins;
}

/** The one spelling of a header that is remembered. */
function spelt(header: string): string {
  return `Basic ${encode(Buffer.from(header.replace(/^\S+ +/, ""), "base64").toString())}`;
}

/** The login's name, or the error's code. */
async function ask(logins: LoginDirectory, header: string | undefined, client = HERE): Promise<string> {
  const found = await logins.verifyBasic(header, client);
  return found instanceof RockpoolError ? found.code : found.name;
}

/** Ends all hashes that are held, and those that begin because of it. */
async function end(logins: LoginDirectory): Promise<void> {
  await expect.poll(() => held?.length ?? 0).toBeGreaterThan(0);
  while (logins.hashing.running > 0) {
    for (const finish of held?.splice(0) ?? []) finish();
    await Promise.resolve();
  }
}

describe("who may come in", () => {
  test.each([
    ["name and password", basic("shop", "secret"), "shop"],
    ["the scheme in any case", `bAsIc ${encode("shop:secret")}`, "shop"],
    ["more than one blank", `Basic   ${encode("shop:secret")}`, "shop"],
    ["without padding", `Basic ${encode("shop:secret").replace(/=+$/, "")}`, "shop"],
    ["UTF-8, colons in the password", basic("ü", "pässwörd:ü"), "ü"],
    ["an empty password", basic("empty", ""), "empty"],
  ])("%s", async (_name, header, name) => {
    const logins = filled();
    expect(logins.known(header)).toBeNull();
    expect(await ask(logins, header)).toBe(name);
    expect(logins.known(spelt(header))).toMatchObject({ name, account: "shop_db", schema: "app" });
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
    ["neither", basic("", "")],
    ["a name with a colon: the first one ends it (RFC 7617)", basic("sh:op", "x")],
    ["no colon", `Basic ${encode("shop")}`],
    ["no base64", "Basic sh*p"],
    ["something behind it", `${basic("shop", "secret")} x`],
    ["two headers joined", `${basic("shop", "secret")}, ${basic("shop", "secret")}`],
    ["one longer than is looked at", `Basic ${encode(`shop:${"x".repeat(1_000)}`)}`],
    ["the name of an object's own", basic("__proto__", "secret")],
  ])("%s", async (_name, header) => {
    const logins = filled();
    for (let round = 0; round < 2; round++) expect(await ask(logins, header)).toBe("access-denied");
    expect(logins.known(header)).toBeNull();
  });

  test("anybody, before the first list: known to be unknown", async () => {
    const logins = open();
    expect([logins.isKnown, logins.first(), await ask(logins, basic("shop", "secret"))]).toEqual([
      false,
      null,
      "origin-unreachable",
    ]);
    logins.replace([]);
    expect([logins.isKnown, await ask(logins, basic("shop", "secret"))]).toEqual([true, "access-denied"]);
  });
});

test("an unknown name, a wrong password and a login used from elsewhere cost one hash each, and answer alike", async () => {
  const logins = filled();
  const elsewhere = basic("office", "inside");
  for (const header of [basic("shop", "wrong"), basic("nobody", "wrong"), basic("", ""), elsewhere]) {
    hashed = [];
    expect(await ask(logins, header)).toBe("access-denied");
    expect(hashed).toHaveLength(1);
    // Nor can the second try tell them apart.
    expect(await ask(logins, header)).toBe("access-denied");
    expect(hashed).toHaveLength(1);
  }
});

test("a stranger's password is hashed as one of the logins' is, always the same, and never right", async () => {
  const verifiers: string[] = [];
  const logins = new LoginDirectory({
    clock: { now: () => now },
    verify: (_password, verifier) => {
      verifiers.push(verifier);
      return Promise.resolve(true);
    },
    damping: { failuresMax: 1_000, failureWindowMs: 60_000 },
  });
  expect(await ask(logins, basic("nobody", "x"))).toBe("origin-unreachable");
  logins.replace([feedLogin("one", "1"), feedLogin("two", "2")]);
  for (let index = 0; index < 40; index++) {
    for (const password of ["x", "y"])
      expect(await ask(logins, basic(`nobody-${index}`, password))).toBe("access-denied");
  }
  for (let index = 0; index < 80; index += 2) expect(verifiers[index]).toBe(verifiers[index + 1]);
  expect(new Set(verifiers)).toEqual(new Set(["hash of 1", "hash of 2"]));
});

describe("a login of some networks", () => {
  test.each(["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"])("comes in from %s", async (client) => {
    expect(await ask(filled(), basic("office", "inside"), client)).toBe("office");
  });

  test("is unknown elsewhere, also once its password is known", async () => {
    const logins = filled();
    const header = basic("office", "inside");
    expect(await ask(logins, header, "10.0.0.1")).toBe("office");
    expect(logins.known(header)?.networks?.has(HERE)).toBe(false);
    hashed = [];
    expect(await ask(logins, header)).toBe("access-denied");
    expect(hashed).toEqual(["inside"]); // as a wrong one would be, so that the time says nothing
    expect(await ask(logins, header, "10.0.0.1")).toBe("office");
  });

  test("a wrong verdict from outside does not count inside", async () => {
    const logins = filled();
    expect(await ask(logins, basic("office", "inside"))).toBe("access-denied");
    expect(await ask(logins, basic("office", "inside"), "10.0.0.1")).toBe("office");
  });
});

describe("what is remembered", () => {
  test("is the login of a header that was right: the same object, so that sessions are shared", async () => {
    const logins = filled();
    await ask(logins, basic("shop", "secret"));
    const first = logins.known(basic("shop", "secret"));
    expect(first).not.toBeNull();
    expect(await logins.verifyBasic(basic("shop", "secret"), HERE)).toBe(first);
    await ask(logins, `basic ${encode("shop:secret")}`);
    expect(logins.known(`basic ${encode("shop:secret")}`)).toBeNull();
    expect(await logins.verifyBasic(`basic ${encode("shop:secret")}`, HERE)).toBe(first);
  });

  test("outlives a list that says the same, and takes on what else a list says", async () => {
    const logins = filled();
    const header = basic("shop", "secret");
    await ask(logins, header);
    const before = logins.known(header);
    logins.replace([feedLogin("shop", "secret")]);
    expect(logins.known(header)).toBe(before);
    logins.replace([feedLogin("shop", "secret", { account: "other_db" })]);
    expect(logins.known(header)).toMatchObject({ account: "other_db" });
    expect(hashed).toHaveLength(1);
  });

  test("is void when the password is another, or the login gone (R15)", async () => {
    const logins = filled();
    const header = basic("shop", "secret");
    await ask(logins, header);
    logins.replace([feedLogin("shop", "changed")]);
    expect([logins.known(header), await ask(logins, header)]).toEqual([null, "access-denied"]);
    expect(await ask(logins, basic("shop", "changed"))).toBe("shop");
    logins.replace([]);
    expect(await ask(logins, basic("shop", "changed"))).toBe("access-denied");
  });

  test("is void for wrong ones too: a password can become right", async () => {
    const logins = filled();
    expect(await ask(logins, basic("shop", "next"))).toBe("access-denied");
    logins.replace([feedLogin("shop", "next")]);
    expect(await ask(logins, basic("shop", "next"))).toBe("shop");
  });

  test("is bounded: more headers than fit are verified again, and all stay right", async () => {
    const logins = open();
    const many = Array.from({ length: 10_050 }, (_, index) => feedLogin(`n${index}`, "x"));
    logins.replace(many);
    for (const { name } of many) expect(await ask(logins, basic(name, "x"))).toBe(name);
    expect(logins.known(basic("n0", "x"))).toBeNull();
    expect(await ask(logins, basic("n0", "x"))).toBe("n0");
    expect(await ask(logins, basic("n0", "y"))).toBe("access-denied");
  });
});

test("other spellings of the same header are hashed, counted and remembered once", async () => {
  const logins = filled({ failuresMax: 2, failureWindowMs: 60_000 });
  for (const word of ["right", "wrong"]) {
    hashed = [];
    const text = encode(`shop:${word === "right" ? "secret" : "guess"}`);
    const answers = [];
    for (const header of [
      `Basic ${text}`,
      `basic ${text}`,
      `BASIC   ${text}`,
      `Basic ${text.replace(/=+$/, "")}`,
    ])
      answers.push(await ask(logins, header));
    expect(new Set(answers)).toEqual(new Set([word === "right" ? "shop" : "access-denied"]));
    expect(hashed).toHaveLength(1);
  }
});

describe("hashes that take their time", () => {
  test("are shared by all who ask the same meanwhile", async () => {
    held = [];
    const logins = filled();
    const asked = Promise.all(Array.from({ length: 300 }, () => ask(logins, basic("shop", "secret"))));
    await end(logins);
    expect(new Set(await asked)).toEqual(new Set(["shop"]));
    expect(hashed).toEqual(["secret"]);
  });

  test("run two at once; a few of one client wait, and the rest is told to come back", async () => {
    held = [];
    const logins = filled({ failuresMax: 1_000, failureWindowMs: 60_000 });
    const asked = Promise.all(
      Array.from({ length: 40 }, (_, index) => ask(logins, basic("shop", `p${index}`))),
    );
    await expect.poll(() => logins.hashing.waiting).toBe(20);
    expect([hashed.length, logins.hashing.running]).toEqual([2, 2]);
    const other = ask(logins, basic("shop", "secret"), "192.0.2.2");
    await end(logins);
    const answers = await asked;
    expect(answers.filter((answer) => answer === "too-many-logins")).toHaveLength(18);
    expect(answers.filter((answer) => answer === "access-denied")).toHaveLength(22);
    expect(await other).toBe("shop");
    expect([logins.hashing.running, logins.hashing.waiting]).toEqual([0, 0]);
  });

  test("a flood from everywhere finds a bounded queue", async () => {
    held = [];
    const logins = filled();
    const asked = Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        ask(logins, basic(`n${index}`, "p"), `10.0.${index >> 8}.${index & 255}`),
      ),
    );
    await expect.poll(() => logins.hashing.waiting).toBe(200);
    await end(logins);
    expect((await asked).filter((answer) => answer === "too-many-logins")).toHaveLength(198);
  });

  test("prove the list of their beginning, not a later one", async () => {
    held = [];
    const logins = filled();
    const header = basic("shop", "secret");
    const asked = ask(logins, header);
    await expect.poll(() => held?.length).toBe(1);
    logins.replace([feedLogin("shop", "changed")]);
    await end(logins);
    expect([await asked, logins.known(header)]).toEqual(["access-denied", null]);
  });

  test("that fail are errors of ours, and nobody's wrong password", async () => {
    const logins = new LoginDirectory({
      clock: { now: () => now },
      verify: () => Promise.reject(new Error("no memory")),
      damping: { failuresMax: 1, failureWindowMs: 60_000 },
    });
    logins.replace([feedLogin("shop", "secret")]);
    for (let round = 0; round < 3; round++)
      expect(await ask(logins, basic("shop", "secret"))).toBe("internal");
  });
});

describe("too many wrong passwords", () => {
  const DAMPING = { failuresMax: 3, failureWindowMs: 60_000 };
  const fail = async (
    logins: LoginDirectory,
    count: number,
    name: string,
    client: (index: number) => string,
  ) => {
    const answers: string[] = [];
    for (let index = 0; index < count; index++) {
      answers.push(await ask(logins, basic(name, `wrong ${client(index)} ${index}`), client(index)));
    }
    return answers;
  };
  const anywhere = (index: number): string => `198.51.100.${index}`;

  test("from one address: refused unhashed, whoever is named, and told when to come back", async () => {
    const logins = filled(DAMPING);
    expect(await fail(logins, 3, "shop", () => HERE)).toEqual([
      "access-denied",
      "access-denied",
      "access-denied",
    ]);
    hashed = [];
    for (const name of ["shop", "nobody", "ü"])
      expect(await ask(logins, basic(name, "secret"))).toBe("too-many-failures");
    const error = await logins.verifyBasic(basic("shop", "other"), HERE);
    expect(error).toMatchObject({ code: "too-many-failures", context: { retryAfterSeconds: 20 } });
    expect([hashed, outcomes.at(-1)]).toEqual([[], "damped"]);
  });

  test("from one address hold up nobody else, nor anybody who is known", async () => {
    const logins = filled(DAMPING);
    await ask(logins, basic("ü", "pässwörd:ü"));
    await fail(logins, 3, "nobody", () => HERE);
    expect(logins.known(basic("ü", "pässwörd:ü"))?.name).toBe("ü");
    expect(await ask(logins, basic("shop", "secret"), "192.0.2.2")).toBe("shop");
  });

  test("from one IPv6 network count together, its neighbour's do not", async () => {
    const logins = filled(DAMPING);
    await fail(logins, 3, "nobody", (index) => `2001:db8:1:2:${index}::1`);
    expect(await ask(logins, basic("shop", "secret"), "2001:db8:1:2::99")).toBe("too-many-failures");
    expect(await ask(logins, basic("shop", "secret"), "2001:db8:1:3::99")).toBe("shop");
  });

  test.each(["shop", "nobody"])(
    "for one name from everywhere: refused, whether it exists or not (%s)",
    async (name) => {
      const logins = filled(DAMPING);
      expect(await fail(logins, 5, name, anywhere)).toEqual([
        "access-denied",
        "access-denied",
        "access-denied",
        "too-many-failures",
        "too-many-failures",
      ]);
    },
  );

  test("for one name lock out neither its known headers nor the addresses that have proven it", async () => {
    const logins = filled(DAMPING);
    await ask(logins, basic("shop", "secret"));
    await fail(logins, 10, "shop", anywhere);
    expect(logins.known(basic("shop", "secret"))?.name).toBe("shop");
    logins.replace([feedLogin("shop", "changed")]);
    expect(await ask(logins, basic("shop", "changed"))).toBe("shop");
  });

  test("let one more be looked at as time passes: nobody is locked out for good", async () => {
    const logins = filled(DAMPING);
    await fail(logins, 10, "shop", anywhere);
    expect(await ask(logins, basic("shop", "secret"))).toBe("too-many-failures");
    now += 19_000;
    expect(await ask(logins, basic("shop", "secret"))).toBe("too-many-failures");
    now += 1_000;
    expect(await ask(logins, basic("shop", "secret"))).toBe("shop");
  });

  test("repeated is one wrong password: a fleet with an old one blocks nobody", async () => {
    const logins = filled(DAMPING);
    for (let round = 0; round < 50; round++)
      expect(await ask(logins, basic("shop", "old"), anywhere(round))).toBe("access-denied");
    expect(hashed).toEqual(["old"]);
    expect(await ask(logins, basic("shop", "secret"))).toBe("shop");
    expect(outcomes.filter((outcome) => outcome === "known-wrong")).toHaveLength(49);
  });

  test("that came together are not all looked at", async () => {
    held = [];
    const logins = filled(DAMPING);
    const asked = Promise.all(
      Array.from({ length: 10 }, (_, index) => ask(logins, basic("shop", `w${index}`))),
    );
    await end(logins);
    const answers = await asked;
    // Two at once may both be wrong when one more was allowed.
    expect(hashed.length).toBeLessThanOrEqual(4);
    expect(answers.filter((answer) => answer === "too-many-failures").length).toBeGreaterThanOrEqual(6);
  });
});

test("the edge's own probe takes a login that may read anything, if there is one", () => {
  const logins = open();
  const rights = { readOnly: false, statements: ["write"], databases: null } as const;
  logins.replace([feedLogin("writer", "x", { rights })]);
  expect(logins.first()?.name).toBe("writer");
  logins.replace([feedLogin("writer", "x", { rights }), feedLogin("reader", "x")]);
  expect(logins.first()?.name).toBe("reader");
});
