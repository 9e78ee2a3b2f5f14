import { randomUUID } from "node:crypto";
import { FeedClient, type LinkOptions, StatementClient } from "@rockpool/backhaul";
import type { Clock, Random } from "@rockpool/base";
import { type Cache, createCache } from "@rockpool/cache";
import type { EdgeConfig } from "@rockpool/config";
import { Engine, RENDERED_SIZE_FACTOR, type StoredEntry } from "@rockpool/engine";
import { createEdgeFreshness, createLoginBookmarks, type EdgeFreshness } from "@rockpool/freshness";
import {
  AdminDoor,
  ReadinessWatch,
  type ReadyCheck,
  type SystemPorts,
  verifyPassword,
} from "@rockpool/runtime";
import { createAnalyser } from "@rockpool/sql";
import { createTracing, declareReloads, type Logger, ReloadCounts } from "@rockpool/telemetry";
import { createAccess } from "./access/access.ts";
import { EdgeMetrics } from "./edge-metrics.ts";
import { FeedFollower, type FeedWord } from "./feed-follower.ts";
import { createEndpoints, type Endpoints } from "./http/endpoints.ts";
import { createDoorMetrics } from "./http/door-metrics.ts";
import { HttpDoor } from "./http/http-door.ts";
import { Intake } from "./http/intake.ts";
import { RouteCounts } from "./http/response-counts.ts";
import { createRouter, type Router } from "./http/router.ts";
import { SessionCodec } from "./http/session-codec.ts";
import type { LiveSettings } from "./live-settings.ts";
import { LoginDirectory } from "./login-directory.ts";
import { createStatementObserver } from "./observe/statement-observer.ts";
import { traceRouter } from "./observe/traced-exchange.ts";
import { traceUpstream } from "./observe/traced-upstream.ts";
import { type OriginTls, openOriginTls } from "./origin-tls.ts";
import { OriginUpstream } from "./origin-upstream.ts";
import { probeDatabase } from "./probe.ts";

/** What of the outside world an edge is given. */
export interface EdgePorts extends SystemPorts {
  readonly log: Logger;
}

