import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { ConfigError, type ConfigProblem } from "./config-error.ts";

/** A configuration file as plain data, and where in the text it came from. */
export interface ConfigText {
  readonly data: Record<string, unknown>;
  /** The line, from 1, on which the setting stands, or the nearest section around it; `null` = nowhere in the text. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

/** 10,000 logins with everything that can be said of them are about 5 million characters. */
const TEXT_MAX_LENGTH = 16 * 1024 * 1024;
/** Values that aliases may stand for altogether; more is a bomb. */
const ALIASES_MAX = 100;

/**
 * Reads a configuration file: one YAML 1.2 document, of which JSON is a part. The one place that knows the format.
 * Throws `ConfigError`, which gives the position of a mistake but never quotes the text (it holds passwords).
 */
export function parseConfigText(text: string): ConfigText {
  if (text.length > TEXT_MAX_LENGTH) refuse("the file is too long", `keep it below ${TEXT_MAX_LENGTH} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // The parser must not print: its warnings quote the text.
    logLevel: "error",
  });
  const first = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    const [problem, fix] = SYNTAX[first.code] ?? ["is not valid YAML", "correct the syntax there"];
    throw new ConfigError([{ key: "", problem: `line ${line} column ${col} ${problem}`, fix }]);
  }
  const data = plainData(document);
  return { data, lineOf: (path) => findLine(document, lines, path) };
}

/** What the parser's codes mean to the author of a configuration; its own sentences may quote the text. */
const SYNTAX: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  DUPLICATE_KEY: ["repeats a setting of the same section", "keep one of the two"],
  TAB_AS_INDENT: ["is indented with a tab", "indent with spaces"],
  BAD_INDENT: ["is indented wrongly", "indent all settings of a section by the same number of spaces"],
  BLOCK_AS_IMPLICIT_KEY: [
    "is indented wrongly, or has two colons",
    "indent all settings of a section alike; put a value that contains ': ' in quotes",
  ],
  MULTILINE_IMPLICIT_KEY: ["is not a setting", "write `name: value`, with a space behind the colon"],
  MISSING_CHAR: ["lacks a colon, a comma, a bracket or a quote", "add it"],
  BAD_SCALAR_START: [
    "has a value that begins with a character of YAML's own",
    "put the value in single quotes",
  ],
  TAG_RESOLVE_FAILED: [
    "has a value that begins with an exclamation mark",
    "put the value in single quotes; tags are not used here",
  ],
  BAD_DQ_ESCAPE: ["has an unknown escape in double quotes", "use single quotes, or double the backslash"],
  MULTIPLE_DOCS: ["begins a second document", "put all settings into one"],
  NON_STRING_KEY: ["has a setting whose name is not text", "write a plain name"],
  RESOURCE_EXHAUSTION: ["is nested too deeply", "no setting is nested deeper than five levels"],
  UNEXPECTED_TOKEN: [
    "has something where nothing belongs",
    "check commas and quotes; put a value with special characters in single quotes",
  ],
};

function plainData(document: Document): Record<string, unknown> {
  const value = toPlain(document);
  if (value === null || value === undefined) {
    return refuse("the file is empty", "put settings into it, or start without --config");
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    return refuse("the file is not a list of settings", "write `name: value` lines, or one JSON object");
  }
  return { ...value };
}

function toPlain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch {
    // Only aliases can fail here, and the error quotes their names, which may be the beginning of a password.
    return refuse(
      "an alias (a value that begins with *) has no anchor, or aliases repeat each other without end",
      "put a value that begins with * in single quotes",
    );
  }
}

function refuse(problem: ConfigProblem["problem"], fix: ConfigProblem["fix"]): never {
  throw new ConfigError([{ key: "", problem, fix }]);
}

function findLine(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents;
  let line: number | null = null;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    let place: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      place = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      place = node.items[Number(part)];
      node = place;
    }
    const start = startOf(place);
    if (start === null) return line;
    line = lines.linePos(start).line;
  }
  return line;
}

function startOf(node: unknown): number | null {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? null) : null;
}
