export { buildCatalogue } from "./build-catalogue.ts";
export type {
  CatalogueData,
  CatalogueRoutine,
  CatalogueSchema,
  CatalogueTable,
  Reach,
} from "./catalogue.ts";
export {
  CATALOGUE_QUERIES,
  type CatalogueRows,
  type ColumnRow,
  type ForeignKeyRow,
  type ParameterRow,
  type RoutineRow,
  type TableRow,
  type TriggerRow,
  type ViewRow,
} from "./catalogue-rows.ts";
export {
  type Catalogue,
  createCatalogue,
  isSystemSchema,
  type RoutineEntry,
  type TableEntry,
} from "./catalogue-index.ts";
export {
  type Analyser,
  type AnalyserOptions,
  type AnalysisContext,
  createAnalyser,
  LEXED_CHARS_MAX,
} from "./create-analyser.ts";
export {
  decideRefusal,
  isLimited,
  type RightsRefusal,
  rightOf,
  visibilityOf,
} from "./decide-refusal.ts";
export type {
  BypassReason,
  PinReason,
  ReadPlan,
  RightsFacts,
  StatementFacts,
  StatementKind,
  VirtualSet,
} from "./facts.ts";
export { type Lexed, type LexOptions, lex, PLAIN_LEX } from "./lex.ts";
export { formatLogTemplate, type LogTemplateContext, readOperation } from "./log-template.ts";
export { type ParsedSet, parseSet } from "./parse-set.ts";
export { formatTemplate } from "./template.ts";
export type { Token, TokenKind } from "./token.ts";
export {
  applyVirtualSets,
  describeVirtualSets,
  formatVirtualSets,
  isTransparentCharset,
  VIRTUAL_SETS_MAX,
  type VirtualState,
} from "./virtual-sets.ts";
