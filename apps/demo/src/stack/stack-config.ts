import { randomBytes } from "node:crypto";
import type { PrivateDatabase } from "@rockpool/devdb";

/** A client credential of the stack; it is at the same time a database account of that name and password. */
export interface StackLogin {
  readonly user: string;
  readonly password: string;
}

/** Host and port of a listener. */
export interface StackAddress {
  readonly host: string;
  readonly port: number;
}

/** The secret between edges and origin, new for each stack. */
export function createSharedSecret(): string {
  return randomBytes(32).toString("hex");
}

/** An origin's configuration file. `app` runs as the database's own account, each of `logins` as its own. */
export function formatOriginConfig(
  database: Pick<PrivateDatabase, "host" | "port" | "user" | "password" | "database">,
  app: StackLogin,
  logins: readonly StackLogin[],
  sharedSecret: string,
): unknown {
  return {
    listen: { backhaul: ANY_PORT, admin: ANY_PORT },
    sharedSecret,
    database: {
      host: database.host,
      port: database.port,
      user: database.user,
      password: database.password,
      database: database.database,
    },
    logins: [
      { name: app.user, password: app.password, database: database.database },
      ...logins.map(({ user, password }) => ({
        name: user,
        password,
        database: database.database,
        account: { user, password },
      })),
    ],
  };
}

/** An edge's configuration file. */
export function formatEdgeConfig(
  backhaul: StackAddress,
  sharedSecret: string,
  boundMs: number | null,
): unknown {
  return {
    listen: { http: ANY_PORT, admin: ANY_PORT },
    origin: { url: `http://${backhaul.host}:${backhaul.port}`, sharedSecret },
    ...(boundMs === null ? {} : { freshness: { boundMs } }),
  };
}

/**
 * The environment for the programs: ours without the settings that the files above decide. All other `ROCKPOOL_*`
 * variables stay and tune every edge and the origin.
 */
export function filterEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  boundMs: number | null,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !DECIDED.test(name) && (boundMs === null || name !== "ROCKPOOL_FRESHNESS_BOUND_MS"),
    ),
  );
}

const ANY_PORT = { host: "127.0.0.1", port: 0 } as const;
/** The TLS door (`ROCKPOOL_LISTEN_HTTPS_*`) is not: who wants one brings a certificate. */
const DECIDED = /^ROCKPOOL_(LISTEN_(?!HTTPS_)|ORIGIN_|SHARED_SECRET$|DATABASE_|LOGINS$|CONFIG$)/;
