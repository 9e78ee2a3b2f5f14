import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { BackhaulServer } from "@rockpool/backhaul";
import { EVERYTHING, RockpoolError } from "@rockpool/base";
import type { OriginConfig } from "@rockpool/config";
import { createAnalyser } from "@rockpool/sql";
import { AdminDoor, createDampedWarning, ReadinessWatch, type SystemPorts } from "@rockpool/runtime";
import {
  createTracing,
  declareCertificateExpiry,
  declareReloads,
  type Logger,
  ReloadCounts,
} from "@rockpool/telemetry";
import { type BackhaulTls, openBackhaulTls } from "./backhaul-tls.ts";
import { CatalogueKeeper } from "./catalogue-keeper.ts";
import { type ChangeSource, createTtlSource } from "./change-source.ts";
import { type ConnectionPool, createConnectionPool } from "./database/connection-pool.ts";
import { type DatabaseConnection, openDatabaseConnection } from "./database/database-connection.ts";
import type { DatabaseTarget } from "./database/database-target.ts";
import { type Accounts, createAccounts, createLoginHash, readLogins } from "./database-accounts.ts";
import { describeConnectFailure } from "./database/describe-connect-failure.ts";
import { createStatementKiller } from "./database/kill.ts";
import { watchLeftoverThreads } from "./database/leftover-threads.ts";
import { isMariaDb } from "./database/server-identity.ts";
import { FeedHub } from "./feed-hub.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { LoginDirectory } from "./login-directory.ts";
import { type HandleStatement, watchStatements } from "./observe/watch-statements.ts";
import { OriginMetrics } from "./origin-metrics.ts";
import { probeDatabase } from "./probe.ts";
import { createStatementReader } from "./server-statement.ts";
import { SessionTable } from "./session-table.ts";
import { StatementService } from "./statement-service.ts";

/** What of the outside world an origin is given. */
export interface OriginPorts extends SystemPorts {
  readonly log: Logger;
  /** PEM text of `database.tls.caFile`. */
  readonly databaseCa: string | null;
}

/** A running origin. */
export interface Origin {
  /** Base URLs. */
  readonly backhaul: string;
  readonly admin: string;
  /**
   * Makes `logins` the whole list: told to every edge, and in force here at once. Sessions of logins that are gone, or
   * have another account or other rights, end.
   */
  replaceLogins(logins: OriginConfig["logins"]): Promise<void>;
  /** Whether statements are logged from now on, as templates. */
  logTemplates(isOn: boolean): void;
  /** Counted by whoever reloads. */
  readonly reloads: ReloadCounts;
  /** From now on `/readyz` says no; edges are still served. */
  announceStop(): void;
  /**
   * Lets open transactions end and begins no more, for three quarters of the time at most; then GOAWAY, lets statements
   * end, and closes. All within `drainMaxMs`; what is left then is rolled back or killed.
   */
  close(drainMaxMs: number): Promise<void>;
}

const PLANS_MAX = 10_000;
const FEED_RING_MAX = 65_536;
const STATEMENT_MAX_BYTES = 64 * 1024 * 1024;
const STREAMS_MAX = 20_000;
const CATALOGUE_RETRY_MS = 500;
const PROBE_INTERVAL_MS = 1_000;
/** Share of the drain that open transactions may take; the rest is for statements. */
const TRANSACTIONS_SHARE = 0.75;
/** For KILL to reach the statements that the drain cut off. */
const KILL_GRACE_MS = 500;

