import { expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { loadEdgeConfig, loadOriginConfig } from "./load-config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const EDGE = { origin: { url: "http://127.0.0.1:7070", sharedSecret: SECRET } };
const ORIGIN = {
  sharedSecret: SECRET,
  database: { user: "rockpool", password: "hunter2", database: "app" },
  logins: [{ name: "web", password: "hunter2", database: "app" }],
};

const HASH = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"B".repeat(43)}`;
const LOGIN_DEFAULTS = {
  readOnly: false,
  networks: [],
  limits: {
    connectionsMax: 0,
    concurrentStatementsMax: 0,
    statementsPerSecondMax: 0,
    bytesPerSecondMax: 0,
  },
};

type Json = Record<string, unknown>;

const edge = (file: Json, env: Record<string, string> = {}) =>
  loadEdgeConfig({ file: JSON.stringify(file), env });
const origin = (file: Json, env: Record<string, string> = {}) =>
  loadOriginConfig({ file: JSON.stringify(file), env });

/** The message of the `ConfigError` that `load` must throw. */
function complaint(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

test("an edge needs only the origin's address and the secret", () => {
  expect(edge(EDGE)).toEqual({
    listen: {
      http: { host: "127.0.0.1", port: 8080 },
      reusePort: false,
      admin: { host: "127.0.0.1", port: 9090 },
    },
    origin: { ...EDGE.origin, tls: {} },
    cache: { sizeMaxBytes: 268_435_456, entrySizeMaxBytes: 1_048_576, entryMax: 1_000_000 },
    freshness: { boundMs: 1000, maxAgeMs: 60_000, heartbeatIntervalMs: 250 },
    limits: {
      statementMaxBytes: 16_777_216,
      concurrentStatementsMax: 10_000,
      requestTimeoutMs: 60_000,
      connectionsMax: 10_000,
      headersTimeoutMs: 10_000,
      keepAliveTimeoutMs: 65_000,
    },
    access: { allow: [], block: [], trustedProxies: [], failuresMax: 20, failureWindowMs: 60_000 },
    tracing: { enabled: false },
    shutdown: { delayMs: 0, drainMaxMs: 20_000 },
    log: { level: "info", statements: "off" },
  });
});

test("an origin needs the secret, a database and a login", () => {
  expect(origin(ORIGIN)).toEqual({
    listen: { backhaul: { host: "127.0.0.1", port: 7070 }, admin: { host: "127.0.0.1", port: 9091 } },
    sharedSecret: SECRET,
    database: { host: "127.0.0.1", port: 3306, ...ORIGIN.database, tls: { mode: "off" } },
    pool: {
      max: 20,
      minWarm: 2,
      pinnedMax: 16,
      waitTimeoutMs: 9_500,
      waitersMax: 10_000,
      connectTimeoutMs: 3000,
      idleTimeoutMs: 600_000,
      ageMaxMs: 1_800_000,
    },
    logins: ORIGIN.logins.map((login) => ({ ...login, ...LOGIN_DEFAULTS })),
    session: { idleTimeoutMs: 10_000, transactionMaxMs: 20_000, queueMax: 1000 },
    statementTimeoutMs: 60_000,
    freshness: { consistency: "ttl", maxAgeMs: 60_000 },
    tracing: { enabled: false },
    shutdown: { delayMs: 0, drainMaxMs: 20_000 },
    log: { level: "info", statements: "off" },
  });
});

test("the environment alone is enough", () => {
  const env = { ROCKPOOL_ORIGIN_URL: "http://origin.internal:7070", ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET };
  expect(loadEdgeConfig({ env }).origin.url).toBe("http://origin.internal:7070");
});

test("the environment wins over the file, key by key", () => {
  const config = edge(
    { ...EDGE, cache: { sizeMaxBytes: 5_000_000, entryMax: 10 } },
    { ROCKPOOL_CACHE_ENTRY_MAX: "20" },
  );
  expect(config.cache).toMatchObject({ sizeMaxBytes: 5_000_000, entryMax: 20 });
});

test("a list is set as one JSON array", () => {
  const logins = [{ name: "a", password: "b", database: "c", account: { user: "d", password: "" } }];
  expect(origin(ORIGIN, { ROCKPOOL_LOGINS: JSON.stringify(logins) }).logins).toEqual([
    { ...logins[0], ...LOGIN_DEFAULTS },
  ]);
});

test("edge and origin can share one environment", () => {
  const env = {
    ROCKPOOL_ORIGIN_URL: "http://origin:7070",
    ROCKPOOL_ORIGIN_SHARED_SECRET: SECRET,
    ROCKPOOL_SHARED_SECRET: SECRET,
    ROCKPOOL_LOGINS: JSON.stringify(ORIGIN.logins),
    ROCKPOOL_DATABASE_USER: "u",
    ROCKPOOL_DATABASE_DATABASE: "d",
  };
  expect(loadEdgeConfig({ env }).origin.url).toBe("http://origin:7070");
  expect(loadOriginConfig({ env }).database.user).toBe("u");
});

test("variables that are not settings pass: foreign ones, the file's name, tests' own, service links", () => {
  const env = {
    PATH: "/bin",
    ROCKPOOL_CONFIG: "x",
    ROCKPOOL_TEST_REPORT_DIR: "x",
    ROCKPOOL_SERVICE_HOST: "10.0.0.1",
    ROCKPOOL_EDGE_PORT_8080_TCP_ADDR: "10.0.0.1",
  };
  expect(edge(EDGE, env).log.level).toBe("info");
});

test("what comes out is frozen at every level", () => {
  const config = origin(ORIGIN);
  for (const level of [config, config.database, config.database.tls, config.logins, config.logins[0]]) {
    expect(Object.isFrozen(level)).toBe(true);
  }
});

/** Each row: what is wrong, and what the message must name. */
const refusedEdges: [string, Json, Record<string, string>, string[]][] = [
  ["nothing given", {}, {}, ["origin", "origin.url", "ROCKPOOL_ORIGIN_SHARED_SECRET"]],
  ["an unknown section", { ...EDGE, cash: {} }, {}, ["cash: no such setting", "did you mean cache?"]],
  ["an unknown key", { ...EDGE, cache: { sizeMax: 1 } }, {}, ["cache.sizeMax", "cache.sizeMaxBytes?"]],
  ["an unknown variable", EDGE, { ROCKPOOL_CACHE_SIZE: "1" }, ["ROCKPOOL_CACHE_SIZE", "_SIZE_MAX_BYTES?"]],
  [
    "text for a number",
    EDGE,
    { ROCKPOOL_LISTEN_HTTP_PORT: "80a" },
    ["ROCKPOOL_LISTEN_HTTP_PORT", "0 to 65535"],
  ],
  ["a fraction", { ...EDGE, freshness: { boundMs: 1.5 } }, {}, ["freshness.boundMs", "a whole number"]],
  [
    "a port out of range",
    { ...EDGE, listen: { http: { port: 70_000 } } },
    {},
    ["listen.http.port", "0 to 65535"],
  ],
  ["a level that does not exist", { ...EDGE, log: { level: "loud" } }, {}, ["log.level", "debug, info"]],
  [
    "a section that is a number",
    { ...EDGE, cache: 5 },
    { ROCKPOOL_CACHE_ENTRY_MAX: "2" },
    ["cache: is not a section"],
  ],
  [
    "another scheme to the origin",
    { origin: { ...EDGE.origin, url: "ftp://x:1" } },
    {},
    ["origin.url", "https://host:port"],
  ],
  [
    "an origin without port",
    { origin: { ...EDGE.origin, url: "http://x" } },
    {},
    ["origin.url", "http://host:port"],
  ],
  ["a path in the origin", { origin: { ...EDGE.origin, url: "http://x:1/y" } }, {}, ["origin.url"]],
  [
    "a short secret",
    { origin: { ...EDGE.origin, sharedSecret: "short" } },
    {},
    ["origin.sharedSecret", "32 characters"],
  ],
  [
    "an entry larger than the cache",
    { ...EDGE, cache: { sizeMaxBytes: 4096, entrySizeMaxBytes: 8192 } },
    {},
    ["cache.entrySizeMaxBytes", "cache.sizeMaxBytes"],
  ],
  [
    "a bound below the heartbeat",
    { ...EDGE, freshness: { boundMs: 100 } },
    {},
    ["freshness.boundMs", "heartbeatIntervalMs"],
  ],
  [
    "headers slower than requests",
    { ...EDGE, limits: { requestTimeoutMs: 5000 } },
    {},
    ["limits.headersTimeoutMs", "limits.requestTimeoutMs"],
  ],
  [
    "a certificate without its key",
    { ...EDGE, origin: { ...EDGE.origin, tls: { certFile: "edge.pem" } } },
    {},
    ["origin.tls.keyFile", "give both"],
  ],
  [
    "a network that is none",
    { ...EDGE, access: { allow: ["10.0.0.0/33"] } },
    {},
    ["access.allow[0]", "10.0.0.0/8"],
  ],
  [
    "two doors on one port",
    { ...EDGE, listen: { http: { host: "0.0.0.0", port: 80 }, admin: { port: 80 } } },
    {},
    ["listen.admin.port", "listen.http.port"],
  ],
];

test.each(refusedEdges)("an edge refuses %s", (_, file, env, named) => {
  const message = complaint(() => edge(file, env));
  for (const part of named) expect(message).toContain(part);
  expect(message).toContain("Fix: ");
});

const refusedOrigins: [string, Json, string[]][] = [
  ["no login", { ...ORIGIN, logins: [] }, ["logins", "1 to 10000 items"]],
  [
    "an unknown key in a login",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], databse: "d" }] },
    ["logins[0].databse", "logins[].database?"],
  ],
  [
    "a colon in a login's name",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], name: "a:b" }] },
    ["logins[0].name", "colon"],
  ],
  [
    "two logins of one name",
    { ...ORIGIN, logins: [ORIGIN.logins[0], ORIGIN.logins[0]] },
    ["logins[1].name", "logins[0].name"],
  ],
  [
    "a login without a password",
    { ...ORIGIN, logins: [{ name: "web", database: "app" }] },
    ["logins[0].password", "passwordHash"],
  ],
  [
    "a login with two passwords",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], passwordHash: HASH }] },
    ["logins[0].passwordHash", "password"],
  ],
  [
    "a default database that the login may not use",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], databases: ["other"] }] },
    ["logins[0].databases", "database"],
  ],
  [
    "a hash that is none",
    { ...ORIGIN, logins: [{ name: "web", database: "app", passwordHash: "$scrypt$ln=30,r=8,p=1$x$x" }] },
    ["logins[0].passwordHash", "rockpool login hash"],
  ],
  [
    "a network that is none",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], networks: ["10.0.0.0/8", "office"] }] },
    ["logins[0].networks[1]", "10.0.0.0/8"],
  ],
  [
    "one account with two passwords",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], account: { user: "rockpool", password: "other" } }] },
    ["logins[0].account.password", "database.user"],
  ],
  [
    "half an account",
    { ...ORIGIN, logins: [{ ...ORIGIN.logins[0], account: { user: "x" } }] },
    ["logins[0].account.password"],
  ],
  ["more warm than all", { ...ORIGIN, pool: { max: 1, pinnedMax: 0 } }, ["pool.minWarm", "pool.max"]],
  ["all connections pinned", { ...ORIGIN, pool: { pinnedMax: 20 } }, ["pool.pinnedMax", "pool.max"]],
  [
    "idle beyond the transaction",
    { ...ORIGIN, session: { idleTimeoutMs: 30_000 } },
    ["session.idleTimeoutMs", "session.transactionMaxMs"],
  ],
  [
    "a CA that is not used",
    { ...ORIGIN, database: { ...ORIGIN.database, tls: { mode: "require", caFile: "ca.pem" } } },
    ["database.tls.caFile", "verify-full"],
  ],
  ["another consistency", { ...ORIGIN, freshness: { consistency: "log" } }, ["freshness.consistency", "ttl"]],
];

test.each(refusedOrigins)("an origin refuses %s", (_, file, named) => {
  const message = complaint(() => origin(file));
  for (const part of named) expect(message).toContain(part);
});

test("all problems are told at once", () => {
  const message = complaint(() => edge({ cash: 1 }, { ROCKPOOL_LISTEN_HTTP_PORT: "x" }));
  for (const part of ["cash", "origin", "ROCKPOOL_LISTEN_HTTP_PORT"]) expect(message).toContain(part);
});

test.each([
  ["broken syntax", '{"sharedSecret": "hunter2" "hunter2" }', "where nothing belongs"],
  ["a list", "[hunter2]", "not a list of settings"],
  [
    "a value of the wrong type",
    '{"database": {"password": ["hunter2"]}, "sharedSecret": "hunter2"}',
    "database.password",
  ],
])("no message quotes a value: %s", (_, file, named) => {
  const message = complaint(() => loadOriginConfig({ file, env: { ROCKPOOL_LOGINS: "[{hunter2" } }));
  expect(message).toContain(named);
  expect(message).not.toContain("hunter2");
});

test("broken syntax is located", () => {
  expect(complaint(() => loadEdgeConfig({ file: '{\n  "log": {} "cache": {}\n}', env: {} }))).toContain(
    "line 2 column 13",
  );
});
