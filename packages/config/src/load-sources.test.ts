import { describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { type ConfigSources, loadEdgeConfig, loadOriginConfig } from "./load-config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const EDGE_ENV = { ROCKPOOL_ORIGIN_URL: "http://127.0.0.1:7070", ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET };
const ORIGIN_YAML = `
sharedSecret: ${SECRET}
database: { user: rockpool, password: hunter2, database: app }
logins:
  - name: web
    password: hunter2 # a comment
    database: app
`;
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n";

/** Files by name; anything else is not there. */
function files(content: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => {
    const text = content[name];
    if (text === undefined) throw Object.assign(new Error(`no such file: ${name}`), { code: "ENOENT" });
    return text;
  };
}

function complaint(load: (sources: ConfigSources) => unknown, sources: ConfigSources): string {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

const edgeFile = (file: string): string =>
  complaint(loadEdgeConfig, { file, fileName: "edge.yaml", env: EDGE_ENV });

describe("YAML", () => {
  test("is read, comments and all", () => {
    const config = loadOriginConfig({ file: ORIGIN_YAML, env: {} });
    expect(config.logins[0]).toMatchObject({ name: "web", password: "hunter2" });
  });

  test("JSON is YAML, tabs and a byte order mark included", () => {
    const file = `\uFEFF{\n\t"cache": {\n\t\t"entryMax": 7\n\t}\n}`;
    expect(loadEdgeConfig({ file, env: EDGE_ENV }).cache.entryMax).toBe(7);
  });

  test("an anchor may be used again", () => {
    const file = `${ORIGIN_YAML}  - { name: other, password: &p s3, database: app }\n  - { name: third, password: *p, database: app }\n`;
    expect(loadOriginConfig({ file, env: {} }).logins.map(({ password }) => password)).toEqual([
      "hunter2",
      "s3",
      "s3",
    ]);
  });

  test.each([
    ["an empty file", "", "edge.yaml: the file is empty", "without --config"],
    ["a file of comments", "# nothing\n", "the file is empty", ""],
    ["text", "cache", "not a list of settings", "name: value"],
    ["no space behind a colon", "cache:5", "not a list of settings", "name: value"],
    ["a setting given twice", "log:\n  level: info\n  level: warn\n", "line 3 column 3 repeats", "keep one"],
    ["a section given twice", '{"cache": {}, "cache": {}}', "line 1 column 15 repeats", "keep one"],
    ["a tab as indentation", "cache:\n\tentryMax: 5\n", "line 2 column 1 is indented with a tab", "spaces"],
    ["two documents", "log: {}\n---\nlog: {}\n", "line 2 column 1 begins a second document", "into one"],
    ["a tag", "log: !secret {}\n", "line 1 column 6", "single quotes"],
    ["an alias of nothing", "log: *hunter2\n", "an alias", "single quotes"],
    ["a name that is a list", "? [a]\n: 1\n", "line 1", "Fix: "],
    ["deep nesting", `cache: ${"[".repeat(20_000)}`, "nested too deeply", "Fix: "],
    [
      "an alias bomb",
      `a: &a [${"x,".repeat(10)}]\nb: &b [${"*a,".repeat(10)}]\nc: &c [${"*b,".repeat(10)}]\nd: [${"*c,".repeat(10)}]\n`,
      "aliases",
      "Fix: ",
    ],
  ])("%s is refused", (_, file, problem, fix) => {
    const message = edgeFile(file);
    expect(message).toContain(problem);
    expect(message).toContain(fix);
    expect(message).not.toContain("hunter2");
  });

  test.each([
    [
      "a number with its unit",
      "freshness:\n  boundMs: 250ms\n",
      "edge.yaml:2: freshness.boundMs: is not a whole number",
      "write the number alone, in milliseconds",
    ],
    ["text for bytes", 'cache: {entryMax: "5"}', "edge.yaml:1: cache.entryMax", "without quotes"],
    [
      "text for a list",
      "access:\n  allow: 10.0.0.0/8\n",
      "edge.yaml:2: access.allow: is not a list",
      "[one, two]",
    ],
    ["a quoted boolean", 'listen: {reusePort: "true"}', "listen.reusePort", "without quotes"],
    [
      "an unknown key",
      "log: {}\ncache:\n  sizeMax: 1\n",
      "edge.yaml:3: cache.sizeMax: no such",
      "sizeMaxBytes?",
    ],
    ["an empty section", "cache:\nlog:\n", "edge.yaml:1: cache: is an empty section", "cache.sizeMaxBytes"],
    ["a section that is a number", "cache: 5", "edge.yaml:1: cache: is not a section", "cache.entryMax"],
    ["an impossible pair", "log: {}\nfreshness: {boundMs: 1}\n", "edge.yaml:2: freshness.boundMs", "twice"],
  ])("%s: line, key and fix", (_, file, problem, fix) => {
    const message = edgeFile(file);
    expect(message).toContain(problem);
    expect(message).toContain(fix);
  });

  test("a password that YAML takes for a number or for nothing", () => {
    for (const [value, hint] of [
      ["12345", "put it in quotes"],
      ["true", "put it in quotes"],
      ["#hash", "in quotes"],
    ] as const) {
      const file = ORIGIN_YAML.replace("hunter2 # a comment", value);
      const message = complaint(loadOriginConfig, { file, fileName: "o.yaml", env: {} });
      expect(message).toContain("o.yaml:6: logins[0].password: is not text");
      expect(message).toContain(hint);
      expect(message).not.toContain(value);
    }
  });

  test("what the variable says is wrong in the variable, not in the file", () => {
    const message = complaint(loadEdgeConfig, {
      file: "cache: {entryMax: 5}",
      fileName: "edge.yaml",
      env: { ...EDGE_ENV, ROCKPOOL_CACHE_ENTRY_MAX: "0" },
    });
    expect(message).toContain("ROCKPOOL_CACHE_ENTRY_MAX: cache.entryMax: is too small");
    expect(message).not.toContain("edge.yaml");
  });
});

describe("the environment", () => {
  test("a variable's value may stand in a file; its last line end is not part of it", () => {
    const env = {
      ROCKPOOL_ORIGIN_URL: EDGE_ENV.ROCKPOOL_ORIGIN_URL,
      ROCKPOOL_ORIGIN_SHARED_SECRET_FILE: "/run/s",
    };
    for (const end of ["", "\n", "\r\n"]) {
      const config = loadEdgeConfig({ env, readFile: files({ "/run/s": SECRET + end }) });
      expect(config.origin.sharedSecret).toBe(SECRET);
    }
  });

  test.each([
    [
      "a file that is not there",
      { ROCKPOOL_ORIGIN_SHARED_SECRET_FILE: "hunter2" },
      "does not exist (ENOENT)",
    ],
    [
      "both the variable and its file",
      { ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET, ROCKPOOL_ORIGIN_SHARED_SECRET_FILE: "/run/s" },
      "ROCKPOOL_ORIGIN_SHARED_SECRET_FILE: is given, and ROCKPOOL_ORIGIN_SHARED_SECRET too",
    ],
    [
      "a number's file that holds text",
      { ROCKPOOL_CACHE_ENTRY_MAX_FILE: "/run/s" },
      "ROCKPOOL_CACHE_ENTRY_MAX_FILE: is not a whole number",
    ],
    ["a file of no setting", { ROCKPOOL_CASH_FILE: "/run/s" }, "ROCKPOOL_CASH_FILE: no such setting"],
  ])("%s is refused", (_, env, problem) => {
    const message = complaint(loadEdgeConfig, {
      env: { ROCKPOOL_ORIGIN_URL: EDGE_ENV.ROCKPOOL_ORIGIN_URL, ...env },
      readFile: files({ "/run/s": SECRET }),
    });
    expect(message).toContain(problem);
    expect(message).not.toContain("hunter2");
  });

  test("the other program's files pass", () => {
    const env = { ...EDGE_ENV, ROCKPOOL_DATABASE_PASSWORD_FILE: "/nowhere" };
    expect(loadEdgeConfig({ env }).log.level).toBe("info");
  });

  test("a list of texts is separated by commas, or JSON", () => {
    for (const text of ["10.0.0.0/8, ::1", '["10.0.0.0/8", "::1"]']) {
      const config = loadEdgeConfig({ env: { ...EDGE_ENV, ROCKPOOL_ACCESS_ALLOW: text } });
      expect(config.access.allow).toEqual(["10.0.0.0/8", "::1"]);
    }
    expect(loadEdgeConfig({ env: { ...EDGE_ENV, ROCKPOOL_ACCESS_ALLOW: "" } }).access.allow).toEqual([]);
  });

  test("a list of logins is JSON only", () => {
    const message = complaint(loadOriginConfig, {
      file: ORIGIN_YAML,
      env: { ROCKPOOL_LOGINS: "web,hunter2" },
    });
    expect(message).toContain("ROCKPOOL_LOGINS: is not a JSON array");
  });

  test("an optional section can be set by variables alone, and not by half", () => {
    const cert = { ROCKPOOL_LISTEN_HTTPS_CERT_FILE: "c.pem" };
    const env = { ...EDGE_ENV, ...cert, ROCKPOOL_LISTEN_HTTPS_KEY_FILE: "k.pem" };
    const readFile = files({ "c.pem": CERTIFICATE, "k.pem": KEY });
    expect(loadEdgeConfig({ env, readFile }).listen.https).toMatchObject({ port: 8443, certFile: "c.pem" });
    const half = complaint(loadEdgeConfig, { env: { ...EDGE_ENV, ...cert }, readFile });
    expect(half).toContain("listen.https.keyFile: is required");
    expect(half).toContain("ROCKPOOL_LISTEN_HTTPS_KEY_FILE");
  });
});

describe("files that settings name", () => {
  const https = (certFile: string, keyFile: string): string =>
    `listen:\n  https:\n    certFile: ${certFile}\n    keyFile: ${keyFile}\n`;
  const readFile = files({ "c.pem": CERTIFICATE, "k.pem": KEY });

  test.each([
    ["missing", https("c.pem", "x.pem"), "e.yaml:4: listen.https.keyFile: names a file that does not exist"],
    [
      "swapped",
      https("k.pem", "c.pem"),
      "e.yaml:3: listen.https.certFile: names a file without a PEM certificate",
    ],
    [
      "a key that is none",
      https("c.pem", "c.pem"),
      "e.yaml:4: listen.https.keyFile: names a file without a PEM private key",
    ],
  ])("%s", (_, file, problem) => {
    const message = complaint(loadEdgeConfig, { file, fileName: "e.yaml", env: EDGE_ENV, readFile });
    expect(message).toContain(problem);
  });

  test("usable ones pass", () => {
    const config = loadEdgeConfig({ file: https("c.pem", "k.pem"), env: EDGE_ENV, readFile });
    expect(config.listen.https?.keyFile).toBe("k.pem");
  });
});

describe("a shared secret out of an example", () => {
  test.each([
    "replace-me-with-openssl-rand-hex-32",
    "REPLACE_ME_REPLACE_ME_REPLACE_ME_",
    "changemechangemechangemechangeme",
    "change-this-to-something-else-please",
    "your-secret-goes-here-0123456789abcdef",
    "a".repeat(32),
    "abcd".repeat(8),
    "<put the output of openssl rand here>",
  ])("%s", (sharedSecret) => {
    const env = { ...EDGE_ENV, ROCKPOOL_ORIGIN_SHARED_SECRET: sharedSecret };
    expect(complaint(loadEdgeConfig, { env })).toContain("openssl rand -hex 32");
    const file = ORIGIN_YAML.replace(SECRET, JSON.stringify(sharedSecret));
    expect(complaint(loadOriginConfig, { file, env: {} })).toContain("sharedSecret: is a placeholder");
  });
});
