import { closest } from "./closest.ts";
import type { ConfigProblem } from "./config-error.ts";
import { describeReadFailure, type ReadFile } from "./read-file.ts";
import { type ConfigKey, ENV_PREFIX } from "./schema-keys.ts";

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One override found in the environment. */
export interface EnvOverride {
  readonly key: ConfigKey;
  readonly value: unknown;
  /** The variable it came from. */
  readonly variable: string;
}

/** What the environment says. */
export interface EnvReading {
  readonly overrides: readonly EnvOverride[];
  readonly problems: readonly ConfigProblem[];
}

/** Behind a variable's name: its value is the content of the file that this one names. */
const FILE_SUFFIX = "_FILE";
/** Names with our prefix that are not configuration: the file to read, and what tests pass to their processes. */
const RESERVED = /^ROCKPOOL_(CONFIG$|TEST_)/;
/** Kubernetes adds these to every pod beside a service named rockpool-…; refusing to start over them helps nobody. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP)(_\w+)?)$/;

/**
 * The overrides that `env` holds for `keys`, and its problems: a name of ours that neither `keys` nor
 * `otherNames` (the other program's variables; both may share one environment) has, a value of the wrong type, a
 * `…_FILE` that cannot be read or stands beside the variable itself.
 */
export function readEnvironment(
  env: Environment,
  keys: readonly ConfigKey[],
  otherNames: ReadonlySet<string>,
  readFile: ReadFile,
): EnvReading {
  const byName = new Map(keys.flatMap((key) => (key.env === null ? [] : [[key.env, key]])));
  const overrides: EnvOverride[] = [];
  const problems: ConfigProblem[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(ENV_PREFIX)) continue;
    const found = findKey(variable, byName);
    if (found === null) {
      if (isForeign(variable, otherNames)) continue;
      problems.push({
        key: variable,
        problem: "no such setting",
        fix: fixUnknown(variable, [...byName.keys()]),
      });
      continue;
    }
    const { key, isFile } = found;
    const outcome =
      isFile && env[key.env ?? ""] !== undefined
        ? givenTwice(variable, key)
        : readValue(variable, text, key, isFile ? readFile : null);
    if ("problem" in outcome) problems.push(outcome);
    else overrides.push(outcome);
  }
  return { overrides, problems };
}

function findKey(
  variable: string,
  byName: ReadonlyMap<string, ConfigKey>,
): { key: ConfigKey; isFile: boolean } | null {
  const key = byName.get(variable);
  if (key !== undefined) return { key, isFile: false };
  const named = variable.endsWith(FILE_SUFFIX)
    ? byName.get(variable.slice(0, -FILE_SUFFIX.length))
    : undefined;
  return named === undefined ? null : { key: named, isFile: true };
}

function isForeign(variable: string, otherNames: ReadonlySet<string>): boolean {
  const other = variable.endsWith(FILE_SUFFIX) ? variable.slice(0, -FILE_SUFFIX.length) : variable;
  return (
    otherNames.has(variable) ||
    otherNames.has(other) ||
    RESERVED.test(variable) ||
    SERVICE_LINK.test(variable)
  );
}

function givenTwice(variable: string, key: ConfigKey): ConfigProblem {
  return { key: variable, problem: `is given, and ${key.env} too`, fix: "unset one of the two" };
}

function readValue(
  variable: string,
  text: string,
  key: ConfigKey,
  readFile: ReadFile | null,
): EnvOverride | ConfigProblem {
  let content = text;
  if (readFile !== null) {
    try {
      content = readFile(text).replace(/\r?\n$/, "");
    } catch (error) {
      return {
        key: variable,
        problem: describeReadFailure(error),
        fix: `let it name a file that holds ${key.path}`,
      };
    }
  }
  const value = coerce(content, key);
  if (value === undefined) return { key: variable, problem: `is not ${wanted(key)}`, fix: fixFor(key) };
  return { key, value, variable };
}

function wanted(key: ConfigKey): string {
  if (key.type !== "array")
    return { string: "text", integer: "a whole number", boolean: "true or false" }[key.type];
  return key.isTextList ? "a JSON array or a list separated by commas" : "a JSON array";
}

function fixFor(key: ConfigKey): string {
  return `set it to ${wanted(key)}${key.range === "" ? "" : ` (${key.range})`}, or unset it`;
}

function fixUnknown(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near === null ? "unset it" : `did you mean ${near}?`;
}

/** `undefined` = the text is not of that type. */
function coerce(text: string, key: ConfigKey): unknown {
  switch (key.type) {
    case "string":
      return text;
    case "integer":
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "array":
      return key.isTextList && !text.trimStart().startsWith("[") ? splitList(text) : parseArray(text);
  }
}

function splitList(text: string): string[] {
  return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
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
