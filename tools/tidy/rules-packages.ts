import { type Finding, type ProjectFiles, type Rule, typescriptFiles } from "./project.ts";

const README_LINES_MAX = 90;

/** Each member of the workspace says on one screen what it is for. */
export const readmeRule: Rule = {
  name: "readme",
  *check(files) {
    for (const folder of memberFolders(files)) {
      const path = `${folder}/README.md`;
      const text = files.get(path)?.text;
      if (text === undefined) yield { path, line: 0, message: "is missing" };
      else if (text.trim().split("\n").length < 3) yield { path, line: 0, message: "says nothing" };
      else if (folder.startsWith("packages/") && text.split("\n").length > README_LINES_MAX) {
        yield { path, line: 0, message: `is longer than ${README_LINES_MAX} lines` };
      }
    }
  },
};

/** The compiler sees every TypeScript file: each folder that holds some is in its member's tsconfig. */
export const typecheckedRule: Rule = {
  name: "typechecked",
  *check(files) {
    for (const folder of memberFolders(files)) {
      const path = `${folder}/tsconfig.json`;
      const text = files.get(path)?.text;
      if (text === undefined) {
        yield { path, line: 0, message: "is missing" };
        continue;
      }
      const config: { include?: readonly string[] } = JSON.parse(text);
      yield* uncovered(folder, path, config.include ?? [], files);
    }
  },
};

/** Bypass reasons and pin reasons are operators' words: each is explained in the README of the package. */
export const listedReasonsRule: Rule = {
  name: "listed-reasons",
  *check(files) {
    const source = files.get("packages/sql/src/facts.ts");
    const path = "packages/sql/README.md";
    const listed = files.get(path)?.text ?? "";
    for (const union of ["BypassReason", "PinReason"]) {
      const members = source === undefined ? [] : unionMembers(source.masked.codeWithStrings, union);
      if (members.length === 0)
        yield { path: "packages/sql/src/facts.ts", line: 0, message: `no union ${union} found` };
      for (const member of members) {
        if (!listed.includes(`\`${member}\``))
          yield { path, line: 0, message: `${union} \`${member}\` is not explained` };
      }
    }
  },
};

/** The string members of `export type NAME = "a" | "b";`. */
function unionMembers(code: string, name: string): string[] {
  const body = new RegExp(String.raw`export type ${name} =([^;]*);`).exec(code)?.[1] ?? "";
  return Array.from(body.matchAll(/"([^"]+)"/g), (match) => match[1] ?? "");
}

function* uncovered(
  folder: string,
  path: string,
  include: readonly string[],
  files: ProjectFiles,
): Iterable<Finding> {
  const tops = new Set<string>();
  for (const file of typescriptFiles(files)) {
    if (file.path.startsWith(`${folder}/`)) tops.add(file.path.slice(folder.length + 1).split("/")[0] ?? "");
  }
  for (const top of tops) {
    const covered = include.some(
      (entry) => entry === top || entry.startsWith(`${top}/`) || /^(\.|\*\*|\*\.ts)/.test(entry),
    );
    if (!covered) yield { path, line: 0, message: `does not include ${top}` };
  }
}

function memberFolders(files: ProjectFiles): string[] {
  return [...files.keys()].flatMap((path) => {
    const folder = /^((?:packages|apps)\/[^/]+|benchmarks|infra)\/package\.json$/.exec(path)?.[1];
    return folder === undefined ? [] : [folder];
  });
}
