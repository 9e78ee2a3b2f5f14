import { loadProject } from "./tidy/project.ts";
import { RULES } from "./tidy/rules.ts";
import { formatVerdict, runRules } from "./tidy/run-rules.ts";

// The house rules that no compiler and no linter knows. `node tools/tidy.ts [PATH]` shows only findings below PATH.
const files = loadProject(`${import.meta.dirname}/..`);
const below = process.argv[2] ?? "";
const verdicts = runRules(RULES, files).filter(({ path }) => path.startsWith(below));
const errorCount = verdicts.filter(({ severity }) => severity === "error").length;
for (const verdict of verdicts) process.stdout.write(`${formatVerdict(verdict)}\n`);
process.stdout.write(
  `tidy: ${files.size} files, ${errorCount} errors, ${verdicts.length - errorCount} warnings\n`,
);
process.exitCode = errorCount > 0 ? 1 : 0;