/** Wires an origin together and opens its doors. */
export async function openOrigin(config: OriginConfig, ports: OriginPorts): Promise<Origin> {
  const { clock, timers } = ports;
  const instance = randomUUID();
  const core = createCore(config, ports, instance);
  const { pool, killer, catalogue, hub, metrics, accounts } = core;
  const replaceLogins = (logins: OriginConfig["logins"]): Promise<void> =>
    core.logins.replace(readLogins(logins, accounts), (changed) => {
      hub.loginsChanged();
      service.endSessionsOf(changed);
    });
  const leftovers = holdLeftoversInDoubt(core, ports);
  const service = createService(config, ports, core, instance);
  const handle = watch(config, ports, core, service);
  const tls = openBackhaulTls(config, ports);
  const server = createServer(config, ports, core, tls, handle);
  const reloads = new ReloadCounts();
  declareReloads(metrics.registry, reloads);
  declareCertificateExpiry(metrics.registry, { backhaul: () => tls.expiresAtSeconds() });
  let draining = false;
  const readiness = new ReadinessWatch({
    ...ports,
    checks: async () => [
      { name: "not-draining", ok: !draining },
      { name: "catalogue", ok: catalogue.isLoaded },
      { name: "sql-round-trip", ok: await probeDatabase(pool, accounts.main.name, clock) },
    ],
  });
  const announceStop = (): void => {
    draining = true;
    readiness.stop();
  };
  const admin = new AdminDoor({
    ...config.listen.admin,
    registry: metrics.registry,
    checks: () => readiness.check(),
  });
  const probe = async (): Promise<void> => {
    core.state.databaseUp = await probeDatabase(pool, accounts.main.name, clock);
    if (!draining) timers.after(PROBE_INTERVAL_MS, () => void probe());
  };
  await replaceLogins(config.logins);
  const { host } = config.listen.backhaul;
  const port = await server.listen(host, config.listen.backhaul.port);
  const adminPort = await admin.listen();
  void probe();
  readiness.start();
  return {
    backhaul: `${tls.initial === null ? "http" : "https"}://${host}:${port}`,
    admin: `http://${config.listen.admin.host}:${adminPort}`,
    replaceLogins,
    logTemplates(isOn) {
      core.state.logsTemplates = isOn;
    },
    reloads,
    announceStop,
    async close(drainMaxMs) {
      const deadline = clock.now() + drainMaxMs;
      announceStop();
      await service.stopPinning(drainMaxMs * TRANSACTIONS_SHARE);
      catalogue.stop();
      leftovers.close();
      tls.close();
      const leftMs = Math.max(0, deadline - clock.now());
      // What waits for a connection is sent to the next process; what the server cuts off is killed before it is left.
      await Promise.all([server.close(leftMs), pool.close(leftMs + KILL_GRACE_MS)]);
      killer.close();
      admin.close();
    },
  };
}

/** The edges' way in; not listening yet. */
function createServer(
  config: OriginConfig,
  { clock, log }: OriginPorts,
  { hub, metrics }: Core,
  tls: BackhaulTls,
  handle: HandleStatement,
): BackhaulServer {
  const warnOfTls = createDampedWarning("a peer failed the TLS handshake", log, clock);
  const warnOfStranger = createDampedWarning("a peer was refused", log, clock);
  const server = new BackhaulServer(
    {
      sharedSecret: config.sharedSecret,
      statementMaxBytes: STATEMENT_MAX_BYTES,
      streamsMax: STREAMS_MAX,
      tls: tls.initial,
    },
    {
      onStatement: (request, responder) => void handle(request, responder),
      onFeed: (feed) => hub.open(feed),
      onRefused(reason, detail) {
        metrics.refused(reason);
        if (reason === "tls") warnOfTls(detail);
        if (reason === "unauthorized") warnOfStranger("its shared secret is not sharedSecret");
      },
    },
  );
  tls.follow(server);
  return server;
}

