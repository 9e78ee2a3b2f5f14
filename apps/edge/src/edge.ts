import { randomUUID } from "node:crypto";
import { FeedClient, StatementClient } from "@rockpool/backhaul";
import type { Clock, Random, Timers } from "@rockpool/base";
import { createCache } from "@rockpool/cache";
import type { EdgeConfig } from "@rockpool/config";
import { Engine, type StoredEntry } from "@rockpool/engine";
import { createEdgeFreshness, createLoginBookmarks } from "@rockpool/freshness";
import { createAnalyser } from "@rockpool/sql";
import { AdminDoor, type Logger } from "@rockpool/telemetry";
import { EdgeMetrics } from "./edge-metrics.ts";
import { FeedFollower } from "./feed-follower.ts";
import { ExecuteHandler } from "./http/execute-handler.ts";
import { HttpDoor } from "./http/http-door.ts";
import { SessionCodec } from "./http/session-codec.ts";
import { LoginDirectory } from "./login-directory.ts";
import { OriginUpstream } from "./origin-upstream.ts";
import { probeDatabase } from "./probe.ts";

/** What of the outside world an edge is given. */
export interface EdgePorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

/** A running edge. */
export interface Edge {
  /** Base URLs. */
  readonly http: string;
  readonly admin: string;
  /** Not ready → finish what is in progress → close everything. */
  close(drainMaxMs: number): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 3_000;
const PING_INTERVAL_MS = 1_000;
const PING_TIMEOUT_MS = 1_500;
const LINK_COUNT = 2;
const PLANS_MAX = 10_000;
const KEY_RING_MAX = 262_144;
const TABLE_MAX = 100_000;
const LOGIN_BOOKMARKS_MAX = 10_000;
const PROBE_TIMEOUT_MS = 2_000;

/** Wires an edge together and opens its doors. */
export async function openEdge(config: EdgeConfig, ports: EdgePorts): Promise<Edge> {
  const { clock, timers, random, log } = ports;
  const { limits } = config;
  const clockId = randomUUID();
  const freshness = createEdgeFreshness({
    ...config.freshness,
    keyRingMax: KEY_RING_MAX,
    tableMax: TABLE_MAX,
  });
  const loginBookmarks = createLoginBookmarks(LOGIN_BOOKMARKS_MAX);
  const analyser = createAnalyser({ planMax: PLANS_MAX });
  const cache = createCache<StoredEntry>({
    ...config.cache,
    sizeMaxBytes: Math.max(1, config.cache.sizeMaxBytes),
  });
  const logins = new LoginDirectory();
  const codec = new SessionCodec();
  const link = {
    url: config.origin.url,
    sharedSecret: config.origin.sharedSecret,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    pingIntervalMs: PING_INTERVAL_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
    clock,
    random,
  };
  const waitersMax = limits.concurrentStatementsMax;
  const client = new StatementClient({ ...link, linkCount: LINK_COUNT, waitersMax });
  const { requestTimeoutMs } = limits;
  const upstream = new OriginUpstream({
    client,
    clock,
    timers,
    requestTimeoutMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    waitersMax,
  });
  const metrics: EdgeMetrics = new EdgeMetrics({
    cacheEntries: () => cache.count,
    cacheBytes: () => cache.bytes,
    cacheEvictions: () => cache.evictionCount,
    freshnessBytes: () => freshness.bytes,
    statementsInProgress: () => engine.exchangeCount,
    asOfAgeSeconds: () => (clock.now() - (freshness.asOf() ?? Number.NaN)) / 1000,
    feedConnected: () => freshness.connected,
    linksOpen: () => client.openLinkCount,
  });
  const engine = new Engine({
    cache,
    freshness,
    logins: loginBookmarks,
    analyser,
    upstream,
    now: () => clock.now(),
    clockId,
    entrySizeMaxBytes: config.cache.entrySizeMaxBytes,
    exchangesMax: limits.concurrentStatementsMax,
    onAdmission: (verdict) => metrics.admission(verdict),
  });
  const follower: FeedFollower = new FeedFollower({
    freshness,
    loginBookmarks,
    analyser,
    engine,
    cache,
    logins,
    codec,
    upstream,
    clock,
    log,
    restart: (cause) => feed.restart(cause),
  });
  const { heartbeatIntervalMs } = config.freshness;
  const silenceMaxMs = Math.max(1_000, heartbeatIntervalMs * 4);
  const feed = new FeedClient({ ...link, heartbeatIntervalMs, silenceMaxMs }, follower);
  const execute = new ExecuteHandler({
    engine,
    logins,
    codec,
    clock,
    metrics,
    log,
    statementMaxBytes: limits.statementMaxBytes,
    edgeId: clockId.slice(0, 8),
    checkClock: (now) => freshness.onWallClock(now, clock.wallMs()),
  });
  const door = new HttpDoor({ ...config.listen.http, ...limits }, execute);
  let draining = false;
  const admin = new AdminDoor({
    ...config.listen.admin,
    registry: metrics.registry,
    checks: async () => [
      { name: "not-draining", ok: !draining },
      {
        name: "feed",
        ok: freshness.connected && (config.freshness.boundMs === 0 || freshness.isFresh(clock.now())),
      },
      { name: "logins", ok: logins.isKnown },
      { name: "sql-round-trip", ok: await probeDatabase(upstream, logins.first(), PROBE_TIMEOUT_MS) },
    ],
  });
  const httpPort = await door.listen();
  const adminPort = await admin.listen();
  return {
    http: `http://${config.listen.http.host}:${httpPort}`,
    admin: `http://${config.listen.admin.host}:${adminPort}`,
    async close(drainMaxMs) {
      draining = true;
      await door.close(drainMaxMs);
      feed.close();
      client.destroy();
      admin.close();
    },
  };
}