/** A running edge. */
export interface Edge {
  /** Base URLs. */
  readonly http: string;
  /** Absent without `listen.https`. */
  readonly https?: string;
  readonly admin: string;
  /** Counted by whoever reloads. */
  readonly reloads: ReloadCounts;
  /** From now on `/readyz` says no; clients are still served. */
  announceStop(): void;
  /** Applies what of a configuration may change while it runs; the rest must be as before. */
  reload(config: EdgeConfig): void;
  /** Not ready → finish what is in progress → close everything. */
  close(drainMaxMs: number): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** An origin's restart takes one to three seconds; a client that waits for longer than this is better told. */
const HOLD_MAX_MS = 10_000;
/** A port that nobody else serves must open soon, if only to say what is wrong; the feed takes 20-300 ms to come up. */
const OPEN_AFTER_MS = 1_000;
const PING_INTERVAL_MS = 1_000;
const PING_TIMEOUT_MS = 1_500;
const LINK_COUNT = 2;
const PLANS_MAX = 10_000;
const KEY_RING_MAX = 262_144;
const TABLE_MAX = 100_000;
const LOGIN_BOOKMARKS_MAX = 10_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Heartbeats without an answer before the feed is made anew. */
const SILENT_HEARTBEATS = 4;

/** Wires an edge together and opens its doors. */
export async function openEdge(config: EdgeConfig, ports: EdgePorts): Promise<Edge> {
  const originTls = openOriginTls(config, ports);
  const core = createCore(config, ports, originTls);
  const feed = openFeed(config, ports, core, originTls);
  const counts = new RouteCounts();
  counts.declare(core.metrics.registry);
  const routes = createRouter(openEndpoints(ports, core), counts);
  const router = core.tracing === null ? routes : traceRouter(routes, core.tracing);
  const door = openDoor(config, ports, core, router);
  const reloads = new ReloadCounts();
  declareReloads(core.metrics.registry, reloads);
  let draining = false;
  const readiness = new ReadinessWatch({
    ...ports,
    checks: async () => [{ name: "not-draining", ok: !draining }, ...(await checkReady(ports, core))],
  });
  const announceStop = (): void => {
    draining = true;
    readiness.stop();
  };
  const admin = new AdminDoor({
    ...config.listen.admin,
    registry: core.metrics.registry,
    checks: () => readiness.check(),
  });
  const adminPort = await admin.listen();
  await untilFit(core, ports, config.listen.reusePort);
  const doorPorts = await door.listen();
  readiness.start();
  return {
    http: `http://${config.listen.http.host}:${doorPorts.http}`,
    ...(doorPorts.https === null ? {} : { https: `https://${config.listen.https?.host}:${doorPorts.https}` }),
    admin: `http://${config.listen.admin.host}:${adminPort}`,
    reloads,
    announceStop,
    reload(next) {
      const { boundMs, maxAgeMs } = next.freshness;
      const { freshness } = core;
      core.live.config = next;
      door.setLimits(next.limits);
      if (boundMs !== freshness.boundMs || maxAgeMs !== freshness.maxAgeMs)
        freshness.setBounds(next.freshness, ports.clock.now());
    },
    async close(drainMaxMs) {
      announceStop();
      await door.close(drainMaxMs);
      feed.close();
      core.client.destroy();
      originTls.close();
      admin.close();
    },
  };
}

/**
 * Before it has heard of logins an edge can only refuse. Where another process may be serving on the same ports, this one
 * joins it only when it knows whom to serve: else it would take half of the clients and fail them, for as long as
 * nobody mends its configuration.
 */
async function untilFit({ logins }: Core, { timers }: EdgePorts, joins: boolean): Promise<void> {
  if (joins) return logins.whenKnown();
  await new Promise<void>((resolve) => {
    const timer = timers.after(OPEN_AFTER_MS, resolve);
    void logins.whenKnown().then(() => {
      timer.cancel();
      resolve();
    });
  });
}

/** The parts that decide, and the way to the origin. */
function createCore(config: EdgeConfig, { clock, timers, random, log }: EdgePorts, originTls: OriginTls) {
  const tracing = config.tracing.enabled ? createTracing() : null;
  const live: LiveSettings = { config };
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
    entrySizeMaxBytes: config.cache.entrySizeMaxBytes * RENDERED_SIZE_FACTOR,
    sizeMaxBytes: Math.max(1, config.cache.sizeMaxBytes),
  });
  const { client, upstream } = openUpstream(config, { clock, timers, random }, originTls, live);
  const heard: FeedWord = { consistency: null, databaseUp: false };
  const parts = { cache, freshness, heard, live, client, clock };
  const metrics: EdgeMetrics = createMetrics(parts, () => engine);
  const engine = new Engine({
    cache,
    freshness,
    logins: loginBookmarks,
    analyser,
    upstream: tracing === null ? upstream : traceUpstream(upstream, tracing, config.origin.url),
    now: () => {
      const now = clock.now();
      freshness.onWallClock(now, clock.wallMs());
      return now;
    },
    timers,
    clockId,
    entrySizeMaxBytes: config.cache.entrySizeMaxBytes,
    get exchangesMax() {
      return live.config.limits.concurrentStatementsMax;
    },
    onAdmission: (verdict) => metrics.admission(verdict),
    observe: createStatementObserver({
      clock,
      log,
      logsTemplates: () => live.config.log.statements === "template",
      isTraced: tracing !== null,
    }),
  });
  const access = createAccess(() => live.config.access);
  const logins = createLogins(clock, live, metrics);
  const codec = new SessionCodec();
  return {
    clockId,
    freshness,
    loginBookmarks,
    analyser,
    cache,
    client,
    upstream,
    metrics,
    engine,
    access,
    logins,
    codec,
    heard,
    live,
    tracing,
  };
}

/** What the edge counts, reading its parts at each scrape. */
function createMetrics(
  { cache, freshness, heard, live, client, clock }: MeasuredParts,
  engine: () => Engine,
): EdgeMetrics {
  return new EdgeMetrics({
    cacheEntries: () => cache.count,
    cacheBytes: () => cache.bytes,
    cacheEvictions: () => cache.evictionCount,
    freshnessBytes: () => freshness.bytes,
    statementsInProgress: () => engine().exchangeCount,
    asOfAgeSeconds: () => (clock.now() - (freshness.asOf() ?? Number.NaN)) / 1000,
    boundSeconds: () => live.config.freshness.boundMs / 1000,
    feedConnected: () => freshness.connected,
    consistency: () => heard.consistency,
    databaseUp: () => heard.databaseUp,
    linksOpen: () => client.openLinkCount,
  });
}

