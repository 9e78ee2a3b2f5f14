import { matchesByLine, type ProjectFiles, type Rule } from "./project.ts";

/** A path of ours between backticks; with a blank or a placeholder in it, it is something else. */
const PATH = /`((?:packages|apps|tools|benchmarks|docs|infra|\.ci)\/[\w./-]*)`/g;

/** Pages that name a file name one that is there. */
export const docPathsRule: Rule = {
  name: "doc-paths",
  *check(files) {
    for (const { path, text } of files.values()) {
      if (!path.endsWith(".md")) continue;
      for (const { line, match } of matchesByLine(text, PATH)) {
        const target = (match[1] ?? "").replace(/\/$/, "");
        if (!exists(files, target)) yield { path, line, message: `${target} is not there` };
      }
    }
  },
};

function exists(files: ProjectFiles, target: string): boolean {
  if (files.has(target)) return true;
  // Folders of test data are not read, so their names are taken on trust.
  if (/(^|\/)(testdata|bin|dist)(\/|$)/.test(target)) return true;
  for (const path of files.keys()) if (path.startsWith(`${target}/`)) return true;
  return false;
}
