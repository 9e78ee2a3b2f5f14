import { type BaseProfile, createProfile, formatProfileColumns } from "./base-profile.ts";
import { queryRows } from "./query-rows.ts";
import type { RawConnection } from "./raw-relay.ts";
import { isMariaDb } from "./server-identity.ts";

/** What a login, or a reset, leaves. */
export interface BaseState {
  readonly threadId: number;
  readonly user: string | null;
  readonly database: string | null;
  readonly role: string | null;
  readonly initConnect: string;
  readonly serverIdleTimeoutMs: number;
  readonly profile: BaseProfile;
}

/**
 * The same for every account, whatever the server's defaults: text as UTF-8, every statement its own transaction, and
 * no `id IS NULL` that asks what the connection inserted last, for whomever (S1).
 */
export async function initialiseSession(raw: RawConnection): Promise<void> {
  await queryRows(raw, "SET NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_auto_is_null = 0");
}

/** Reads what must be the same after a reset as it was after the login. */
export async function readBaseState(raw: RawConnection, variables: readonly string[]): Promise<BaseState> {
  // MySQL has roles since 8.0, MariaDB since 10.0.
  const role =
    isMariaDb(raw.serverVersion) || !raw.serverVersion.startsWith("5.") ? "CURRENT_ROLE()" : "NULL";
  const columns = `CONNECTION_ID(), CURRENT_USER(), DATABASE(), ${role}, @@init_connect, @@wait_timeout`;
  const [row] = await queryRows(raw, `SELECT ${columns}, ${formatProfileColumns(variables)}`);
  const [threadId, user, database, currentRole, initConnect, waitTimeout, ...values] = row ?? [];
  return {
    threadId: Number(threadId),
    user: user ?? null,
    database: database ?? null,
    role: currentRole ?? null,
    initConnect: initConnect ?? "",
    serverIdleTimeoutMs: Number(waitTimeout) * 1000,
    profile: createProfile(variables, values),
  };
}

/** Whether a connection is as it was. */
export function isSameState(left: BaseState, right: BaseState): boolean {
  return (Object.keys(left) as (keyof BaseState)[]).every((key) =>
    key === "profile" ? left.profile.hash === right.profile.hash : left[key] === right[key],
  );
}
