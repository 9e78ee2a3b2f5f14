import { assert } from "@rockpool/base";
import type { z } from "zod";
import { findUnusableFiles } from "./check-files.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { EDGE_SCHEMA } from "./edge-schema.ts";
import { explainIssues } from "./explain-issues.ts";
import { type DeepReadonly, deepFreeze } from "./freeze.ts";
import { findImpossibleEdgePairs, findImpossibleOriginPairs } from "./impossible-pairs.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { type ConfigText, parseConfigText } from "./parse-text.ts";
import { findPlaceholderSecret } from "./placeholder-secrets.ts";
import type { ReadFile } from "./read-file.ts";
import { type Environment, type EnvOverride, readEnvironment } from "./read-env.ts";
import { listConfigKeys } from "./schema-keys.ts";
import { splitPath } from "./value-at.ts";

/** A complete, checked, frozen configuration of an edge. */
export type EdgeConfig = DeepReadonly<z.output<typeof EDGE_SCHEMA>>;

/** A complete, checked, frozen configuration of an origin. */
export type OriginConfig = DeepReadonly<z.output<typeof ORIGIN_SCHEMA>>;

/** Where a configuration comes from. The environment wins over the file, the file over the defaults. */
export interface ConfigSources {
  /** The file's text, not its name: apps read files. */
  readonly file?: string | undefined;
  /** What messages call the file. */
  readonly fileName?: string | undefined;
  /** `process.env`; only `ROCKPOOL_*` is looked at. */
  readonly env: Environment;
  /**
   * Reads the files that `ROCKPOOL_…_FILE` and keys such as `listen.https.certFile` name. Without it the variables are
   * refused, and what keys name is not looked at.
   */
  readonly readFile?: ReadFile | undefined;
}

/** Reads an edge's configuration. Throws `ConfigError` with all problems at once. */
export function loadEdgeConfig(sources: ConfigSources): EdgeConfig {
  const config = load(EDGE_SCHEMA, ORIGIN_SCHEMA, sources, (parsed) => [
    ...findImpossibleEdgePairs(parsed),
    ...findPlaceholderSecret("origin.sharedSecret", parsed.origin.sharedSecret),
  ]);
  return deepFreeze(config);
}

/** Reads an origin's configuration. Throws `ConfigError` with all problems at once. */
export function loadOriginConfig(sources: ConfigSources): OriginConfig {
  const config = load(ORIGIN_SCHEMA, EDGE_SCHEMA, sources, (parsed) => [
    ...findImpossibleOriginPairs(parsed),
    ...findPlaceholderSecret("sharedSecret", parsed.sharedSecret),
  ]);
  return deepFreeze(config);
}

function load<S extends z.ZodObject>(
  schema: S,
  otherSchema: z.ZodObject,
  sources: ConfigSources,
  findImpossible: (config: z.output<S>) => ConfigProblem[],
): z.output<S> {
  const { env, readFile } = sources;
  const keys = listConfigKeys(schema);
  const otherNames = new Set(listConfigKeys(otherSchema).flatMap(({ env: name }) => name ?? []));
  const text = readText(sources);
  const data = { ...text?.data };
  const { overrides, problems } = readEnvironment(env, keys, otherNames, readFile ?? refuseFile);
  for (const override of overrides) assign(data, override);
  const place = (problem: ConfigProblem) => withPlace(problem, text, sources.fileName, overrides);
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    throw new ConfigError([...problems, ...explainIssues(parsed.error.issues, keys, data).map(place)]);
  }
  const found = findImpossible(parsed.data);
  if (readFile !== undefined) found.push(...findUnusableFiles(parsed.data, keys, readFile));
  if (problems.length + found.length > 0) throw new ConfigError([...problems, ...found.map(place)]);
  return parsed.data;
}

function readText({ file, fileName }: ConfigSources): ConfigText | null {
  if (file === undefined) return null;
  try {
    return parseConfigText(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map((problem) => ({ ...problem, where: fileName })));
  }
}

function refuseFile(): string {
  throw new Error("no files are read here");
}

/** The problem with the place where its value was set. */
function withPlace(
  problem: ConfigProblem,
  text: ConfigText | null,
  fileName: string | undefined,
  overrides: readonly EnvOverride[],
): ConfigProblem {
  const override = overrides.find(
    ({ key }) => problem.key === key.path || problem.key.startsWith(`${key.path}[`),
  );
  if (override !== undefined) return { ...problem, where: override.variable };
  const line = text?.lineOf(splitPath(problem.key)) ?? null;
  if (line === null) return { ...problem, where: fileName };
  return { ...problem, where: fileName === undefined ? `line ${line}` : `${fileName}:${line}` };
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
