import { afterAll, beforeAll, expect, test } from "vitest";
import { execute, findLeaks, openRig, type Rig, waitUntil } from "../src/index.ts";

// Everything is logged that can be, and every way to fail is taken with planted values in passwords, statements, tokens,
// paths and bodies. `rig.close` then searches all logs and metrics; here the answers are searched too.

let rig: Rig;
let base: string;
/** Answers that Rockpool itself made up; the database's own errors quote what their client sent, to that client. */
const answers: string[] = [];

beforeAll(async () => {
  rig = await openRig({
    edgeConfig: { log: { level: "debug", statements: "template" } },
    originConfig: { log: { level: "debug", statements: "template" }, statementTimeoutMs: 3_000 },
    logins: [{ name: "reader", password: "canary-password-of-reader", database: "mysql", readOnly: true }],
  });
  base = rig.edges[0]?.line.http ?? "";
  await execute(base, rig.login, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(60))");
  await execute(base, rig.login, "INSERT INTO t VALUES (1, 'canary-row')");
});
afterAll(() => rig?.close());

/** A request of any kind; its answer is kept. */
async function ask(
  path: string,
  init: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly method?: string;
  } = {},
): Promise<number> {
  const credentials = btoa(`${rig.login.user}:${rig.login.password}`);
  const response = await fetch(base + path, {
    method: "POST",
    ...init,
    headers: { "content-type": "application/json", authorization: `Basic ${credentials}`, ...init.headers },
  });
  answers.push(`${[...response.headers].join(" ")}\n${await response.text()}`);
  return response.status;
}

const EXECUTE = "/psdb.v1alpha1.Database/Execute";

test.each([
  ["a wrong password", `Basic ${btoa("app:canary-wrong-password")}`],
  ["an unknown login", `Basic ${btoa("canary-nobody:canary-wrong-password")}`],
  ["no base64", "Basic canary-%%%"],
  ["another scheme", "Bearer canary-bearer"],
])("%s", async (_, authorization) => {
  const body = JSON.stringify({ query: "SELECT 'canary-literal'", session: null });
  expect(await ask(EXECUTE, { headers: { authorization }, body })).toBe(401);
});

test.each([
  ["a body that is no JSON", `{"query": canary-body`],
  ["a body of another shape", `{"query": {"canary-body": 1}}`],
  [
    "a forged token",
    JSON.stringify({ query: "SELECT 1", session: { signature: "canary-token.canary-mac" } }),
  ],
])("%s", async (_, body) => {
  expect(await ask(EXECUTE, { body })).toBeGreaterThanOrEqual(400);
});

test.each(["/canary-path", `${EXECUTE}?canary-query`, "/sql?canary-query", "/v1beta/sql?canary-query"])(
  "%s",
  async (path) => {
    expect(await ask(path, { body: `{"sql":"canary-body"` })).toBeGreaterThanOrEqual(400);
  },
);

test.each([
  "SELECT v FROM t WHERE v = 'canary-literal'",
  "SELECT v FROM t WHERE v = 'canary-literal' -- canary-comment",
  'SELECT v FROM t /* canary-comment */ WHERE v = "canary\\"-literal"',
  "INSERT INTO t VALUES (1, 'canary-duplicate')",
  "SELECT 'canary-open",
  "SELECT /*! 'canary-executable' */",
  "SELEC canary-typo",
  "SELECT canary_column, 'canary-literal' FROM nowhere",
  "CREATE USER 'canary_user'@'localhost' IDENTIFIED BY 'canary-new-password'",
  "SET PASSWORD FOR 'canary_user'@'localhost' = PASSWORD('canary-new-password')",
  "GRANT SELECT ON *.* TO 'canary_user'@'localhost' IDENTIFIED BY 'canary-new-password'",
  "SELECT @`canary-name`, @'canary-name'",
  "SELECT 1; SELECT 'canary-second'",
  "SET sql_mode = 'ANSI_QUOTES,canary-mode'",
  "SELECT ROW_COUNT(), 'canary-literal'",
  "LOAD DATA LOCAL INFILE '/canary-file' INTO TABLE t",
  "CALL canary_procedure('canary-literal')",
  "PREPARE s FROM 'SELECT ''canary-literal'''",
])("%s", async (sql) => {
  const { body } = await execute(base, rig.login, sql);
  expect("result" in body || "error" in body).toBe(true);
});

test("a login that may only read", async () => {
  const reader = { user: "reader", password: "canary-password-of-reader" };
  const refused = await execute(base, reader, "DELETE FROM t WHERE v = 'canary-literal'");
  answers.push(JSON.stringify(refused.body));
  expect(refused.body.error).toBeDefined();
});

test("a statement that takes too long, and one whose connection breaks", async () => {
  const slow = await execute(base, rig.login, "SELECT SLEEP(30), 'canary-literal'");
  expect(slow.body.error?.message).toContain("errno 3024");
  answers.push(slow.body.error?.message ?? "");
  const lost = execute(base, rig.login, "UPDATE t SET v = 'canary-lost' WHERE SLEEP(2) = 0");
  await waitUntil(
    async () => (await rig.metric(rig.origin.line.admin, "rockpool_origin_statements_running")) > 0,
  );
  rig.databaseLink.reset();
  answers.push(JSON.stringify((await lost).body));
});

test("no answer of Rockpool's own tells a secret, or what somebody planted", () => {
  expect(answers.length).toBeGreaterThan(10);
  expect(answers.flatMap((text) => findLeaks("an answer", text, rig.secrets, false))).toEqual([]);
});
