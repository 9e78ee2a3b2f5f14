import { EDGE_SCHEMA } from "./edge-schema.ts";
import { deepFreeze } from "./freeze.ts";
import type { EdgeConfig, OriginConfig } from "./load-config.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { type ConfigKey, listConfigKeys } from "./schema-keys.ts";
import { valueAt } from "./value-at.ts";

/** What a reload does. Names keys, never values. */
export interface ReloadPlan<C> {
  /** The running configuration with those settings changed that may change while it runs. */
  readonly config: C;
  /** Settings that change now. */
  readonly applied: readonly string[];
  /** Settings that are different too, but only after a restart. */
  readonly needRestart: readonly string[];
}

/** What becomes of an edge that runs with `current` and is told `next`. */
export function planEdgeReload(current: EdgeConfig, next: EdgeConfig): ReloadPlan<EdgeConfig> {
  return planReload(listConfigKeys(EDGE_SCHEMA), current, next);
}

/** What becomes of an origin that runs with `current` and is told `next`. */
export function planOriginReload(current: OriginConfig, next: OriginConfig): ReloadPlan<OriginConfig> {
  return planReload(listConfigKeys(ORIGIN_SCHEMA), current, next);
}

function planReload<C extends object>(keys: readonly ConfigKey[], current: C, next: C): ReloadPlan<C> {
  // A list changes as a whole, so its items' keys are of no interest here.
  const changed = keys.filter(({ path }) => !path.includes("[]") && !isSame(current, next, path));
  const config: C = structuredClone(current);
  for (const { path, reload } of changed) if (reload) copySetting(config, next, path);
  return {
    // Only frozen, which the type already says.
    config: deepFreeze(config) as C,
    applied: changed.filter(({ reload }) => reload).map(({ path }) => path),
    needRestart: changed.filter(({ reload }) => !reload).map(({ path }) => path),
  };
}

function isSame(left: object, right: object, path: string): boolean {
  return JSON.stringify(valueAt(left, path)) === JSON.stringify(valueAt(right, path));
}

function copySetting(target: object, source: object, path: string): void {
  const end = path.lastIndexOf(".");
  const section = valueAt(target, path.slice(0, Math.max(0, end)));
  if (typeof section !== "object" || section === null) return; // a reloadable setting stands in no optional section
  const name = path.slice(end + 1);
  Object.assign(section, { [name]: structuredClone(valueAt(source, path)) });
}
