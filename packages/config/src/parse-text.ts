import { ConfigError } from "./config-error.ts";

/**
 * A configuration file's text as plain data. The one place that knows the file format: JSON.
 * Throws `ConfigError`, which gives the position of a mistake but never quotes the text (it holds passwords).
 */
export function parseConfigText(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError([
      { key: "", problem: "the file is not a JSON object", fix: "start it with { and end it with }" },
    ]);
  }
  return { ...value };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const where = error instanceof Error ? /\(?line \d+ column \d+\)?/.exec(error.message)?.[0] : undefined;
    const problem = `the file is not valid JSON${where === undefined ? "" : ` at ${where.replaceAll(/[()]/g, "")}`}`;
    throw new ConfigError([
      { key: "", problem, fix: "correct the syntax there; comments and trailing commas are not JSON" },
    ]);
  }
}
