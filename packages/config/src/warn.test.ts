import { expect, test } from "vitest";
import { type EdgeConfig, loadEdgeConfig, loadOriginConfig, type OriginConfig } from "./load-config.ts";
import { warnOfEdgeConfig, warnOfOriginConfig } from "./warn.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

function edge(env: Record<string, string>): EdgeConfig {
  return loadEdgeConfig({
    env: { ROCKPOOL_ORIGIN_URL: "http://o:1", ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET, ...env },
  });
}

function origin(env: Record<string, string>): OriginConfig {
  const logins = [{ name: "a", password: "b", database: "c" }];
  return loadOriginConfig({
    env: {
      ROCKPOOL_SHARED_SECRET: SECRET,
      ROCKPOOL_DATABASE_USER: "u",
      ROCKPOOL_DATABASE_DATABASE: "d",
      ROCKPOOL_LOGINS: JSON.stringify(logins),
      ...env,
    },
  });
}

const edgeWarnings = (env: Record<string, string>): string[] => warnOfEdgeConfig(edge(env));
const originWarnings = (env: Record<string, string>): string[] => warnOfOriginConfig(origin(env));

test("the defaults warn of nothing", () => {
  expect(edgeWarnings({})).toEqual([]);
  expect(originWarnings({})).toEqual([]);
});

test("a bound below two heartbeats is warned of, no bound is not", () => {
  expect(edgeWarnings({ ROCKPOOL_FRESHNESS_BOUND_MS: "499" })).toEqual([
    expect.stringContaining("2 x heartbeatIntervalMs"),
  ]);
  expect(edgeWarnings({ ROCKPOOL_FRESHNESS_BOUND_MS: "500" })).toEqual([]);
  expect(edgeWarnings({ ROCKPOOL_FRESHNESS_BOUND_MS: "0" })).toEqual([]);
});

test("a maximum age below the bound is warned of", () => {
  expect(edgeWarnings({ ROCKPOOL_FRESHNESS_MAX_AGE_MS: "10" })).toEqual([
    expect.stringContaining("maxAgeMs"),
  ]);
});

test("an unencrypted link to a remote database is warned of", () => {
  const remote = { ROCKPOOL_DATABASE_HOST: "db.internal" };
  expect(originWarnings(remote)).toEqual([expect.stringContaining("unencrypted")]);
  expect(originWarnings({ ...remote, ROCKPOOL_DATABASE_TLS_MODE: "require" })).toEqual([]);
});

test("waiting longer than a statement may run is warned of", () => {
  expect(originWarnings({ ROCKPOOL_STATEMENT_TIMEOUT_MS: "5000" })).toEqual([
    expect.stringContaining("time out first"),
  ]);
});

test("the round trip to the origin counts twice", () => {
  const config = edge({ ROCKPOOL_FRESHNESS_BOUND_MS: "600" });
  expect(warnOfEdgeConfig(config)).toEqual([]);
  expect(warnOfEdgeConfig(config, { rttMs: 50 })).toEqual([]);
  expect(warnOfEdgeConfig(config, { rttMs: 51 })).toEqual([
    expect.stringContaining("2 x 250 + 2 x 51 = 602"),
  ]);
});

test.each([
  ["http://203.0.113.7:7070", true],
  ["http://origin.example.com:7070", true],
  ["http://[2001:db8::1]:7070", true],
  ["https://origin.example.com:7070", false],
  ["http://127.0.0.1:7070", false],
  ["http://10.1.2.3:7070", false],
  ["http://100.64.0.9:7070", false],
  ["http://[fd00::1]:7070", false],
  ["http://origin:7070", false],
  ["http://origin.rockpool.svc:7070", false],
  ["http://origin.internal:7070", false],
])("an origin at %s is warned of: %s", (url, expected) => {
  const warnings = edgeWarnings({ ROCKPOOL_ORIGIN_URL: url });
  expect(warnings.some((text) => text.includes("in the clear"))).toBe(expected);
});

test("a listener that everybody can reach without TLS is warned of", () => {
  for (const host of ["0.0.0.0", "::", "203.0.113.7"]) {
    expect(edgeWarnings({ ROCKPOOL_LISTEN_HTTP_HOST: host })).toEqual([
      expect.stringContaining("without TLS"),
    ]);
    expect(originWarnings({ ROCKPOOL_LISTEN_BACKHAUL_HOST: host })).toEqual([
      expect.stringContaining("without TLS"),
    ]);
  }
  const tls = { ROCKPOOL_LISTEN_HTTPS_CERT_FILE: "c.pem", ROCKPOOL_LISTEN_HTTPS_KEY_FILE: "k.pem" };
  expect(edgeWarnings({ ROCKPOOL_LISTEN_HTTP_HOST: "0.0.0.0", ...tls })).toEqual([]);
  expect(edgeWarnings({ ROCKPOOL_LISTEN_HTTP_HOST: "10.0.0.5" })).toEqual([]);
});

test("an admin door on a public address is warned of", () => {
  const wildcard = edge({ ROCKPOOL_LISTEN_ADMIN_HOST: "0.0.0.0" });
  expect(warnOfEdgeConfig(wildcard)).toEqual([]);
  expect(warnOfEdgeConfig(wildcard, { hasPublicAddress: true })).toEqual([
    expect.stringContaining("listen.admin.host"),
  ]);
  expect(edgeWarnings({ ROCKPOOL_LISTEN_ADMIN_HOST: "203.0.113.7" })).toHaveLength(1);
});

test("a cache that does not fit into the memory is warned of", () => {
  const config = edge({});
  expect(warnOfEdgeConfig(config, { memoryBytes: 1024 ** 3 })).toEqual([]);
  expect(warnOfEdgeConfig(config, { memoryBytes: 300 * 1024 ** 2 })).toEqual([
    expect.stringContaining("cache.sizeMaxBytes"),
  ]);
});

test("many plain passwords are warned of", () => {
  const logins = Array.from({ length: 101 }, (_, index) => ({
    name: `n${index}`,
    password: "p",
    database: "d",
  }));
  expect(originWarnings({ ROCKPOOL_LOGINS: JSON.stringify(logins) })).toEqual([
    expect.stringContaining("about 5 s"),
  ]);
});

test("a file that holds secrets and that everybody can read is warned of", () => {
  const config = origin({});
  const text = "logins: [{name: a, password: hunter2, database: d}]";
  const warnings = warnOfOriginConfig(config, { file: { text, mode: 0o100644 } });
  expect(warnings).toEqual([expect.stringContaining("logins[].password")]);
  expect(warnings.join()).not.toContain("hunter2");
  expect(warnOfOriginConfig(config, { file: { text, mode: 0o100640 } })).toEqual([]);
  expect(warnOfOriginConfig(config, { file: { text: "log: {level: info}", mode: 0o100644 } })).toEqual([]);
});
