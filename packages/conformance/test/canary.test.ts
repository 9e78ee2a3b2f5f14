import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findLeaks, secretsIn } from "../src/canary.ts";

const CONFIG = {
  sharedSecret: "shared-0123456789",
  database: { user: "root", password: "db-password" },
  logins: [{ name: "app", password: "app-password", account: { user: "u", password: "account-password" } }],
};
const secrets = secretsIn(CONFIG);

function whatIn(line: string, isLog = true): string[] {
  return findLeaks("here", line, secrets, isLog).map(({ what }) => what);
}

describe("what must not be in a log is found", () => {
  test.each([
    ["a password", '{"msg":"x","y":"app-password"}', "logins.0.password"],
    ["the account's", "account-password", "logins.0.account.password"],
    ["the database's", "Error: db-password", "database.password"],
    ["the shared secret", "Bearer shared-0123456789", "sharedSecret"],
    ["Basic credentials", `Basic ${btoa("app:app-password")}`, "Basic credentials of app"],
    [
      "the token key",
      createHmac("sha256", CONFIG.sharedSecret).update("rockpool/session-token/1").digest("hex"),
      "the key of session tokens",
    ],
    ["a planted literal", '{"note":"canary-literal-7"}', "a planted value"],
    ["a signature", `{"x":"${"a".repeat(40)}.${"b".repeat(43)}"}`, "a session's signature"],
    ["a statement", '{"msg":"failed: SELECT a FROM t WHERE b = 1"}', "a statement's text"],
    ["a write", '{"error":"insert into t values (1)"}', "a statement's text"],
  ])("%s", (_, line, what) => {
    expect(whatIn(line)).toContain(what);
  });
});

test("a template is allowed where a statement is not, but a planted literal in it is found", () => {
  expect(whatIn('{"msg":"statement","template":"SELECT a FROM t WHERE b = ?"}')).toEqual([]);
  expect(whatIn(String.raw`{"template":"SELECT \"a\" FROM t","rows":1}`)).toEqual([]);
  expect(whatIn('{"template":"SELECT canary-1 FROM t"}')).toEqual(["a planted value"]);
});

test("ordinary lines are not", () => {
  const lines = [
    '{"level":"info","msg":"feed open","epoch":"Zk3vX2c1b0aQ9w8e","seq":4,"resumed":false}',
    '{"level":"warn","error":{"stack":"    at Object.<anonymous> (file:///a/b-c_d/session-table.ts:10:2)"}}',
    "the statement was refused before it went anywhere; update the list of logins",
  ];
  expect(lines.flatMap((line) => whatIn(line))).toEqual([]);
});

test("what is found is not repeated in the report", () => {
  expect(JSON.stringify(findLeaks("here", "app-password", secrets, true))).not.toContain("app-password");
});
