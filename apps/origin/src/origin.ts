import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { BackhaulServer } from "@rockpool/backhaul";
import type { Clock, Random, Timers } from "@rockpool/base";
import type { OriginConfig } from "@rockpool/config";
import { createAnalyser } from "@rockpool/sql";
import { AdminDoor, type Logger } from "@rockpool/telemetry";
import { CatalogueKeeper } from "./catalogue-keeper.ts";
import { type ChangeSource, createTtlSource } from "./change-source.ts";
import { createConnectionPool } from "./database/connection-pool.ts";
import { type DatabaseConnection, openDatabaseConnection } from "./database/database-connection.ts";
import type { DatabaseAccount, DatabaseTarget } from "./database/database-target.ts";
import { createStatementKiller } from "./database/kill.ts";
import { FeedHub } from "./feed-hub.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { type ConfiguredLogin, LoginDirectory } from "./login-directory.ts";
import { OriginMetrics } from "./origin-metrics.ts";
import { probeDatabase } from "./probe.ts";
import { createStatementReader } from "./server-statement.ts";
import { SessionTable } from "./session-table.ts";
import { StatementService } from "./statement-service.ts";

/** What of the outside world an origin is given. */
export interface OriginPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  /** PEM text of `database.tls.caFile`. */
  readonly databaseCa: string | null;
}

/** A running origin. */
export interface Origin {
  /** Base URLs. */
  readonly backhaul: string;
  readonly admin: string;
  /** Not ready → GOAWAY → finish what is in progress → roll back the rest → close. */
  close(drainMaxMs: number): Promise<void>;
}

const PLANS_MAX = 10_000;
const FEED_RING_MAX = 65_536;
const STATEMENT_MAX_BYTES = 64 * 1024 * 1024;
const STREAMS_MAX = 20_000;
const CATALOGUE_RETRY_MS = 500;
const PROBE_INTERVAL_MS = 1_000;

/** Wires an origin together and opens its doors. */
export async function openOrigin(config: OriginConfig, ports: OriginPorts): Promise<Origin> {
  const { clock, timers, random, log } = ports;
  const instance = randomUUID();
  const accounts = new Map<string, DatabaseAccount>();
  const mainAccount = addAccount(accounts, config.database.user, config.database.password);
  const logins = new LoginDirectory(readLogins(config, accounts));
  const target = readTarget(config, ports.databaseCa);
  const open = (name: string): Promise<DatabaseConnection> => {
    const account = accounts.get(name) ?? mainAccount;
    const { connectTimeoutMs } = config.pool;
    return openDatabaseConnection({ target, account, clock, timers, connectTimeoutMs });
  };
  const analyser = createAnalyser({ planMax: PLANS_MAX });
  const changes: ChangeSource = createTtlSource({
    createEpoch: () => randomBytes(12).toString("base64url"),
    ringMax: FEED_RING_MAX,
    transactionMax: config.pool.max,
    onItem: (item) => hub.item(item),
  });
  const hub: FeedHub = new FeedHub({
    instance,
    // Edges never see the secret's derivative used for anything else; a restart keeps tokens valid.
    tokenKey: createHmac("sha256", config.sharedSecret).update("rockpool/session-token/1").digest("hex"),
    logins: logins.published,
    clock,
    changes: () => changes,
    isDatabaseUp: () => databaseUp,
  });
  const pool = createConnectionPool<DatabaseConnection>({
    mainAccount: mainAccount.name,
    limits: config.pool,
    connect: open,
    clock,
    timers,
    random,
    onIdentityChange: (now, before) => {
      log.warn("another database server answers: a new epoch begins", {
        now: now.server,
        before: before.server,
      });
      changes.startEpoch();
      catalogue.reset();
      hub.dropAll();
      void catalogue.reload();
    },
  });
  const killer = createStatementKiller({ open, timers });
  const catalogue: CatalogueKeeper = new CatalogueKeeper({
    analyser,
    load: () => loadCatalogue(pool, mainAccount.name),
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
  const metrics: OriginMetrics = new OriginMetrics({
    pool: () => pool.stats(),
    statementsRunning: () => service.runningCount,
    sessionsPinned: () => sessions.size,
    feeds: () => hub.feedCount,
    publishedSeq: () => changes.publisher.position().seq,
    doubtsOpen: () => changes.publisher.openDoubts().length,
    catalogueLoads: () => catalogue.loadCount,
  });
  const sessions = new SessionTable(config.session, clock, timers, {
    onExpired: (session, reason) => service.expire(session, reason),
  });
  const service: StatementService = new StatementService({
    instance,
    statementTimeoutMs: config.statementTimeoutMs,
    sessionQueueMax: config.session.queueMax,
    clock,
    timers,
    secureRandom: { bytes: (length) => randomBytes(length) },
    pool,
    sessions,
    killer,
    logins,
    reader: createStatementReader({
      analyser,
      sqlModeOf: (account) => hub.sqlModeOf(account),
      isUnreadable: ({ pin, login }) => pin !== null && sessions.find(pin, login)?.isUnreadable === true,
    }),
    catalogue,
    changes,
    onConnection: ({ account, profile }) =>
      hub.profile(account, profile.hash, profile.values.get("sql_mode") ?? ""),
    metrics,
    log,
  });
  const server = new BackhaulServer(
    { sharedSecret: config.sharedSecret, statementMaxBytes: STATEMENT_MAX_BYTES, streamsMax: STREAMS_MAX },
    {
      onStatement: (request, responder) => void service.handle(request, responder),
      onFeed: (feed) => hub.open(feed),
      onRefused: (reason) => metrics.refused(reason),
    },
  );
  let draining = false;
  let databaseUp = false;
  const admin = new AdminDoor({
    ...config.listen.admin,
    registry: metrics.registry,
    checks: async () => [
      { name: "not-draining", ok: !draining },
      { name: "catalogue", ok: catalogue.isLoaded },
      { name: "sql-round-trip", ok: await probeDatabase(pool, mainAccount.name, clock) },
    ],
  });
  const probe = async (): Promise<void> => {
    databaseUp = await probeDatabase(pool, mainAccount.name, clock);
    if (!draining) timers.after(PROBE_INTERVAL_MS, () => void probe());
  };
  const port = await server.listen(config.listen.backhaul.host, config.listen.backhaul.port);
  const adminPort = await admin.listen();
  catalogue.start();
  void probe();
  return {
    backhaul: `http://${config.listen.backhaul.host}:${port}`,
    admin: `http://${config.listen.admin.host}:${adminPort}`,
    async close(drainMaxMs) {
      draining = true;
      catalogue.stop();
      await server.close(drainMaxMs);
      killer.close();
      await pool.close(drainMaxMs);
      admin.close();
    },
  };
}

function addAccount(accounts: Map<string, DatabaseAccount>, user: string, password: string): DatabaseAccount {
  const account = { name: user, user, password, database: null, foundRows: true };
  accounts.set(user, account);
  return account;
}

function readLogins(config: OriginConfig, accounts: Map<string, DatabaseAccount>): ConfiguredLogin[] {
  return config.logins.map(({ name, password, database, account }) => {
    const { user, password: secret } = account ?? config.database;
    const known = accounts.get(user);
    return { name, password, schema: database ?? null, account: known ?? addAccount(accounts, user, secret) };
  });
}

function readTarget(config: OriginConfig, ca: string | null): DatabaseTarget {
  const { host, port, tls } = config.database;
  return { host, port, tls: ca === null || tls.mode === "off" ? { mode: tls.mode } : { mode: tls.mode, ca } };
}
