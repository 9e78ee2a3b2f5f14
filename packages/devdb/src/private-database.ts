import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDataDir } from "./datadir-template.ts";
import { findFreePort } from "./loopback-port.ts";
import { createReaper, type Reaper } from "./reaper.ts";
import { formatServerArguments } from "./server-arguments.ts";
import { PortTakenError, type ServerProcess, startServerProcess } from "./server-process.ts";
import { findServerPrograms, type ServerPrograms } from "./server-programs.ts";

/** Options of `openPrivateDatabase`. */
export interface PrivateDatabaseOptions {
  /** The server's `max_connections`. Default 400. */
  readonly maxConnections?: number;
  /** Appended to the server's command line, so they win over our own; for example `--ssl-cert=…`. */
  readonly extraArgs?: readonly string[];
  /** How long a start may take before it is an error. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** How long `stop` and `restart` wait after SIGTERM before they send SIGKILL. Default 10,000. */
  readonly stopTimeoutMs?: number;
}

/** A handle on a database server for demo, tests and benchmarks. */
export interface PrivateDatabase {
  readonly host: string;
  readonly port: number;
  /** The unix socket's path; null for a server of the user's. */
  readonly socketPath: string | null;
  /** An account that may create users, databases and routines, and grant. */
  readonly user: string;
  readonly password: string;
  /** An existing database, empty at first on a private server. */
  readonly database: string;
  /** The server's process id; null while it is not running, and for a server of the user's. */
  readonly pid: number | null;
  /** For example `10.11.6-MariaDB-log`. */
  readonly serverVersion: string;
  /** SIGTERM, then SIGKILL after the bound; removes all files. May be called again. */
  stop(): Promise<void>;
  /** SIGKILL; files and port stay for `restart`. */
  kill(): Promise<void>;
  /** Stops the server in order if it runs, and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  /** SIGCONT, the end of `freeze`. */
  resume(): void;
}

const PORT_ATTEMPTS_MAX = 5;

/**
 * Starts a throwaway MariaDB on a free loopback port, with the binary log in full row format. It dies with this
 * process, however that ends. Throws an `Error` with guidance when no MariaDB is installed, or with the end of the
 * server's log when it does not start.
 */
export async function openPrivateDatabase(options: PrivateDatabaseOptions = {}): Promise<PrivateDatabase> {
  const programs = await findServerPrograms();
  const folder = await mkdtemp(join(tmpdir(), "rockpool-db-"));
  const reaper = createReaper(folder);
  try {
    await createDataDir(programs, join(folder, "data"));
    const database = new OwnedServer(programs, folder, reaper, options);
    await database.startFirst();
    return database;
  } catch (error) {
    reaper.dismiss();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    throw error;
  }
}

class OwnedServer implements PrivateDatabase {
  readonly host = "127.0.0.1";
  readonly user = "rockpool_admin";
  readonly password = randomBytes(12).toString("base64url");
  readonly database = "rockpool";
  readonly socketPath: string;
  readonly #programs: ServerPrograms;
  readonly #folder: string;
  readonly #reaper: Reaper;
  readonly #options: PrivateDatabaseOptions;
  #port = 0;
  #server: ServerProcess | null = null;
  #serverVersion = "";
  #stopping: Promise<void> | null = null;

  constructor(programs: ServerPrograms, folder: string, reaper: Reaper, options: PrivateDatabaseOptions) {
    this.#programs = programs;
    this.#folder = folder;
    this.#reaper = reaper;
    this.#options = options;
    this.socketPath = join(folder, "socket");
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number | null {
    return this.#server?.pid ?? null;
  }

  get serverVersion(): string {
    return this.#serverVersion;
  }

  async startFirst(): Promise<void> {
    const initFile = join(this.#folder, "init.sql");
    writeFileSync(initFile, this.#initSql(), { mode: 0o600 });
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await findFreePort();
      try {
        return await this.#start(initFile);
      } catch (error) {
        if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS_MAX) throw error;
      }
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    server.child.kill("SIGKILL");
    await server.exited;
  }

  async restart(): Promise<void> {
    if (this.#stopping !== null) throw new Error("the private database was stopped for good");
    await this.#endProcess();
    await this.#start(null);
  }

  freeze(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  async #start(initFile: string | null): Promise<void> {
    const server = await startServerProcess({
      program: this.#programs.server,
      args: formatServerArguments({
        folder: this.#folder,
        port: this.#port,
        socketPath: this.socketPath,
        maxConnections: this.#options.maxConnections ?? 400,
        extraArgs: this.#options.extraArgs ?? [],
        initFile,
      }),
      socketPath: this.socketPath,
      logPath: join(this.#folder, "server.log"),
      startTimeoutMs: this.#options.startTimeoutMs ?? 30_000,
      onSpawn: (pid) => this.#reaper.watch(pid),
    });
    this.#server = server;
    this.#serverVersion = server.serverVersion;
    void server.exited.then(() => {
      if (this.#server !== server) return;
      this.#server = null;
      this.#reaper.watch(null);
    });
  }

  async #endProcess(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    server.child.kill("SIGTERM");
    // A frozen process acts on SIGTERM only once it runs again.
    server.child.kill("SIGCONT");
    const bound = setTimeout(() => server.child.kill("SIGKILL"), this.#options.stopTimeoutMs ?? 10_000);
    await server.exited;
    clearTimeout(bound);
  }

  async #stopOnce(): Promise<void> {
    await this.#endProcess();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    this.#reaper.dismiss();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#server === null) throw new Error("the private database is not running");
    this.#server.child.kill(signal);
  }

  #initSql(): string {
    const account = `'${this.user}'@'%'`;
    return [
      "SET SESSION sql_log_bin = 0;",
      `CREATE DATABASE IF NOT EXISTS ${this.database};`,
      `CREATE OR REPLACE USER ${account} IDENTIFIED BY '${this.password}';`,
      `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
      "",
    ].join("\n");
  }
}
