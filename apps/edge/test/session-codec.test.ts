import { ALL_RIGHTS } from "@rockpool/base";
import { createSession, type Session } from "@rockpool/engine";
import { describe, expect, test } from "vitest";
import { SessionCodec, type SpokenSession } from "../src/http/session-codec.ts";

const LOGIN = { name: "shop", account: "shop_db", schema: "app", rights: ALL_RIGHTS, visibility: null };
const KEY = "11".repeat(32);

function open(key = KEY): SessionCodec {
  const codec = new SessionCodec();
  codec.setKey(key);
  return codec;
}

function signatureOf({ text }: SpokenSession): string {
  return (JSON.parse(text) as { signature: string }).signature; // encodeSession always writes one
}

/** A session with all the state that there is. */
const FULL: Session = {
  ...createSession(LOGIN, "u-1"),
  schema: "other",
  pin: "p1",
  lost: false,
  inTransaction: true,
  autocommit: false,
  variables: [{ name: "time_zone", value: "'+01:00'" }],
  lastInsertId: 18_446_744_073_709_551_615n,
  bookmark: { epoch: "e1", seq: 12 },
};

describe("a token", () => {
  test("carries the whole session to another edge with the same key", () => {
    const codec = open();
    const signature = signatureOf(codec.next(codec.fresh(LOGIN), FULL));
    const decoded = open().decode(signature, LOGIN).session;
    expect({ ...decoded, uuid: "u-1" }).toEqual(FULL);
    expect(decoded.uuid).not.toBe(codec.fresh(LOGIN).session.uuid);
  });

  test("of a lost session stays lost", () => {
    const codec = open();
    const lost = { ...FULL, pin: null, lost: true, inTransaction: false };
    expect(codec.decode(signatureOf(codec.next(codec.fresh(LOGIN), lost)), LOGIN).session.lost).toBe(true);
  });

  test("shows a client what psdb clients look for", () => {
    const { text } = open().next(open().fresh(LOGIN), FULL);
    expect(JSON.parse(text)).toMatchObject({
      vitessSession: { autocommit: false, inTransaction: true, lastInsertId: "18446744073709551615" },
    });
  });

  test("with any one bit flipped, cut anywhere, or with more behind it, is refused", () => {
    const codec = open();
    const signature = signatureOf(codec.next(codec.fresh(LOGIN), FULL));
    const bytes = Buffer.from(signature, "latin1");
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const forged = Buffer.from(bytes);
        forged[at] = (forged[at] ?? 0) ^ (1 << bit);
        expect(() => codec.decode(forged.toString("latin1"), LOGIN)).toThrow("not valid for this login");
      }
      expect(() => codec.decode(signature.slice(0, at), LOGIN)).toThrow("not valid for this login");
    }
    for (const more of [".", "A", "=", signature]) {
      expect(() => codec.decode(signature + more, LOGIN)).toThrow("not valid for this login");
    }
  });

  test("of another login is refused, also when it is known already", () => {
    const codec = open();
    const signature = signatureOf(codec.next(codec.fresh(LOGIN), FULL));
    codec.decode(signature, LOGIN);
    const context = expect.objectContaining({ context: { reason: "foreign" } });
    expect(() => codec.decode(signature, { ...LOGIN, name: "else" })).toThrow(context);
  });

  test("of another key is refused, and of an older one after the key has changed", () => {
    const codec = open();
    const signature = signatureOf(codec.next(codec.fresh(LOGIN), FULL));
    expect(() => open("22".repeat(32)).decode(signature, LOGIN)).toThrow("not valid for this login");
    codec.decode(signature, LOGIN);
    codec.setKey("22".repeat(32));
    expect(() => codec.decode(signature, LOGIN)).toThrow("not valid for this login");
    expect(codec.decode(signatureOf(codec.fresh(LOGIN)), LOGIN).session).toEqual(codec.fresh(LOGIN).session);
  });

  test("cannot be made or read before the feed has told the key", () => {
    const codec = new SessionCodec();
    expect(() => codec.fresh(LOGIN)).toThrow("cannot reach the origin");
    expect(() => codec.decode("a.b", LOGIN)).toThrow("cannot reach the origin");
  });

  test("larger than a token may be is refused where it is made, not where it comes back", () => {
    const codec = open();
    const variables = [{ name: "sql_mode", value: `'${"ANSI,".repeat(2_000)}'` }];
    expect(() => codec.next(codec.fresh(LOGIN), { ...FULL, variables })).toThrow(
      "does not support this statement",
    );
  });
});

describe("a session from one statement to the next", () => {
  test("that says nothing new keeps its text, shared among all clients of the login", () => {
    const codec = open();
    const fresh = codec.fresh(LOGIN);
    expect(codec.fresh(LOGIN)).toBe(fresh);
    expect(codec.next(fresh, { ...fresh.session })).toBe(fresh);
    expect(codec.fresh({ ...LOGIN, name: "else" }).session.uuid).not.toBe(fresh.session.uuid);
  });

  test.each<[string, Partial<Session>]>([
    ["pin", { pin: "p1" }],
    ["lost", { lost: true }],
    ["transaction", { inTransaction: true }],
    ["autocommit", { autocommit: false }],
    ["database", { schema: "other" }],
    ["variables", { variables: [{ name: "time_zone", value: "'+01:00'" }] }],
    ["insert id", { lastInsertId: 3n }],
    ["bookmark", { bookmark: { epoch: "e1", seq: 1 } }],
  ])("gets a uuid of its own when it gets state: %s", (_name, changes) => {
    const codec = open();
    const fresh = codec.fresh(LOGIN);
    const one = codec.next(fresh, { ...fresh.session, ...changes });
    const two = codec.next(fresh, { ...fresh.session, ...changes });
    expect(new Set([fresh, one, two].map(({ session }) => session.uuid)).size).toBe(3);
    // From then on it is its own.
    const later = codec.next(one, { ...one.session, lastInsertId: 99n });
    expect(later.session.uuid).toBe(one.session.uuid);
    expect(codec.decode(signatureOf(later), LOGIN).session).toEqual(later.session);
  });

  test("gets one also when the feed came back while its statement was under way", () => {
    const codec = open();
    const fresh = codec.fresh(LOGIN);
    codec.setKey(KEY);
    const one = codec.next(fresh, { ...fresh.session, pin: "p1" });
    const two = codec.next(fresh, { ...fresh.session, pin: "p2" });
    expect(new Set([fresh, one, two].map(({ session }) => session.uuid)).size).toBe(3);
  });

  test("keeps its bookmark's epoch apart", () => {
    const codec = open();
    const before = codec.next(codec.fresh(LOGIN), { ...FULL, bookmark: { epoch: "e1", seq: 1 } });
    const after = codec.next(before, { ...before.session, bookmark: { epoch: "e2", seq: 1 } });
    expect(after.text).not.toBe(before.text);
  });
});

test("tokens whose check is remembered are bounded, and forgetting one costs nothing but the check", () => {
  const codec = open();
  const fresh = codec.fresh(LOGIN);
  const tokens: string[] = [];
  for (let seq = 0; seq < 10_050; seq++) {
    tokens.push(signatureOf(codec.next(fresh, { ...fresh.session, bookmark: { epoch: "e1", seq } })));
    codec.decode(tokens.at(-1) ?? "", LOGIN);
  }
  expect(codec.decode(tokens[0] ?? "", LOGIN).session.bookmark).toEqual({ epoch: "e1", seq: 0 });
});
