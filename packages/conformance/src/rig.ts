import { type FaultProxy, openFaultProxy, openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { type AppOptions, type AppProcess, startApp } from "./app-process.ts";
import { CANARY, type Secret, secretsIn } from "./canary.ts";

/** Nested partial configuration, merged over the rig's own. */
export type ConfigPatch = { readonly [key: string]: unknown };

/** Options of `openRig`. */
export interface RigOptions {
  /** Edges; default 1. */
  readonly edges?: number;
  readonly edgeConfig?: ConfigPatch;
  readonly originConfig?: ConfigPatch;
  /** Logins besides `app`: `{name, password, database?, account?}` of the origin's configuration. */
  readonly logins?: readonly ConfigPatch[];
  /** Start neither origin nor edges yet (`startOrigin`, `startEdge`). */
  readonly databaseOnly?: boolean;
  /** How every process is started. */
  readonly app?: AppOptions;
}

/** An edge of the rig; `https` is absent without `listen.https`. */
export type RigEdge = AppProcess<{ readonly http: string; readonly https?: string; readonly admin: string }>;
/** The origin of the rig. */
export type RigOrigin = AppProcess<{ readonly backhaul: string; readonly admin: string }>;

/** A whole Rockpool in processes of its own, with a fault proxy on every link. */
export interface Rig {
  readonly db: PrivateDatabase;
  /** Between origin and database. */
  readonly databaseLink: FaultProxy;
  /** Between edge `index` and origin; survives an origin's restart. */
  readonly originLinks: readonly FaultProxy[];
  readonly edges: RigEdge[];
  origin: RigOrigin;
  /** What edges prove themselves to the origin with. */
  readonly sharedSecret: string;
  /** The login every test may use; maps to the database's own user. */
  readonly login: { readonly user: string; readonly password: string };
  /** What of the rig's configuration nobody may ever hear. */
  readonly secrets: readonly Secret[];
  /** Starts the origin anew on the same port; edges come back by themselves. */
  startOrigin(): Promise<void>;
  startEdge(index: number): Promise<void>;
  /** Makes the running origin reload with other logins besides `app` (SIGHUP), without waiting. */
  reloadLogins(logins: readonly ConfigPatch[]): void;
  /** Tells every process, by SIGHUP, of its configuration with `patch` merged over it. */
  reconfigure(patch: ConfigPatch): void;
  /** Resolves when every edge's `/readyz` says 200. */
  ready(): Promise<void>;
  /** One metric's value, summed over its series that match `labels` text (`reason="absent"`). */
  metric(adminUrl: string, name: string, labels?: string): Promise<number>;
  close(): Promise<void>;
}

const SECRET = `${CANARY}shared-secret-0123456789abcdef-0123456789`;

/** Opens a rig; `close` ends everything it started. */
export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const db = await openPrivateDatabase();
  const databaseLink = await openFaultProxy({ target: { host: db.host, port: db.port } });
  const login = { user: "app", password: `${CANARY}password-of-app` };
  const originPort = await freePort();
  const edgeCount = options.edges ?? 1;
  const originLinks: FaultProxy[] = [];
  for (let index = 0; index < edgeCount; index++) {
    originLinks.push(await openFaultProxy({ target: { host: "127.0.0.1", port: originPort } }));
  }
  const config = originConfig(db, databaseLink, originPort, login, options);
  const rig: Rig = {
    db,
    databaseLink,
    originLinks,
    edges: [],
    origin: null as unknown as RigOrigin, // set by startOrigin below, or by the test that asked for databaseOnly
    login,
    sharedSecret: SECRET,
    secrets: secretsIn(config),
    async startOrigin() {
      rig.origin = await startApp("origin", config, options.app);
    },
    async startEdge(index) {
      const link = originLinks[index];
      if (link === undefined) throw new Error(`no edge ${index}`);
      rig.edges[index] = await startApp("edge", edgeConfig(link, options), options.app);
    },
    reloadLogins(logins) {
      rig.origin.reconfigure(originConfig(db, databaseLink, originPort, login, { ...options, logins }));
    },
    reconfigure(patch) {
      rig.origin.reconfigure(merge(config, patch));
      rig.edges.forEach((edge, index) => {
        const link = originLinks[index];
        if (link !== undefined) edge.reconfigure(merge(edgeConfig(link, options), patch));
      });
    },
    ready: async () => {
      await waitUntil(async () => {
        const states = await Promise.all(rig.edges.map((edge) => fetch(`${edge.line.admin}/readyz`)));
        return states.every((state) => state.status === 200);
      });
    },
    metric: readMetric,
    async close() {
      const processes = [...rig.edges, rig.origin].filter((app) => app !== null && app !== undefined);
      const leaks = (await Promise.all(processes.map((app) => app.leaks()))).flat();
      await Promise.all(processes.map((app) => app.kill()));
      for (const link of originLinks) await link.close();
      await databaseLink.close();
      await db.stop();
      if (leaks.length > 0)
        throw new Error(`secrets or statements were said:\n${JSON.stringify(leaks, null, 2)}`);
    },
  };
  if (options.databaseOnly === true) return rig;
  await rig.startOrigin();
  for (let index = 0; index < edgeCount; index++) await rig.startEdge(index);
  await rig.ready();
  return rig;
}

/** Asks `condition` every 10 ms until it holds; throws after `timeoutMs`. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > end) throw new Error(`condition not met within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function readMetric(adminUrl: string, name: string, labels = ""): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  let sum = 0;
  for (const line of text.split("\n")) {
    const match = /^([a-z0-9_]+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (match?.[1] === name && (match[2] ?? "").includes(labels)) sum += Number(match[3]);
  }
  return sum;
}

function originConfig(
  db: PrivateDatabase,
  link: FaultProxy,
  port: number,
  login: { user: string; password: string },
  options: RigOptions,
): ConfigPatch {
  const base = {
    listen: { backhaul: { host: "127.0.0.1", port }, admin: { host: "127.0.0.1", port: 0 } },
    sharedSecret: SECRET,
    database: {
      host: link.host,
      port: link.port,
      user: db.user,
      password: db.password,
      database: db.database,
    },
    logins: [
      { name: login.user, password: login.password, database: db.database },
      ...(options.logins ?? []),
    ],
  };
  return merge(base, options.originConfig ?? {});
}

function edgeConfig(link: FaultProxy, options: RigOptions): ConfigPatch {
  const base = {
    listen: { http: { host: "127.0.0.1", port: 0 }, admin: { host: "127.0.0.1", port: 0 } },
    origin: { url: `http://${link.host}:${link.port}`, sharedSecret: SECRET },
  };
  return merge(base, options.edgeConfig ?? {});
}

function merge(base: ConfigPatch, patch: ConfigPatch): ConfigPatch {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const old = merged[key];
    merged[key] = isPlain(old) && isPlain(value) ? merge(old, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is ConfigPatch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
