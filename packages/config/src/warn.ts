import { MIB } from "@rockpool/base";
import { EDGE_SCHEMA } from "./edge-schema.ts";
import { isLoopbackHost, isPrivateHost, isWildcardHost } from "./is-private-host.ts";
import type { EdgeConfig, OriginConfig } from "./load-config.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { parseConfigText } from "./parse-text.ts";
import { listConfigKeys } from "./schema-keys.ts";
import { valueAt } from "./value-at.ts";

/** What a configuration is judged by besides itself. Whatever is left out is not judged. */
export interface Surroundings {
  /** Measured or assumed round trip between edge and origin; default 0. */
  readonly rttMs?: number | undefined;
  /** What this process may use: the machine's memory or the control group's limit. */
  readonly memoryBytes?: number | undefined;
  /** Whether one of this machine's own addresses is public. */
  readonly hasPublicAddress?: boolean | undefined;
  /** The configuration file's text and permission bits. */
  readonly file?: { readonly text: string; readonly mode: number } | undefined;
}

/** What a process needs beside its cache: 80 MiB at rest, and room for statements under way. */
const BESIDE_CACHE_BYTES = 160 * MIB;
/** Above it the start takes seconds: each plain password is hashed then, slowly on purpose. */
const PLAIN_PASSWORDS_MAX = 100;
const PASSWORD_HASH_MS = 50;
const MODE_OTHERS_READ = 0o004;

/** What is allowed but probably not meant, one sentence each, for the log at start and for check-config. */
export function warnOfEdgeConfig(config: EdgeConfig, surroundings: Surroundings = {}): string[] {
  const { cache, freshness, listen, origin } = config;
  const { memoryBytes } = surroundings;
  const url = new URL(origin.url);
  return [
    ...warnOfBound(freshness, surroundings.rttMs ?? 0),
    ...warnIf(
      freshness.maxAgeMs < freshness.boundMs,
      "freshness.maxAgeMs is less than freshness.boundMs: answers are dropped before the bound is used.",
    ),
    ...warnIf(
      url.protocol === "http:" && !isPrivateHost(url.hostname),
      "origin.url is http to a host that is not private: the shared secret, statements and answers cross the network in the clear. Use https.",
    ),
    ...warnIf(
      isReachable(listen.http.host) && listen.https === undefined,
      `listen.http.host is ${listen.http.host} without TLS: passwords and answers cross the network in the clear unless a proxy with TLS stands in front. Set listen.https, or listen on 127.0.0.1 behind the proxy.`,
    ),
    ...warnOfAdmin(listen.admin.host, surroundings),
    ...warnIf(
      memoryBytes !== undefined && cache.sizeMaxBytes + BESIDE_CACHE_BYTES > memoryBytes,
      `cache.sizeMaxBytes (${cache.sizeMaxBytes}) leaves less than ${BESIDE_CACHE_BYTES / MIB} MiB of this process's memory limit (${memoryBytes}) for everything else.`,
    ),
    ...warnOfFile(listConfigKeys(EDGE_SCHEMA), surroundings),
  ];
}

/** What is allowed but probably not meant, one sentence each, for the log at start and for check-config. */
export function warnOfOriginConfig(config: OriginConfig, surroundings: Surroundings = {}): string[] {
  const { database, listen, logins, pool } = config;
  const plainCount = logins.filter(({ password }) => password !== undefined).length;
  return [
    ...warnIf(
      database.tls.mode === "off" && !isLoopbackHost(database.host),
      "database.tls.mode is off: statements and answers cross the network to the database unencrypted.",
    ),
    ...warnIf(
      pool.waitTimeoutMs > config.statementTimeoutMs,
      "pool.waitTimeoutMs is longer than statementTimeoutMs: waiting statements time out first.",
    ),
    ...warnIf(
      isReachable(listen.backhaul.host) && listen.backhaul.tls === undefined,
      `listen.backhaul.host is ${listen.backhaul.host} without TLS: the shared secret, statements and answers cross the network in the clear. Set listen.backhaul.tls, or keep the network private.`,
    ),
    ...warnOfAdmin(listen.admin.host, surroundings),
    ...warnIf(
      plainCount > PLAIN_PASSWORDS_MAX,
      `${plainCount} logins have a plain password: hashing them takes about ${Math.round((plainCount * PASSWORD_HASH_MS) / 1000)} s at every start. Use passwordHash (rockpool login hash).`,
    ),
    ...warnOfFile(listConfigKeys(ORIGIN_SCHEMA), surroundings),
  ];
}

/** A hit needs a heartbeat's answer younger than the bound: one may be under way while the next is due. */
function warnOfBound({ boundMs, heartbeatIntervalMs }: EdgeConfig["freshness"], rttMs: number): string[] {
  const wanted = 2 * heartbeatIntervalMs + 2 * rttMs;
  return warnIf(
    boundMs > 0 && boundMs < wanted,
    `freshness.boundMs (${boundMs}) is less than 2 x heartbeatIntervalMs + 2 x round trip to the origin (2 x ${heartbeatIntervalMs} + 2 x ${rttMs} = ${wanted}): after one late answer nothing is a hit.`,
  );
}

function warnOfAdmin(host: string, { hasPublicAddress }: Surroundings): string[] {
  const isPublic = isWildcardHost(host) ? hasPublicAddress === true : !isPrivateHost(host);
  return warnIf(
    isPublic,
    `listen.admin.host is ${host}, a public address: /metrics tells everybody what runs here. Use a private address or 127.0.0.1.`,
  );
}

function warnOfFile(keys: ReturnType<typeof listConfigKeys>, { file }: Surroundings): string[] {
  if (file === undefined || (file.mode & MODE_OTHERS_READ) === 0) return [];
  const { data } = parseConfigText(file.text);
  const held = keys.filter(({ path, secret }) => secret && isGiven(data, path)).map(({ path }) => path);
  return warnIf(
    held.length > 0,
    `the configuration file holds secrets (${held.join(", ")}) and every user of this machine can read it: chmod o-r it.`,
  );
}

function isGiven(data: unknown, path: string): boolean {
  const [list, item] = path.split("[].");
  if (list === undefined || item === undefined) return valueAt(data, path) !== undefined;
  const items = valueAt(data, list);
  return Array.isArray(items) && items.some((each) => valueAt(each, item) !== undefined);
}

/** Whether others than this machine and its private network may connect to a listener. */
function isReachable(host: string): boolean {
  return isWildcardHost(host) || !isPrivateHost(host);
}

function warnIf(wrong: boolean, warning: string): string[] {
  return wrong ? [warning] : [];
}
