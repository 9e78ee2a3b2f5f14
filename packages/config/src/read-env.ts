import { closest } from "./closest.ts";
import type { ConfigProblem } from "./config-error.ts";
import { type ConfigKey, ENV_PREFIX } from "./schema-keys.ts";

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One override found in the environment. */
export interface EnvOverride {
  readonly key: ConfigKey;
  readonly value: unknown;
}

/** Names with our prefix that are not configuration: the file to read, and what tests pass to their processes. */
const RESERVED = /^ROCKPOOL_(CONFIG$|TEST_)/;
/** Kubernetes adds these to every pod beside a service named rockpool-…; refusing to start over them helps nobody. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP)(_\w+)?)$/;

/**
 * The overrides that `env` holds for `keys`, and its problems: a name of ours that neither `keys` nor
 * `otherNames` (the other program's variables; both may share one environment) has, or a value of the wrong type.
 */
export function readEnvironment(
  env: Environment,
  keys: readonly ConfigKey[],
  otherNames: ReadonlySet<string>,
): { overrides: EnvOverride[]; problems: ConfigProblem[] } {
  const byName = new Map(keys.flatMap((key) => (key.env === null ? [] : [[key.env, key]])));
  const overrides: EnvOverride[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX)) continue;
    const key = byName.get(name);
    if (key !== undefined) {
      const value = coerce(text, key.type);
      if (value === undefined)
        problems.push({ key: name, problem: `is not ${WANTED[key.type]}`, fix: fixFor(key) });
      else overrides.push({ key, value });
    } else if (!otherNames.has(name) && !RESERVED.test(name) && !SERVICE_LINK.test(name)) {
      problems.push({ key: name, problem: "no such setting", fix: fixUnknown(name, [...byName.keys()]) });
    }
  }
  return { overrides, problems };
}

const WANTED = {
  string: "text",
  integer: "a whole number",
  boolean: "true or false",
  array: "a JSON array",
} as const;

function fixFor(key: ConfigKey): string {
  return `set it to ${WANTED[key.type]}${key.range === "" ? "" : ` (${key.range})`}, or unset it`;
}

function fixUnknown(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near === null ? "unset it" : `did you mean ${near}?`;
}

/** `undefined` = the text is not of that type. */
function coerce(text: string, type: ConfigKey["type"]): unknown {
  switch (type) {
    case "string":
      return text;
    case "integer":
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "array":
      return parseArray(text);
  }
}

function parseArray(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    // The parser's message quotes the text, which holds passwords; the caller reports the type only.
    return undefined;
  }
}
