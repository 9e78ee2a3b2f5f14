import { expect, test } from "vitest";
import { loadEdgeConfig, loadOriginConfig } from "./load-config.ts";
import { warnOfEdgeConfig, warnOfOriginConfig } from "./warn.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

function edgeWarnings(env: Record<string, string>): string[] {
  return warnOfEdgeConfig(
    loadEdgeConfig({
      env: { ROCKPOOL_ORIGIN_URL: "http://o:1", ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET, ...env },
    }),
  );
}

function originWarnings(env: Record<string, string>): string[] {
  const logins = [{ name: "a", password: "b", database: "c" }];
  return warnOfOriginConfig(
    loadOriginConfig({
      env: {
        ROCKPOOL_SHARED_SECRET: SECRET,
        ROCKPOOL_DATABASE_USER: "u",
        ROCKPOOL_DATABASE_DATABASE: "d",
        ROCKPOOL_LOGINS: JSON.stringify(logins),
        ...env,
      },
    }),
  );
}

test("the defaults warn of nothing", () => {
  expect(edgeWarnings({})).toEqual([]);
  expect(originWarnings({})).toEqual([]);
});

test("a bound below two heartbeats is warned of, no bound is not", () => {
  expect(edgeWarnings({ ROCKPOOL_FRESHNESS_BOUND_MS: "499" })).toEqual([
    expect.stringContaining("two heartbeats"),
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
