import {
  CONFIG_PAGE,
  createGeneratedPagesRule,
  DASHBOARD_PAGE,
  ERROR_PAGE,
  METRICS_PAGE,
  RULES_PAGE,
} from "./generated-pages.ts";
import type { Rule } from "./project.ts";
import { deepImportsRule } from "./rule-deep-imports.ts";
import { docPathsRule } from "./rule-doc-paths.ts";
import { layersRule } from "./rule-layers.ts";
import { pureRule } from "./rule-pure.ts";
import { listedReasonsRule, readmeRule, typecheckedRule } from "./rules-packages.ts";
import {
  barrelRule,
  castReasonRule,
  defaultExportRule,
  docCommentRule,
  fileLengthRule,
  fileLengthWarningRule,
  fileNameRule,
} from "./rules-source.ts";
import { switchedOffTestRule, waitInTestRule } from "./rules-tests.ts";
import { machinePathRule, openMarkerRule } from "./rules-texts.ts";

/** All rules of `tools/tidy.ts`. The length of functions is left to oxlint, which has a real parser. */
export const RULES: readonly Rule[] = [
  layersRule,
  deepImportsRule,
  pureRule,
  defaultExportRule,
  barrelRule,
  docCommentRule,
  castReasonRule,
  fileLengthRule,
  fileLengthWarningRule,
  fileNameRule,
  waitInTestRule,
  switchedOffTestRule,
  openMarkerRule,
  machinePathRule,
  readmeRule,
  typecheckedRule,
  listedReasonsRule,
  docPathsRule,
  createGeneratedPagesRule([CONFIG_PAGE, ERROR_PAGE, METRICS_PAGE, RULES_PAGE, DASHBOARD_PAGE]),
];