/** The database side, what is published of it, and who listens. */
function createCore(config: OriginConfig, ports: OriginPorts, instance: string) {
  const { clock, timers } = ports;
  const accounts = createAccounts(config.database);
  readLogins(config.logins, accounts); // all their accounts are looked at for what an earlier life left
  const logins = new LoginDirectory(createLoginHash(config.sharedSecret));
  const logsTemplates = config.log.statements === "template";
  const state = { databaseUp: false, serverVersion: "", logsTemplates };
  const ownThreads = new Set<number>();
  const open = createConnector(config, ports, accounts, ownThreads);
  const analyser = createAnalyser({ planMax: PLANS_MAX });
  const changes: ChangeSource = createTtlSource({
    createEpoch: () => randomBytes(12).toString("base64url"),
    ringMax: FEED_RING_MAX,
    transactionMax: config.pool.max,
    onItem: (item) => hub.item(item),
  });
  const hub: FeedHub = new FeedHub({
    instance,
    // A derivative, so that the secret itself never travels; of the secret, so that a restart keeps tokens valid.
    tokenKey: createHmac("sha256", config.sharedSecret).update("rockpool/session-token/1").digest("hex"),
    logins: () => logins.published,
    clock,
    changes: () => changes,
    isDatabaseUp: () => state.databaseUp,
  });
  const pool: ConnectionPool = openPool(config, ports, {
    accounts,
    state,
    open,
    changes,
    hub,
    catalogue: () => catalogue,
  });
  const killer = createStatementKiller({ open, timers });
  const catalogue: CatalogueKeeper = createKeeper(config, ports, { accounts, analyser, changes, hub, pool });
  const sessions = new SessionTable(config.session, clock, timers);
  const metrics: OriginMetrics = new OriginMetrics({
    pool: () => pool.stats(),
    sessionsPinned: () => sessions.size,
    feeds: () => hub.feedCount,
    publishedSeq: () => changes.publisher.position().seq,
    doubtsOpen: () => changes.publisher.openDoubts().length,
    catalogueLoads: () => catalogue.loadCount,
    catalogueLoaded: () => catalogue.isLoaded,
    databaseUp: () => state.databaseUp,
    limits: { connectionsMax: config.pool.max, pinnedMax: config.pool.pinnedMax },
  });
  return {
    accounts,
    logins,
    state,
    open,
    ownThreads,
    analyser,
    changes,
    hub,
    pool,
    killer,
    catalogue,
    sessions,
    metrics,
  };
}

type Core = ReturnType<typeof createCore>;

/** The pool; another server behind it means a new epoch, and everything known of the old one is void (R9). */
function openPool(
  config: OriginConfig,
  { clock, timers, random, log }: OriginPorts,
  parts: Pick<Core, "accounts" | "open" | "changes" | "hub" | "state"> & {
    readonly catalogue: () => CatalogueKeeper;
  },
): ConnectionPool {
  const { accounts, open, changes, hub, state } = parts;
  return createConnectionPool<DatabaseConnection>({
    mainAccount: accounts.main.name,
    limits: config.pool,
    connect: async (account) => {
      const connection = await open(account);
      state.serverVersion = connection.identity.version;
      announceProfile(hub, connection);
      return connection;
    },
    clock,
    timers,
    random,
    onIdentityChange: (now, before) => {
      log.warn("another database server answers: a new epoch begins", {
        now: now.server,
        before: before.server,
      });
      changes.startEpoch();
      parts.catalogue().reset();
      hub.dropAll();
      void parts.catalogue().reload();
    },
  });
}

/**
 * A write that an earlier life of this origin sent may be waiting in the database still and commit later, unseen by
 * this one (R14). Until that is ruled out everything is in doubt; the catalogue is read after the first look.
 */
function holdLeftoversInDoubt(core: Core, { timers, log }: OriginPorts) {
  const { accounts, open, ownThreads, changes, catalogue } = core;
  const leftovers = watchLeftoverThreads({
    accounts: [...accounts.byName.keys()],
    open,
    isOwn: (threadId) => ownThreads.has(threadId),
    timers,
    log,
  });
  changes.lost("earlier life", EVERYTHING, leftovers.gone);
  void leftovers.looked.then((count) => {
    catalogue.start();
    // What is settled counts as changed, definitions included.
    if (count > 0) void leftovers.gone.then(() => catalogue.reload());
  });
  return leftovers;
}

