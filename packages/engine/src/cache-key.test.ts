import { ALL_RIGHTS } from "@rockpool/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyOptions } from "../test/property-seed.ts";
import { keyPrefixOf, KeyPrefixes } from "./cache-key.ts";
import { createSession, type Session } from "./session.ts";

function sessionOf(account: string, schema: string | null, variables: [string, string][]): Session {
  const login = { name: "shop", account, schema: "app", rights: ALL_RIGHTS, visibility: null };
  const session = createSession(login, "u");
  return { ...session, schema, variables: variables.map(([name, value]) => ({ name, value })) };
}

const BASE = sessionOf("a", "s", [["time_zone", "'x'"]]);

test.each([
  ["account", { ...BASE, login: { ...BASE.login, account: "b" } }, "p"],
  ["what the login may see", { ...BASE, login: { ...BASE.login, visibility: "v" } }, "p"],
  ["schema", { ...BASE, schema: "t" }, "p"],
  ["no schema", { ...BASE, schema: null }, "p"],
  ["a schema named null", { ...BASE, schema: "null" }, "p"],
  ["profile", BASE, "q"],
  ["a variable's value", sessionOf("a", "s", [["time_zone", "'y'"]]), "p"],
  ["a variable's name", sessionOf("a", "s", [["time_zon", "'x'"]]), "p"],
  ["no variable", sessionOf("a", "s", []), "p"],
])("another prefix: %s", (_name, session, profile) => {
  expect(keyPrefixOf(session, profile)).not.toBe(keyPrefixOf(BASE, "p"));
});

test("the same prefix: uuid, login's name, read-only or not, insert id, bookmark, autocommit", () => {
  const other: Session = {
    ...BASE,
    login: { ...BASE.login, name: "else", rights: { ...ALL_RIGHTS, readOnly: true } },
    uuid: "v",
    lastInsertId: 9n,
    bookmark: { epoch: "e", seq: 1 },
    autocommit: false,
    variables: [...BASE.variables, { name: "autocommit", value: "0" }],
  };
  expect(keyPrefixOf(other, "p")).toBe(keyPrefixOf(BASE, "p"));
});

/** Names made of what could end a field, a list or the prefix. */
const name = fc.string({
  unit: fc.constantFrom("a", '"', "'", "\\", "\n", ",", "[", "]", "\0", "é", "\u2028"),
  maxLength: 6,
});
const pairs = fc.array(fc.tuple(name, name), { maxLength: 3 });
const parts = fc.tuple(name, fc.option(name), name, pairs, name);

test("no two different sessions and texts spell the same key", () => {
  const keyOf = ([account, schema, profile, variables, sql]: [
    string,
    string | null,
    string,
    [string, string][],
    string,
  ]) => keyPrefixOf(sessionOf(account, schema, variables), profile) + sql;
  fc.assert(
    fc.property(parts, parts, (left, right) => {
      expect(keyOf(left) === keyOf(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
    }),
    propertyOptions(2_000),
  );
});

test("a text cannot reach back into the prefix: the first line is the prefix, whatever is in the names", () => {
  fc.assert(
    fc.property(parts, ([account, schema, profile, variables, sql]) => {
      const prefix = keyPrefixOf(sessionOf(account, schema, variables), profile);
      expect(prefix.indexOf("\n")).toBe(prefix.length - 1);
      expect((prefix + sql).slice(prefix.length)).toBe(sql);
    }),
    propertyOptions(500),
  );
});

test("a remembered prefix is made anew for another profile", () => {
  const prefixes = new KeyPrefixes();
  expect(prefixes.of(BASE, "p")).toBe(keyPrefixOf(BASE, "p"));
  expect(prefixes.of(BASE, "p")).toBe(keyPrefixOf(BASE, "p"));
  expect(prefixes.of(BASE, "q")).toBe(keyPrefixOf(BASE, "q"));
});
