import type { Clock } from "@rockpool/base";
import type { ConnectionPool } from "./database/connection-pool.ts";
import { DISCARD } from "./database/result-sink.ts";

const PROBE_TIMEOUT_MS = 2_000;
const PROBE_SQL = Buffer.from("SELECT 1");

/** A real SQL round trip: true when `SELECT 1` comes back within 2 s, the wait for a connection included. */
export async function probeDatabase(pool: ConnectionPool, account: string, clock: Clock): Promise<boolean> {
  try {
    const deadline = clock.now() + PROBE_TIMEOUT_MS;
    const connection = await pool.acquire({ account, purpose: "shared", login: "", deadline });
    const timer = setTimeout(() => connection.destroy(), PROBE_TIMEOUT_MS);
    try {
      const outcome = await connection.execute(PROBE_SQL, DISCARD);
      return outcome.kind === "done";
    } finally {
      clearTimeout(timer);
      pool.release(connection, { reset: false });
    }
  } catch {
    return false;
  }
}