interface MeasuredParts {
  readonly cache: Cache<StoredEntry>;
  readonly freshness: EdgeFreshness;
  readonly heard: FeedWord;
  readonly live: LiveSettings;
  readonly client: StatementClient;
  readonly clock: Clock;
}

/** The logins; hashing is measured. */
function createLogins(clock: Clock, live: LiveSettings, metrics: EdgeMetrics): LoginDirectory {
  const logins = new LoginDirectory({
    clock,
    verify: verifyPassword,
    get damping() {
      return live.config.access;
    },
    onVerified: (outcome) => metrics.verified(outcome),
  });
  metrics.declareHashing(() => logins.hashing);
  return logins;
}

/** The statement connections to the origin, and the way over them. */
function openUpstream(
  config: EdgeConfig,
  { clock, timers, random }: SystemPorts,
  originTls: OriginTls,
  live: LiveSettings,
): { client: StatementClient; upstream: OriginUpstream } {
  const client = new StatementClient({
    ...linkOptions(config, random, originTls),
    linkCount: LINK_COUNT,
    get waitersMax() {
      return live.config.limits.concurrentStatementsMax;
    },
  });
  const upstream = new OriginUpstream({
    client,
    clock,
    timers,
    get requestTimeoutMs() {
      return live.config.limits.requestTimeoutMs;
    },
    holdMaxMs: HOLD_MAX_MS,
    get waitersMax() {
      return live.config.limits.concurrentStatementsMax;
    },
  });
  return { client, upstream };
}

type Core = ReturnType<typeof createCore>;

function openFeed(
  config: EdgeConfig,
  { clock, log, random }: EdgePorts,
  core: Core,
  originTls: OriginTls,
): FeedClient {
  const { heartbeatIntervalMs } = config.freshness;
  const silenceMaxMs = Math.max(1_000, heartbeatIntervalMs * SILENT_HEARTBEATS);
  const follower = new FeedFollower({ ...core, clock, log, restart: (cause) => feed.restart(cause) });
  const feed: FeedClient = new FeedClient(
    { ...linkOptions(config, random, originTls), clock, heartbeatIntervalMs, silenceMaxMs },
    follower,
  );
  return feed;
}

/** The door for clients, with its numbers. */
function openDoor(
  config: EdgeConfig,
  { log }: EdgePorts,
  { metrics, access }: Core,
  router: Router,
): HttpDoor {
  const { http, https = null, reusePort } = config.listen;
  const door: HttpDoor = new HttpDoor({
    ...config.limits,
    http,
    https,
    reusePort,
    router,
    log,
    mayConnect: (address) => access.mayConnect(address),
    ...createDoorMetrics(metrics.registry, () => door),
    onRequestRefused: (code) => metrics.failed(code),
  });
  return door;
}

function openEndpoints({ clock, log }: EdgePorts, core: Core): Endpoints {
  const { live, clockId } = core;
  const limits = {
    get statementMaxBytes() {
      return live.config.limits.statementMaxBytes;
    },
  };
  const intake = new Intake({ ...core, clock, log, limits, edgeId: clockId.slice(0, 8) });
  return createEndpoints({ ...core, intake, clock, limits });
}

function linkOptions(
  config: EdgeConfig,
  random: Random,
  originTls: OriginTls,
): LinkOptions & { readonly random: Random } {
  const { url, sharedSecret } = config.origin;
  return {
    url,
    sharedSecret,
    tls: () => originTls.current(),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    pingIntervalMs: PING_INTERVAL_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
    random,
  };
}

/** What readiness asks of everything but the door. */
async function checkReady({ clock }: EdgePorts, core: Core): Promise<ReadyCheck[]> {
  const { freshness, logins, upstream } = core;
  // With the bound at 0 nothing is ever a hit, and freshness says nothing of readiness.
  const isFreshEnough = freshness.boundMs === 0 || freshness.isFresh(clock.now());
  return [
    { name: "feed", ok: freshness.connected && isFreshEnough },
    { name: "logins", ok: logins.isKnown },
    { name: "sql-round-trip", ok: await probeDatabase(upstream, logins.first(), PROBE_TIMEOUT_MS) },
  ];
}
