import { assert } from "@rockpool/base";
import type { z } from "zod";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { EDGE_SCHEMA } from "./edge-schema.ts";
import { explainIssues } from "./explain-issues.ts";
import { type DeepReadonly, deepFreeze } from "./freeze.ts";
import { findImpossibleEdgePairs, findImpossibleOriginPairs } from "./impossible-pairs.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { parseConfigText } from "./parse-text.ts";
import { type Environment, type EnvOverride, readEnvironment } from "./read-env.ts";
import { listConfigKeys } from "./schema-keys.ts";

/** A complete, checked, frozen configuration of an edge. */
export type EdgeConfig = DeepReadonly<z.output<typeof EDGE_SCHEMA>>;

/** A complete, checked, frozen configuration of an origin. */
export type OriginConfig = DeepReadonly<z.output<typeof ORIGIN_SCHEMA>>;

/** Where a configuration comes from. The environment wins over the file, the file over the defaults. */
export interface ConfigSources {
  /** The file's text, not its name: apps read files. */
  readonly file?: string | undefined;
  /** `process.env`; only `ROCKPOOL_*` is looked at. */
  readonly env: Environment;
}

/** Reads an edge's configuration. Throws `ConfigError` with all problems at once. */
export function loadEdgeConfig(sources: ConfigSources): EdgeConfig {
  return deepFreeze(load(EDGE_SCHEMA, ORIGIN_SCHEMA, sources, findImpossibleEdgePairs));
}

/** Reads an origin's configuration. Throws `ConfigError` with all problems at once. */
export function loadOriginConfig(sources: ConfigSources): OriginConfig {
  return deepFreeze(load(ORIGIN_SCHEMA, EDGE_SCHEMA, sources, findImpossibleOriginPairs));
}

function load<S extends z.ZodObject>(
  schema: S,
  otherSchema: z.ZodObject,
  sources: ConfigSources,
  findImpossible: (config: z.output<S>) => ConfigProblem[],
): z.output<S> {
  const keys = listConfigKeys(schema);
  const otherNames = new Set(listConfigKeys(otherSchema).flatMap(({ env }) => (env === null ? [] : [env])));
  const data = sources.file === undefined ? {} : parseConfigText(sources.file);
  const { overrides, problems } = readEnvironment(sources.env, keys, otherNames);
  for (const override of overrides) assign(data, override);
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw new ConfigError([...problems, ...explainIssues(parsed.error.issues, keys)]);
  const all = [...problems, ...findImpossible(parsed.data)];
  if (all.length > 0) throw new ConfigError(all);
  return parsed.data;
}

/** Sets a dotted path, making the sections on the way. A section that is not an object stays: the schema refuses it. */
function assign(data: Record<string, unknown>, { key, value }: EnvOverride): void {
  const sections = key.path.split(".");
  const last = sections.pop();
  assert(last !== undefined, "a key has a name");
  let target = data;
  for (const section of sections) {
    const existing = target[section] ?? {};
    if (typeof existing !== "object" || Array.isArray(existing)) return;
    // Copied so that the caller's objects stay as they were.
    const copy: Record<string, unknown> = { ...existing };
    target[section] = copy;
    target = copy;
  }
  target[last] = value;
}
