import type { EngineLogin, Upstream, UpstreamCall } from "@rockpool/engine";
import { PROBE_REQUEST_ID } from "@rockpool/telemetry";

const PROBE_SQL = Buffer.from("SELECT 1");

/** A real SQL round trip to the database: true when `SELECT 1` comes back in full within `timeoutMs`. */
export function probeDatabase(
  upstream: Upstream,
  login: EngineLogin | null,
  timeoutMs: number,
): Promise<boolean> {
  if (login === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    let call: UpstreamCall | null = null;
    const timer = setTimeout(() => {
      call?.cancel();
      resolve(false);
    }, timeoutMs);
    const finish = (ok: boolean): void => {
      clearTimeout(timer);
      resolve(ok);
    };
    let failed = false;
    const statement = {
      login: login.name,
      schema: null,
      pin: null,
      autocommit: true,
      endsSession: false,
      timeoutMs: null,
      lastInsertId: 0n,
      variables: [],
      sql: PROBE_SQL,
      context: { requestId: PROBE_REQUEST_ID, trace: null },
    };
    call = upstream.execute(statement, {
      onMessage(message) {
        if (message.kind === "database-error") failed = true;
        else if (message.kind === "finish") finish(!failed);
        else if (message.kind === "failure") finish(false);
      },
      onLost: () => finish(false),
    });
  });
}
