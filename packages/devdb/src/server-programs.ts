import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Where the programs of a MariaDB installation were found. */
export interface ServerPrograms {
  /** Path of `mariadbd` (or MariaDB's `mysqld`). */
  readonly server: string;
  /** Path of `mariadb-install-db` (or MariaDB's `mysql_install_db`). */
  readonly install: string;
  /** What `--version` printed, one line. */
  readonly versionLine: string;
}

// Distributions put the server outside an ordinary user's PATH.
const EXTRA_FOLDERS = [
  "/usr/sbin",
  "/usr/bin",
  "/usr/libexec",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/local/mysql/bin",
  "/usr/local/mariadb/bin",
  "/opt/homebrew/bin",
  "/opt/homebrew/opt/mariadb/bin",
  "/usr/local/opt/mariadb/bin",
];

/**
 * Finds MariaDB's server and installer on PATH and in the usual system folders. Throws an `Error` that tells what to
 * do when either is absent, or when `mysqld` is not MariaDB's.
 */
export async function findServerPrograms(): Promise<ServerPrograms> {
  const server = findProgram(["mariadbd", "mysqld"]);
  const install = findProgram(["mariadb-install-db", "mysql_install_db"]);
  if (server === null || install === null) {
    const missing = server === null ? "mariadbd" : "mariadb-install-db";
    throw new Error(
      `${missing} was not found: install a MariaDB server (Debian: apt-get install mariadb-server-core mariadb-client-core; macOS: brew install mariadb) or set DATABASE_URL`,
    );
  }
  const { stdout } = await promisify(execFile)(server, ["--no-defaults", "--version"]);
  const versionLine = stdout.trim();
  if (!/mariadb/i.test(versionLine)) {
    throw new Error(
      `${server} is not a MariaDB server (${versionLine}): install MariaDB or set DATABASE_URL`,
    );
  }
  return { server, install, versionLine };
}

function findProgram(names: readonly string[]): string | null {
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...EXTRA_FOLDERS,
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (isExecutable(path)) return realpathSync(path);
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
