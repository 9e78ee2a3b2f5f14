import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// All gates, then the fast tests. A failed gate does not hide what comes after it. Gates are scripts of package.json,
// run without a package manager around each, which costs more than the gate itself.
const GATES = ["format:check", "lint", "tidy", "typecheck", "knip"];

const root = join(import.meta.dirname, "..");
const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const passed: string[] = [];
const failed: string[] = [];
for (const gate of GATES) (succeeds(gate) ? passed : failed).push(gate);

const reportFolder = process.env["ROCKPOOL_TEST_REPORT_DIR"];
if (reportFolder !== undefined)
  writeFileSync(join(reportFolder, "gates-fast.json"), JSON.stringify({ passed, failed }));

const testsPassed = succeeds("test:fast");
process.stdout.write(
  `gates passed: ${passed.join(", ") || "none"}; failed: ${failed.join(", ") || "none"}\n`,
);
process.exitCode = failed.length === 0 && testsPassed ? 0 : 1;

function succeeds(name: string): boolean {
  const script = scripts[name];
  if (script === undefined) throw new Error(`package.json has no script ${name}`);
  const started = performance.now();
  const { status } = spawnSync(script, { cwd: root, shell: true, stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? "passed" : "FAILED"} ${name} (${seconds} s)\n`);
  return status === 0;
}
