import type { z } from "zod";
import type { ConfigProblem } from "./config-error.ts";
import type { EDGE_SCHEMA } from "./edge-schema.ts";
import type { ORIGIN_SCHEMA } from "./origin-schema.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Settings of an edge that are each allowed but cannot go together. */
export function findImpossibleEdgePairs(config: z.output<typeof EDGE_SCHEMA>): ConfigProblem[] {
  const { cache, freshness, limits, listen, origin } = config;
  return [
    ...when(cache.sizeMaxBytes > 0 && cache.entrySizeMaxBytes > cache.sizeMaxBytes, {
      key: "cache.entrySizeMaxBytes",
      problem: "is larger than the whole cache",
      fix: "lower it to at most cache.sizeMaxBytes, or raise that",
    }),
    ...when(freshness.boundMs > 0 && freshness.boundMs < freshness.heartbeatIntervalMs, {
      key: "freshness.boundMs",
      problem: "is shorter than freshness.heartbeatIntervalMs: hardly any answer could be a hit",
      fix: "raise it to at least twice the heartbeat interval, lower the interval, or set 0 to switch hits off",
    }),
    ...when(limits.headersTimeoutMs > limits.requestTimeoutMs, {
      key: "limits.headersTimeoutMs",
      problem: "is longer than limits.requestTimeoutMs, which contains it",
      fix: "lower it, or raise limits.requestTimeoutMs",
    }),
    ...when((origin.tls.certFile === undefined) !== (origin.tls.keyFile === undefined), {
      key: origin.tls.certFile === undefined ? "origin.tls.certFile" : "origin.tls.keyFile",
      problem: "is missing: a certificate is of no use without its key, nor a key without its certificate",
      fix: "give both, or neither",
    }),
    ...sameAddress("listen.admin.port", listen.http, listen.admin, "listen.http.port"),
  ];
}

/** Settings of an origin that are each allowed but cannot go together. */
export function findImpossibleOriginPairs(config: z.output<typeof ORIGIN_SCHEMA>): ConfigProblem[] {
  const { database, listen, pool, session } = config;
  return [
    ...when(pool.minWarm > pool.max, {
      key: "pool.minWarm",
      problem: "is more than pool.max",
      fix: "lower it, or raise pool.max",
    }),
    ...when(pool.pinnedMax >= pool.max, {
      key: "pool.pinnedMax",
      problem: "leaves no connection for reads while sessions hold theirs",
      fix: "lower it below pool.max, or raise pool.max",
    }),
    ...when(session.idleTimeoutMs > session.transactionMaxMs, {
      key: "session.idleTimeoutMs",
      problem: "is longer than session.transactionMaxMs and would never be reached",
      fix: "lower it, or raise session.transactionMaxMs",
    }),
    ...when(database.tls.caFile !== undefined && database.tls.mode !== "verify-full", {
      key: "database.tls.caFile",
      problem: "is given, but no certificate is checked",
      fix: "set database.tls.mode to verify-full, or remove it",
    }),
    ...sameAddress("listen.admin.port", listen.backhaul, listen.admin, "listen.backhaul.port"),
    ...duplicateLogins(config.logins),
    ...config.logins.flatMap(wrongLogin),
    ...clashingAccounts(config),
  ];
}

function when(wrong: boolean, problem: ConfigProblem): ConfigProblem[] {
  return wrong ? [problem] : [];
}

function sameAddress(key: string, left: Address, right: Address, other: string): ConfigProblem[] {
  const clash = left.port !== 0 && left.port === right.port && overlaps(left.host, right.host);
  return when(clash, {
    key,
    problem: `is the same as ${other}`,
    fix: "give each listener a port of its own",
  });
}

function overlaps(left: string, right: string): boolean {
  const everywhere = ["0.0.0.0", "::"];
  return left === right || everywhere.includes(left) || everywhere.includes(right);
}

function duplicateLogins(logins: readonly { name: string }[]): ConfigProblem[] {
  const first = new Map<string, number>();
  return logins.flatMap(({ name }, index) => {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    return when(earlier !== undefined, {
      key: `logins[${index}].name`,
      problem: `is the same as logins[${earlier}].name`,
      fix: "give every login a name of its own",
    });
  });
}

type Login = z.output<typeof ORIGIN_SCHEMA>["logins"][number];

function wrongLogin(login: Login, index: number): ConfigProblem[] {
  const { password, passwordHash, database, databases } = login;
  const key = `logins[${index}]`;
  return [
    ...when(password === undefined && passwordHash === undefined, {
      key: `${key}.password`,
      problem: "is missing, and passwordHash too",
      fix: "set passwordHash to what `rockpool login hash` prints, or password",
    }),
    ...when(password !== undefined && passwordHash !== undefined, {
      key: `${key}.passwordHash`,
      problem: "is given as well as password",
      fix: "remove one of them",
    }),
    ...when(databases !== undefined && !databases.includes(database), {
      key: `${key}.databases`,
      problem: "does not contain the login's own database",
      fix: "add logins[].database to the list, or change logins[].database",
    }),
  ];
}

/** A pool has one password per database account. */
function clashingAccounts({ database, logins }: z.output<typeof ORIGIN_SCHEMA>): ConfigProblem[] {
  const first = new Map([[database.user, { password: database.password, key: "database.user" }]]);
  return logins.flatMap(({ account }, index) => {
    if (account === undefined) return [];
    const key = `logins[${index}].account`;
    const earlier = first.get(account.user);
    if (earlier === undefined) first.set(account.user, { password: account.password, key: `${key}.user` });
    return when(earlier !== undefined && earlier.password !== account.password, {
      key: `${key}.password`,
      problem: `is another one than that of the same account in ${earlier?.key}`,
      fix: "give one database account one password",
    });
  });
}
