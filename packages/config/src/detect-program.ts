import { EDGE_SCHEMA } from "./edge-schema.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { parseConfigText } from "./parse-text.ts";
import type { Environment } from "./read-env.ts";
import { listConfigKeys } from "./schema-keys.ts";

/** The programs that are configured. */
export type ProgramName = "edge" | "origin";

const SECTIONS: Readonly<Record<ProgramName, ReadonlySet<string>>> = {
  edge: new Set(Object.keys(EDGE_SCHEMA.shape)),
  origin: new Set(Object.keys(ORIGIN_SCHEMA.shape)),
};

/**
 * Whose configuration this is, by the sections that only one of the two has; without a file by the variables. `null` =
 * it could be either's, or is a mixture. Throws `ConfigError` when the text cannot be read.
 */
export function detectProgram(file: string | undefined, env: Environment): ProgramName | null {
  const edgeCount = file === undefined ? countVariables("edge", env) : countSections("edge", file);
  const originCount = file === undefined ? countVariables("origin", env) : countSections("origin", file);
  if (edgeCount === originCount) return null;
  return edgeCount > originCount ? "edge" : "origin";
}

/** Top-level sections of the file that the other program does not have. */
function countSections(name: ProgramName, file: string): number {
  const other = SECTIONS[otherOf(name)];
  return Object.keys(parseConfigText(file).data).filter(
    (section) => SECTIONS[name].has(section) && !other.has(section),
  ).length;
}

function countVariables(name: ProgramName, env: Environment): number {
  const others = variablesOf(otherOf(name));
  return Array.from(variablesOf(name)).filter(
    (variable) => !others.has(variable) && (env[variable] ?? env[`${variable}_FILE`]) !== undefined,
  ).length;
}

function variablesOf(name: ProgramName): Set<string> {
  const keys = listConfigKeys(name === "edge" ? EDGE_SCHEMA : ORIGIN_SCHEMA);
  return new Set(keys.flatMap(({ env }) => env ?? []));
}

function otherOf(name: ProgramName): ProgramName {
  return name === "edge" ? "origin" : "edge";
}
