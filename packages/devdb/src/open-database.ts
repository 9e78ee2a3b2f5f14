import { createConnection, type RowDataPacket } from "mysql2/promise";
import {
  openPrivateDatabase,
  type PrivateDatabase,
  type PrivateDatabaseOptions,
} from "./private-database.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The database to work on: the user's own server when the environment variable `DATABASE_URL`
 * (`mysql://user:password@host:port/database`) is set, else a new private one. On the user's server `stop` does
 * nothing and `kill`, `restart`, `freeze` and `resume` throw; the named database (default `rockpool`) is created when
 * absent. Throws when the URL is malformed or the server cannot be reached.
 */
export async function openDatabase(options: PrivateDatabaseOptions = {}): Promise<PrivateDatabase> {
  const url = process.env["DATABASE_URL"];
  return url === undefined || url === "" ? openPrivateDatabase(options) : openUserDatabase(url);
}

/** A handle on a server that is not ours; see `openDatabase`. The URL never appears in an error. */
async function openUserDatabase(databaseUrl: string): Promise<PrivateDatabase> {
  const target = parseDatabaseUrl(databaseUrl);
  const { database, ...login } = target;
  const connection = await createConnection({ ...login, connectTimeout: CONNECT_TIMEOUT_MS });
  try {
    await connection.query(`CREATE DATABASE IF NOT EXISTS \`${database.replaceAll("`", "``")}\``);
    const [rows] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
    return {
      ...target,
      ...REFUSALS,
      socketPath: null,
      pid: null,
      serverVersion: String(rows[0]?.["version"]),
    };
  } finally {
    await connection.end();
  }
}

/** The parts of a `mysql://` or `mariadb://` URL. Port 3306, database `rockpool` and an empty password are defaults. */
export function parseDatabaseUrl(
  databaseUrl: string,
): Pick<PrivateDatabase, "host" | "port" | "user" | "password" | "database"> {
  const url = URL.parse(databaseUrl);
  const isKnown = url !== null && ["mysql:", "mariadb:"].includes(url.protocol);
  if (!isKnown || url.hostname === "" || url.username === "") {
    throw new Error("DATABASE_URL must look like mysql://user:password@host:3306/database");
  }
  const path = decodeURIComponent(url.pathname.slice(1));
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: path === "" ? "rockpool" : path,
  };
}

const REFUSALS: Pick<PrivateDatabase, "stop" | "kill" | "restart" | "freeze" | "resume"> = {
  stop: () => Promise.resolve(),
  kill: () => Promise.reject(refusal("kill")),
  restart: () => Promise.reject(refusal("restart")),
  freeze: () => {
    throw refusal("freeze");
  },
  resume: () => {
    throw refusal("resume");
  },
};

function refusal(verb: string): Error {
  return new Error(`will not ${verb} the database server of DATABASE_URL: it is not ours`);
}
