import type { Finding, ProjectFile, ProjectFiles, Rule } from "./project.ts";

/** A finding with what decides how it counts. */
export interface Verdict extends Finding {
  readonly rule: string;
  readonly severity: "error" | "warning";
}

/**
 * Every finding of every rule, in the order of paths and lines. A comment `tidy-allow RULE: reason` on the line of
 * a finding, on the line above, or in the first lines of a file for findings about all of it, exempts it.
 */
export function runRules(rules: readonly Rule[], files: ProjectFiles): Verdict[] {
  const verdicts = rules.flatMap((rule) =>
    Array.from(rule.check(files))
      .filter((finding) => !isAllowed(rule.name, finding, files.get(finding.path)))
      .map((finding) => ({ ...finding, rule: rule.name, severity: rule.severity ?? "error" })),
  );
  return verdicts.toSorted((left, right) => left.path.localeCompare(right.path) || left.line - right.line);
}

/** `path:line rule: message`. */
export function formatVerdict({ path, line, rule, severity, message }: Verdict): string {
  const place = line === 0 ? path : `${path}:${line}`;
  return `${severity === "warning" ? "warning " : ""}${place} ${rule}: ${message}`;
}

/** How far from the top an exemption of a whole file may stand. */
const HEADER_LINES = 5;

function isAllowed(rule: string, { line }: Finding, file: ProjectFile | undefined): boolean {
  if (file === undefined) return false;
  const lines = file.text.split("\n");
  const near = line === 0 ? lines.slice(0, HEADER_LINES) : lines.slice(Math.max(0, line - 2), line);
  return near.some((text) => new RegExp(String.raw`tidy-allow ${rule}: \S`).test(text));
}
