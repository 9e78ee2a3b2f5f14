import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ERROR_TABLE } from "../../packages/base/src/index.ts";
import { formatConfigReference } from "../../packages/config/src/index.ts";
import { formatDashboard } from "../monitoring/dashboard.ts";
import { formatMetricsPage } from "../monitoring/format-metrics-page.ts";
import { formatRules } from "../monitoring/format-rules.ts";
import { listMetrics } from "../monitoring/metric-list.ts";
import { formatErrorPage } from "./format-error-page.ts";
import type { Rule } from "./project.ts";

/** A page of the documentation that the sources write. */
export interface GeneratedPage {
  /** From the root. */
  readonly path: string;
  /** The command that writes it. */
  readonly command: string;
  readonly produce: () => string;
}

/** Every key an operator can set. */
export const CONFIG_PAGE: GeneratedPage = {
  path: "docs/operations/config.md",
  command: "node tools/gen-config-docs.ts",
  produce: formatConfigReference,
};

/** Every error Rockpool makes itself. */
export const ERROR_PAGE: GeneratedPage = {
  path: "docs/errors.md",
  command: "node tools/gen-error-docs.ts",
  produce: () => formatErrorPage(ERROR_TABLE),
};

/** Every metric, and what to make of it. */
export const METRICS_PAGE: GeneratedPage = {
  path: "docs/operations/metrics.md",
  command: "node tools/gen-metrics-docs.ts",
  produce: () => formatMetricsPage(listMetrics()),
};

/** Recording and alerting rules for Prometheus. */
export const RULES_PAGE: GeneratedPage = {
  path: "infra/prometheus/rules.yaml",
  command: METRICS_PAGE.command,
  produce: formatRules,
};

/** The dashboard for Grafana. */
export const DASHBOARD_PAGE: GeneratedPage = {
  path: "infra/grafana/rockpool.json",
  command: METRICS_PAGE.command,
  produce: formatDashboard,
};

/** Committed pages say what the sources say. */
export function createGeneratedPagesRule(pages: readonly GeneratedPage[]): Rule {
  return {
    name: "generated-page",
    *check(files) {
      for (const { path, command, produce } of pages) {
        if (files.get(path)?.text !== produce()) yield { path, line: 0, message: `is stale: run ${command}` };
      }
    },
  };
}

/**
 * The whole of a generator script: writes `page` below `root`, or with `--check` compares. Returns the exit code
 * and what to print.
 */
export function runGenerator(
  page: GeneratedPage,
  root: string,
  args: readonly string[],
): { code: number; said: string } {
  const path = join(root, page.path);
  const text = page.produce();
  if (args.includes("--check")) {
    const same = readIfThere(path) === text;
    return same
      ? { code: 0, said: `${page.path} is up to date` }
      : { code: 1, said: `${page.path} is stale: run ${page.command}` };
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return { code: 0, said: `wrote ${page.path}` };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not there yet is the same as stale.
    return null;
  }
}
