import { queryRows } from "./query-rows.ts";
import type { RawConnection } from "./raw-relay.ts";

/** Which server a connection reached, and which run of it (R9). */
export interface ServerIdentity {
  /** `server_uuid` where there is one, else server id, host name, port and data directory. */
  readonly server: string;
  /** When this run of the server began, in seconds of the server's own wall clock. */
  readonly startedAtSec: number;
  /** For example `10.11.6-MariaDB-log`. */
  readonly version: string;
}

/** Two reads of one start may differ by this much, where uptime and clock need two statements. */
const START_TOLERANCE_SEC = 1;

/** Whether both are the same run of the same server. */
export function isSameServer(left: ServerIdentity, right: ServerIdentity): boolean {
  return (
    left.server === right.server &&
    left.version === right.version &&
    Math.abs(left.startedAtSec - right.startedAtSec) <= START_TOLERANCE_SEC
  );
}

/** Whether a MariaDB answers, by its version text. */
export function isMariaDb(serverVersion: string): boolean {
  return /mariadb/i.test(serverVersion);
}

/** Asks a fresh connection which server it reached. Needs no privilege. */
export async function readServerIdentity(raw: RawConnection): Promise<ServerIdentity> {
  const [uuid] = await queryRows(raw, "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')");
  const [row] = await queryRows(raw, "SELECT @@server_id, @@hostname, @@port, @@datadir, VERSION()");
  const [serverId, hostname, port, dataFolder, version] = row ?? [];
  // A copied data directory brings its uuid along, so host and port always count too.
  const server = [uuid?.[1] ?? "", serverId, hostname, port, dataFolder].join("/");
  return { server, startedAtSec: await readStart(raw), version: version ?? "" };
}

/**
 * Uptime and clock in one statement are exact, and a clock that is set does not move their difference.
 * MySQL keeps it in performance_schema, which may be off: then two statements, a second apart at worst.
 */
async function readStart(raw: RawConnection): Promise<number> {
  const schema = isMariaDb(raw.serverVersion) ? "information_schema" : "performance_schema";
  const [exact] = await queryRows(
    raw,
    `SELECT UNIX_TIMESTAMP() - VARIABLE_VALUE FROM ${schema}.global_status WHERE VARIABLE_NAME = 'UPTIME'`,
  );
  if (exact?.[0]) return Math.round(Number(exact[0]));
  const [uptime] = await queryRows(raw, "SHOW GLOBAL STATUS LIKE 'Uptime'");
  const [clock] = await queryRows(raw, "SELECT UNIX_TIMESTAMP()");
  return Number(clock?.[0]) - Number(uptime?.[1]);
}
