import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, openDelayRelay, type PrivateDatabase } from "@rockpool/devdb";
import { type AppProcess, openApp } from "./app-process.ts";
import {
  createAccounts,
  createFreshDatabase,
  dropAccounts,
  dropFreshDatabase,
  type StackDatabase,
} from "./stack-accounts.ts";
import {
  createSharedSecret,
  filterEnvironment,
  formatEdgeConfig,
  formatOriginConfig,
  type StackAddress,
  type StackLogin,
} from "./stack-config.ts";

/** Options of `openStack`. */
export interface StackOptions {
  /** Default 1. */
  readonly edges?: number;
  /** Logins besides `app`; each gets a database account of its own without any rights. Default none. */
  readonly logins?: readonly StackLogin[];
  /** Puts a link with this round trip between the edges and the origin. Default 0: none. */
  readonly roundTripMs?: number;
  /** How far behind the database a hit may be. Default: the edge's own. */
  readonly boundMs?: number;
  /** On the user's own server (`DATABASE_URL`), work in a new database and drop it at the end. Default false. */
  readonly useFreshDatabase?: boolean;
  /** Called with the database before the origin reads its definitions for the first time. */
  readonly prepareDatabase?: (db: StackDatabase) => Promise<void>;
  /** The programs' logs go to our standard error instead of files in `folder`. Default false. */
  readonly verbose?: boolean;
  /** Gives up the start: `openStack` cleans up and throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told when a program was ended by someone's signal; the stack goes on without it. */
  readonly onNotice?: (message: string) => void;
}

/** Where everything listens. Plain JSON; null for what is not built yet. */
export interface StackInfo {
  /** The database; its account may create users, databases and routines. */
  readonly db: StackDatabase;
  /** A login whose statements run as the account of `db`. */
  readonly login: StackLogin;
  readonly edges: readonly EdgeInfo[];
  readonly origin: { readonly admin: string; readonly pid: number };
  /** The path of the test CA. */
  readonly ca: string | null;
}

/** An edge's doors: `http`, `https` and `admin` are base URLs, `mysql` is `host:port`. */
export interface EdgeInfo {
  readonly http: string;
  readonly https: string | null;
  readonly mysql: string | null;
  readonly admin: string;
  readonly pid: number;
}

/** A running stack. */
export interface Stack {
  readonly info: StackInfo;
  /** For example `10.11.6-MariaDB-log`. */
  readonly serverVersion: string;
  /** Holds each program's configuration and log until `close`. */
  readonly folder: string;
  /** Resolves when a program or the database crashed. What is left runs until `close`. */
  readonly crashed: Promise<Error>;
  /** Stops and removes everything. May be called again. */
  close(): Promise<void>;
}

const DATABASE_WATCH_MS = 500;

/**
 * Starts a database (a private one, or the user's by `DATABASE_URL`), one origin and some edges on free loopback ports;
 * resolves when all are ready. Throws with what went wrong after stopping what had been started.
 */
export async function openStack(options: StackOptions = {}): Promise<Stack> {
  const resources = new AsyncDisposableStack();
  try {
    return await start(options, resources);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

async function start(options: StackOptions, resources: AsyncDisposableStack): Promise<Stack> {
  const signal = options.signal ?? new AbortController().signal;
  const boundMs = options.boundMs ?? null;
  const logins = options.logins ?? [];
  const folder = mkdtempSync(join(tmpdir(), "rockpool-stack-"));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));

  const { server, db } = await openStackDatabase(options, resources);
  await createAccounts(db, logins);
  resources.defer(() => dropAccounts(db, logins));
  await options.prepareDatabase?.(db);
  signal.throwIfAborted();

  const app = { user: "app", password: randomBytes(12).toString("base64url") };
  const sharedSecret = createSharedSecret();
  const common = {
    env: filterEnvironment(process.env, boundMs),
    folder,
    verbose: options.verbose ?? false,
    signal,
  };
  const originConfig = formatOriginConfig(db, app, logins, sharedSecret);
  const origin = await openApp({ ...common, app: "origin", name: "origin", config: originConfig });
  resources.defer(() => origin.stop());

  const link = await openLink(addressOf(doorOf(origin, "backhaul")), options.roundTripMs ?? 0, resources);
  const edgeConfig = formatEdgeConfig(link, sharedSecret, boundMs);
  const starts = await Promise.allSettled(
    Array.from({ length: options.edges ?? 1 }, (_, index) =>
      openApp({ ...common, app: "edge", name: `edge-${index + 1}`, config: edgeConfig }),
    ),
  );
  const edges = starts.flatMap((edge) => (edge.status === "fulfilled" ? [edge.value] : []));
  resources.defer(async () => void (await Promise.all(edges.map((edge) => edge.stop()))));
  for (const edge of starts) if (edge.status === "rejected") throw edge.reason;

  return {
    info: {
      db,
      login: app,
      edges: edges.map((edge) => ({
        http: doorOf(edge, "http"),
        https: edge.doors["https"] ?? null,
        mysql: null,
        admin: doorOf(edge, "admin"),
        pid: edge.pid,
      })),
      origin: { admin: doorOf(origin, "admin"), pid: origin.pid },
      ca: null,
    },
    serverVersion: server.serverVersion,
    folder,
    crashed: watchForCrash(server, [origin, ...edges], options.onNotice, resources),
    close: () => resources.disposeAsync(),
  };
}

async function openStackDatabase(
  options: StackOptions,
  resources: AsyncDisposableStack,
): Promise<{ server: PrivateDatabase; db: StackDatabase }> {
  const server = await openDatabase();
  resources.defer(() => server.stop());
  const { host, port, user, password, database } = server;
  const db = { host, port, user, password, database };
  const isOurs = server.pid !== null;
  if (isOurs || options.useFreshDatabase !== true) return { server, db };
  const name = await createFreshDatabase(db);
  resources.defer(() => dropFreshDatabase(db, name));
  return { server, db: { ...db, database: name } };
}

async function openLink(
  target: StackAddress,
  roundTripMs: number,
  resources: AsyncDisposableStack,
): Promise<StackAddress> {
  if (roundTripMs === 0) return target;
  const relay = await openDelayRelay({ target, roundTripMs });
  resources.defer(() => relay.close());
  return relay;
}

/** After `close` has begun nothing counts as a crash any more. */
function watchForCrash(
  server: PrivateDatabase,
  apps: readonly AppProcess[],
  onNotice: ((message: string) => void) | undefined,
  resources: AsyncDisposableStack,
): Promise<Error> {
  return new Promise((resolve) => {
    let isClosing = false;
    const isOurs = server.pid !== null;
    const watch = setInterval(() => {
      if (isOurs && server.pid === null) resolve(new Error("the private database server ended"));
    }, DATABASE_WATCH_MS);
    resources.defer(() => {
      isClosing = true;
      clearInterval(watch);
    });
    for (const { ended } of apps) {
      void ended.then(({ isCrash, message }) => {
        if (isClosing) return;
        if (isCrash) resolve(new Error(message));
        else onNotice?.(message);
      });
    }
  });
}

function doorOf(app: AppProcess, name: string): string {
  const door = app.doors[name];
  if (door === undefined) throw new Error(`${app.name} did not say where its ${name} door is`);
  return door;
}

function addressOf(url: string): StackAddress {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