function createService(
  config: OriginConfig,
  ports: OriginPorts,
  core: Core,
  instance: string,
): StatementService {
  const { sessions, analyser, hub } = core;
  return new StatementService({
    ...core,
    ...ports,
    instance,
    statementTimeoutMs: config.statementTimeoutMs,
    sessionQueueMax: config.session.queueMax,
    secureRandom: { bytes: (length) => randomBytes(length) },
    reader: createStatementReader({
      analyser,
      sqlModeOf: (account) => hub.sqlModeOf(account),
      isUnreadable: ({ pin, login }) => pin !== null && sessions.find(pin, login)?.isUnreadable === true,
    }),
    knowsProfile: (account) => hub.knowsProfile(account),
    onConnection: (connection) => announceProfile(hub, connection),
  });
}

/** The service's statements, looked at for logs and spans. */
function watch(
  config: OriginConfig,
  { clock, log }: OriginPorts,
  { hub, logins, state }: Core,
  service: StatementService,
): HandleStatement {
  return watchStatements((request, responder) => service.handle(request, responder), {
    clock,
    log,
    logsTemplates: () => state.logsTemplates,
    tracing: config.tracing.enabled ? createTracing() : null,
    sqlModeOf: (login) => {
      const account = logins.find(login)?.account.name;
      return account === undefined || !hub.knowsProfile(account) ? null : hub.sqlModeOf(account);
    },
    isMariaDb: () => isMariaDb(state.serverVersion),
    database: config.database,
  });
}

function announceProfile(hub: FeedHub, { account, profile }: DatabaseConnection): void {
  hub.profile(account, profile.hash, profile.values.get("sql_mode") ?? "");
}

function createKeeper(
  config: OriginConfig,
  { timers, log }: OriginPorts,
  {
    accounts,
    analyser,
    changes,
    hub,
    pool,
  }: Pick<Core, "accounts" | "analyser" | "changes" | "hub" | "pool">,
): CatalogueKeeper {
  return new CatalogueKeeper({
    analyser,
    load: () => loadCatalogue(pool, accounts.main.name),
    position: () => changes.publisher.position().seq,
    onLoaded: (seq, data) => {
      if (data !== null) changes.publisher.catalogueLoaded(seq);
      hub.catalogue(seq, data);
    },
    timers,
    log,
    reloadIntervalMs: config.freshness.maxAgeMs,
    retryIntervalMs: CATALOGUE_RETRY_MS,
  });
}

/** Opens connections; `ownThreads` holds the threads of those that are open. */
function createConnector(
  config: OriginConfig,
  ports: OriginPorts,
  { main, byName }: Accounts,
  ownThreads: Set<number>,
) {
  const { clock, timers, databaseCa, log } = ports;
  const target = readTarget(config, databaseCa);
  const { connectTimeoutMs } = config.pool;
  const warn = createDampedWarning("no database connection", log, clock);
  return async (name: string): Promise<DatabaseConnection> => {
    const account = byName.get(name);
    // A reload has taken it away while a statement was waiting: another account's rights are not for it.
    if (account === undefined) throw new RockpoolError("access-denied");
    const options = { target, account, clock, timers, connectTimeoutMs };
    const connection = await openDatabaseConnection(options).catch((error: unknown) => {
      warn(`${account === main ? "database.user" : "a login's account"}: ${describeConnectFailure(error)}`);
      throw error;
    });
    ownThreads.add(connection.threadId);
    connection.onBroken(() => ownThreads.delete(connection.threadId));
    return connection;
  };
}

function readTarget(config: OriginConfig, ca: string | null): DatabaseTarget {
  const { host, port, tls } = config.database;
  return { host, port, tls: ca === null || tls.mode === "off" ? { mode: tls.mode } : { mode: tls.mode, ca } };
}
