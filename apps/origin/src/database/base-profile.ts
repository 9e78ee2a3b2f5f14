import { createHash } from "node:crypto";
import { queryRows } from "./query-rows.ts";
import type { RawConnection } from "./raw-relay.ts";

/**
 * Every session variable that shapes answers (R16), on any supported server. A server lacks some of them: those are
 * left out of its profile.
 */
const KEYED_VARIABLES = [
  "autocommit",
  "block_encryption_mode",
  "character_set_client",
  "character_set_collations",
  "character_set_connection",
  "character_set_results",
  "collation_connection",
  "cte_max_recursion_depth",
  "default_collation_for_utf8mb4",
  "default_regex_flags",
  "default_week_format",
  "div_precision_increment",
  "end_markers_in_json",
  "explicit_defaults_for_timestamp",
  "foreign_key_checks",
  "group_concat_max_len",
  "lc_messages",
  "lc_time_names",
  "max_error_count",
  "max_join_size",
  "max_recursive_iterations",
  "max_sort_length",
  "note_verbosity",
  "old",
  "old_mode",
  "optimizer_switch",
  "sql_auto_is_null",
  "sql_big_selects",
  "sql_log_bin",
  "sql_mode",
  "sql_notes",
  "sql_quote_show_create",
  "sql_safe_updates",
  "sql_select_limit",
  "sql_warnings",
  "standard_compliant_cte",
  "system_time_zone",
  "system_versioning_asof",
  "time_zone",
  "transaction_isolation",
  "transaction_read_only",
  "tx_isolation",
  "tx_read_only",
  "unique_checks",
  "updatable_views_with_limit",
  "windowing_use_high_precision",
] as const;

/** The real values of all keyed variables on a connection in its base state: part of every cache key (R16). */
export interface BaseProfile {
  /** `name=value` lines, sorted by name. */
  readonly text: string;
  /** 16 hex digits of the text's SHA-256. */
  readonly hash: string;
  /** By lower-case name; variables this server lacks are missing. */
  readonly values: ReadonlyMap<string, string>;
}

/** Why answers of a connection may not be stored (R4), as far as its base state decides. */
export type FillRefusal = "autocommit-off" | "isolation-level";

/** Which keyed variables the server has. */
export async function listKeyedVariables(raw: RawConnection): Promise<readonly string[]> {
  const names = KEYED_VARIABLES.map((name) => `'${name}'`).join(",");
  const rows = await queryRows(raw, `SHOW SESSION VARIABLES WHERE Variable_name IN (${names})`);
  return rows.map(([name]) => (name ?? "").toLowerCase()).toSorted();
}

/** The SELECT list that reads the named variables, for `createProfile`. */
export function formatProfileColumns(names: readonly string[]): string {
  return names.map((name) => `@@${name}`).join(", ");
}

/** The profile of the named variables' values, as the server printed them. */
export function createProfile(names: readonly string[], values: readonly (string | null)[]): BaseProfile {
  const pairs = names.map((name, index) => [name, values[index] ?? "NULL"] as const);
  const text = pairs.map(([name, value]) => `${name}=${value}`).join("\n");
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { text, hash, values: new Map(pairs) };
}

/** Answers may be stored (null) with autocommit on, at READ COMMITTED or REPEATABLE READ. */
export function decideFillRefusal(profile: BaseProfile): FillRefusal | null {
  if (profile.values.get("autocommit") !== "1") return "autocommit-off";
  const isolation = profile.values.get("transaction_isolation") ?? profile.values.get("tx_isolation");
  return isolation === "REPEATABLE-READ" || isolation === "READ-COMMITTED" ? null : "isolation-level";
}
