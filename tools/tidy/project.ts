import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { type MaskedSource, maskSource } from "./mask.ts";

/** One text file of the repository. */
export interface ProjectFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Taken apart on first use; only for TypeScript and JavaScript. */
  readonly masked: MaskedSource;
}

/** What a rule found. */
export interface Finding {
  readonly path: string;
  /** 1-based; 0 = the whole file. */
  readonly line: number;
  readonly message: string;
}

/** One rule: a name for its exemptions, and a search over the whole repository. */
export interface Rule {
  readonly name: string;
  /** `warning` does not fail the run; default `error`. */
  readonly severity?: "error" | "warning";
  check(files: ProjectFiles): Iterable<Finding>;
}

/** All files, by path. */
export type ProjectFiles = ReadonlyMap<string, ProjectFile>;

/** Folders that hold nothing of ours. */
const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "coverage", "testdata", "bin", "test-results"]);
const TEXT_TYPES = new Set([
  ".ts",
  ".mjs",
  ".js",
  ".json",
  ".md",
  ".yaml",
  ".yml",
  ".sh",
  ".toml",
  ".sql",
  ".conf",
  ".service",
  ".example",
  "",
]);
const SKIPPED_FILES = new Set(["pnpm-lock.yaml"]);
const TEXT_MAX_BYTES = 1024 * 1024;

/** Reads every text file below `root` that could be ours. */
export function loadProject(root: string): ProjectFiles {
  const files: ProjectFile[] = [];
  visit(root, "", files);
  return new Map(files.map((file) => [file.path, file]));
}

/** A project out of nothing but texts: for planting violations. */
export function createProject(texts: Readonly<Record<string, string>>): ProjectFiles {
  return new Map(Object.entries(texts).map(([path, text]) => [path, createFile(path, text)]));
}

/** The TypeScript files of a project. */
export function typescriptFiles(files: ProjectFiles): ProjectFile[] {
  return [...files.values()].filter(({ path }) => path.endsWith(".ts"));
}

/** Every match of `pattern` (with the `g` flag) in `text`, with its line. */
export function* matchesByLine(
  text: string,
  pattern: RegExp,
): Generator<{ line: number; match: RegExpExecArray }> {
  let line = 1;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    line += text.slice(from, match.index).split("\n").length - 1;
    from = match.index;
    yield { line, match };
  }
}

function createFile(path: string, text: string): ProjectFile {
  let masked: MaskedSource | undefined;
  return {
    path,
    text,
    get masked() {
      masked ??= maskSource(text);
      return masked;
    },
  };
}

function visit(root: string, folder: string, files: ProjectFile[]): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      const hidden = entry.name.startsWith(".") && entry.name !== ".ci" && entry.name !== ".github";
      if (!hidden && !SKIPPED_FOLDERS.has(entry.name)) visit(root, path, files);
    } else if (entry.isFile() && TEXT_TYPES.has(extname(entry.name)) && !SKIPPED_FILES.has(entry.name)) {
      const bytes = readFileSync(join(root, path));
      if (bytes.length <= TEXT_MAX_BYTES) files.push(createFile(path, bytes.toString("utf8")));
    }
  }
}
