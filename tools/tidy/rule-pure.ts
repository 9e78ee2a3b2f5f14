import { listImports } from "./imports.ts";
import { IMPURE_GLOBALS, IMPURE_MEMBERS, IMPURE_MODULES, isTestFile, layerOf } from "./layers.ts";
import { matchesByLine, type Rule, typescriptFiles } from "./project.ts";

const MEMBERS = IMPURE_MEMBERS.map(([object, member]) => String.raw`\b${object}\s*\.\s*${member}\b`);
/** A name that is neither a member (`x.process`), nor a key (`process:`), nor part of a longer one. */
const GLOBALS = IMPURE_GLOBALS.map((name) => String.raw`(?<![.\w$#"])${name}(?![\w$]|\??\s*:)`);
const CALLS = new RegExp([...MEMBERS, ...GLOBALS, String.raw`\bnew\s+Date\s*\(\s*\)`].join("|"), "g");

/** The pure core gets time, randomness and IO as arguments. */
export const pureRule: Rule = {
  name: "pure",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (layerOf(file.path)?.pure !== true || isTestFile(file.path)) continue;
      for (const { line, match } of matchesByLine(file.masked.code, CALLS)) {
        yield { path: file.path, line, message: `${match[0]} in a pure package` };
      }
      for (const { line, specifier } of listImports(file)) {
        const module = specifier.replace(/^node:/, "").split("/")[0] ?? "";
        if (IMPURE_MODULES.includes(module))
          yield { path: file.path, line, message: `${specifier} in a pure package` };
      }
    }
  },
};
