import type { z } from "zod";
import { closest } from "./closest.ts";
import type { ConfigProblem } from "./config-error.ts";
import { type ConfigKey, envNameOf } from "./schema-keys.ts";

/** zod's issues as problems that name the key and the fix. Configured values are never repeated. */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  keys: readonly ConfigKey[],
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((name) => unknownKey(issue.path, name, keys));
    return [explain(issue, keys)];
  });
}

function explain(issue: z.core.$ZodIssue, keys: readonly ConfigKey[]): ConfigProblem {
  const path = dotted(issue.path);
  const known = keys.find((key) => key.path === generic(path));
  if (known === undefined)
    return { key: path, problem: "is missing or not an object", fix: fixForSection(path, keys) };
  return { key: path, problem: problemOf(issue, known), fix: fixOf(known) };
}

function problemOf(issue: z.core.$ZodIssue, key: ConfigKey): string {
  switch (issue.code) {
    case "invalid_type":
      return key.required && issue.message.endsWith("received undefined")
        ? "is required"
        : `is not ${article(key.type)}`;
    case "too_small":
      return "is too small or too short";
    case "too_big":
      return "is too large or too long";
    case "invalid_value":
      return "is not one of the allowed values";
    case "invalid_format":
      return issue.message.startsWith("must ") ? issue.message : "has the wrong form";
    default:
      return "cannot be used";
  }
}

function fixOf(key: ConfigKey): string {
  const allowed = key.range === "" ? article(key.type) : key.range;
  const env = key.env === null ? "" : ` or ${key.env}`;
  return `set ${key.path}${env} to ${allowed}. ${key.meaning}`;
}

function fixForSection(path: string, keys: readonly ConfigKey[]): string {
  const inside = keys.filter(
    (key) => key.path.startsWith(`${generic(path)}.`) || key.path.startsWith(`${generic(path)}[].`),
  );
  const required = inside.filter((key) => key.required && key.env !== null);
  const wanted = (required.length > 0 ? required : inside).map((key) => key.path).join(", ");
  return `give an object with ${wanted}${required.length > 0 ? ` (or the variables ${required.map((key) => envNameOf(key.path)).join(", ")})` : ""}`;
}

function unknownKey(at: readonly PropertyKey[], name: string, keys: readonly ConfigKey[]): ConfigProblem {
  const parent = generic(dotted(at));
  const prefix = parent === "" ? "" : `${parent}.`;
  const siblings = keys
    .filter((key) => key.path.startsWith(prefix))
    .map((key) => key.path.slice(prefix.length).split(/\.|\[\]/)[0] ?? "");
  const near = closest(name, [...new Set(siblings)]);
  return {
    key: dotted([...at, name]),
    problem: "no such setting",
    fix:
      near === null
        ? `remove it; known here: ${[...new Set(siblings)].join(", ")}`
        : `did you mean ${prefix}${near}?`,
  };
}

function article(type: ConfigKey["type"]): string {
  return { string: "text", integer: "a whole number", boolean: "true or false", array: "a list" }[type];
}

/** `["logins", 0, "name"]` → `logins[0].name`. */
function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/** `logins[0].name` → `logins[].name`, the spelling of `ConfigKey.path`. */
function generic(path: string): string {
  return path.replaceAll(/\[\d+\]/g, "[]");
}
