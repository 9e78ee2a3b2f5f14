import type { z } from "zod";
import { closest } from "./closest.ts";
import type { ConfigProblem } from "./config-error.ts";
import { type ConfigKey, envNameOf } from "./schema-keys.ts";
import { valueAt } from "./value-at.ts";

/** zod's issues about `data` as problems that name the key and the fix. Configured values are never repeated. */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  keys: readonly ConfigKey[],
  data: unknown,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((name) => unknownKey(issue.path, name, keys));
    return [explain(issue, keys, data)];
  });
}

function explain(issue: z.core.$ZodIssue, keys: readonly ConfigKey[], data: unknown): ConfigProblem {
  const path = dotted(issue.path);
  const value = valueAt(data, path);
  // An item of a plain list is explained by its list.
  const known = findKey(keys, generic(path)) ?? findKey(keys, generic(path).replace(/\[\]$/, ""));
  if (known === undefined) {
    const problem =
      value === null ? "is an empty section" : value === undefined ? "is missing" : "is not a section";
    return { key: path, problem, fix: fixForSection(path, keys) };
  }
  return { key: path, problem: problemOf(issue, known), fix: hintFor(known, value) + fixOf(known) };
}

function findKey(keys: readonly ConfigKey[], path: string): ConfigKey | undefined {
  return keys.find((key) => key.path === path);
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
    case "custom":
      return issue.message.startsWith("must ") ? issue.message : "has the wrong form";
    default:
      return "cannot be used";
  }
}

/** What the author probably did, where the value shows it. */
function hintFor(key: ConfigKey, value: unknown): string {
  if (key.type === "string" && ["number", "boolean"].includes(typeof value)) return "put it in quotes; ";
  if (key.type === "string" && value === null)
    return "give a value, in quotes if it begins with a special character; ";
  if (key.type === "integer" && typeof value === "string") return `write the number alone${unitOf(key)}; `;
  if (key.type === "boolean" && typeof value === "string") return "write true or false without quotes; ";
  if (key.type === "array" && typeof value === "string") return "write a list: [one, two]; ";
  return "";
}

function unitOf(key: ConfigKey): string {
  if (key.path.endsWith("Ms")) return ", in milliseconds, without a unit or quotes";
  if (key.path.endsWith("Bytes")) return ", in bytes, without a unit or quotes";
  return ", without quotes";
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
  return `give it settings (${wanted}), indented below it${required.length > 0 ? `, or the variables ${required.map((key) => envNameOf(key.path)).join(", ")}` : ""}`;
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
