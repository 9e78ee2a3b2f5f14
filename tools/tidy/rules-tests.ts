import { listImports } from "./imports.ts";
import { isTestFile } from "./layers.ts";
import { matchesByLine, type Rule, typescriptFiles } from "./project.ts";

const WAITS = new RegExp(
  [
    // A promise that only time fulfils, in any of its spellings.
    String.raw`\bsetTimeout\s*\(\s*(?:\(\s*\)\s*=>\s*)?(?:resolve|done|res|r|fulfil|next)\b`,
    String.raw`\b(?:sleep|snooze|pause|delay|wait|sleepMs|delayMs|waitMs)\s*\(\s*[\d_]+\s*\)`,
    String.raw`\bawait\s+(?:setTimeout|sleep|snooze|pause|delay|wait)\s*\(`,
    String.raw`\bscheduler\s*\.\s*wait\b`,
    String.raw`\bAtomics\s*\.\s*wait\b`,
  ].join("|"),
  "gm",
);

const SWITCHED_OFF =
  /\b(?:test|it|describe|suite|bench)\s*(?:\.\s*\w+\s*)*\.\s*(?:skip|only|todo|skipIf|runIf|fails)\b|\bx(?:it|test|describe)\s*\(|\b(?:context|ctx|task)\s*\.\s*skip\s*\(/g;

/** Tests wait on conditions: time that is long enough here is too short elsewhere. */
export const waitInTestRule: Rule = {
  name: "wait-in-test",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (!isTestFile(file.path)) continue;
      for (const { line, match } of matchesByLine(file.masked.code, WAITS)) {
        yield { path: file.path, line, message: `${match[0].trim()}: wait on a condition, not on time` };
      }
      for (const { line, specifier } of listImports(file)) {
        if (!/^(node:)?timers\/promises$/.test(specifier)) continue;
        yield { path: file.path, line, message: `${specifier}: wait on a condition, not on time` };
      }
    }
  },
};

/** Every test runs, everywhere, or it proves nothing. */
export const switchedOffTestRule: Rule = {
  name: "switched-off-test",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      if (!isTestFile(file.path)) continue;
      for (const { line, match } of matchesByLine(file.masked.code, SWITCHED_OFF)) {
        yield { path: file.path, line, message: `${match[0]}: every test runs` };
      }
    }
  },
};
