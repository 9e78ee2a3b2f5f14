import type { Comment } from "./mask.ts";
import { isTestFile } from "./layers.ts";
import { matchesByLine, type ProjectFile, type Rule, typescriptFiles } from "./project.ts";

const LINES_WARN = 400;
const LINES_MAX = 600;
/** One header exempts a table or generated code from the linter's limit and from this one. */
const LONG_FILE_HEADER = /^\/[/*]+ oxlint-disable max-lines -- \S/m;

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|const|let|class|interface|type) +([\w$]+)/gm;

/** Only k6 scripts and configuration files are loaded by tools that want a default export. */
export const defaultExportRule: Rule = {
  name: "default-export",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (file.path.endsWith(".config.ts") || file.path.startsWith("benchmarks/load/")) continue;
      for (const { line } of matchesByLine(file.masked.code, /\bexport\s+default\b|\bas\s+default\b/g)) {
        yield { path: file.path, line, message: "default export: name it" };
      }
    }
  },
};

/** A barrel lists what it offers. */
export const barrelRule: Rule = {
  name: "barrel",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      for (const { line } of matchesByLine(file.masked.code, /^export\s+(type\s+)?\*/gm)) {
        yield { path: file.path, line, message: "export *: list the names" };
      }
    }
  },
};

/** Files beyond this are split, or carry the header of a table or generated code. */
export const fileLengthRule: Rule = {
  name: "file-length",
  *check(files) {
    for (const { path, count } of longFiles([...files.values()], LINES_MAX)) {
      yield { path, line: 0, message: `${count} lines, at most ${LINES_MAX}` };
    }
  },
};

/** An early word about files that grow. */
export const fileLengthWarningRule: Rule = {
  name: "file-length",
  severity: "warning",
  *check(files) {
    for (const { path, count } of longFiles([...files.values()], LINES_WARN)) {
      if (count <= LINES_MAX) yield { path, line: 0, message: `${count} lines: think of splitting it` };
    }
  },
};

/** What a package offers says what it promises. */
export const docCommentRule: Rule = {
  name: "doc-comment",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (isTestFile(file.path)) continue;
      const lines = file.text.split("\n");
      let previous = "";
      for (const { line, match } of matchesByLine(file.masked.code, DECLARATION)) {
        const name = match[2] ?? "";
        const isOverload = name === previous;
        previous = name;
        if (!isOverload && !endsDocComment(lines.slice(0, line - 1))) {
          yield { path: file.path, line, message: `export ${name} has no doc comment` };
        }
      }
    }
  },
};

/** How far above a cast its reason may stand. */
const REASON_ABOVE_LINES = 4;
/** Casts of one expression share a reason: each may follow the previous one at this distance. */
const SHARED_REASON_LINES = 6;

/** A cast overrules the compiler: a comment on the line, or just above, says why that is right. */
export const castReasonRule: Rule = {
  name: "cast-reason",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (isTestFile(file.path)) continue;
      const reasons = new Set(file.masked.comments.map(lastLineOf));
      let justified = Number.NEGATIVE_INFINITY;
      let reported = 0;
      for (const { line } of matchesByLine(
        withoutImports(file),
        /[\w)\]}"'`!] +as +(?!const\b)[\w({["'`]/g,
      )) {
        const near = Array.from({ length: REASON_ABOVE_LINES + 1 }, (_, above) => line - above);
        if (near.some((candidate) => reasons.has(candidate)) || line - justified <= SHARED_REASON_LINES) {
          justified = line;
        } else if (line !== reported) {
          reported = line;
          yield { path: file.path, line, message: "a cast without a comment that gives its reason" };
        }
      }
    }
  },
};

/** File names are kebab-case, so that one guess finds a file on every system. */
export const fileNameRule: Rule = {
  name: "file-name",
  *check(files) {
    for (const { path } of typescriptFiles(files)) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.ts$/.test(name))
        yield { path, line: 0, message: "is not kebab-case" };
    }
  },
};

function* longFiles(
  files: readonly ProjectFile[],
  limit: number,
): Generator<{ path: string; count: number }> {
  for (const { path, text } of files) {
    if (!/\.(ts|mjs|js|sh)$/.test(path)) continue;
    const count = text.split("\n").length - 1;
    if (count > limit && !LONG_FILE_HEADER.test(text.slice(0, 500))) yield { path, count };
  }
}

function endsDocComment(before: readonly string[]): boolean {
  const end = before.findLastIndex((line) => line.trim() !== "");
  if (end === -1 || !before[end]?.trimEnd().endsWith("*/")) return false;
  const start = before.slice(0, end + 1).findLastIndex((line) => line.includes("/*"));
  return before[start]?.trimStart().startsWith("/**") === true;
}

function lastLineOf({ line, text }: Comment): number {
  return line + text.split("\n").length - 1;
}

/** The code with `import { a as b }` and `export { a as b }` turned into blanks. */
function withoutImports(file: ProjectFile): string {
  return file.masked.code.replaceAll(/^(import|export)\s+(type\s+)?(\*|\{)[^;]*;/gm, (text) =>
    text.replaceAll(/[^\n]/g, " "),
  );
}
