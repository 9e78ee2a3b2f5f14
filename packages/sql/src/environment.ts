import type { Catalogue } from "./catalogue-index.ts";
import type { TextModes } from "./text-modes.ts";

/** What a statement is read against. */
export interface Environment {
  /** `null` = the origin has not published one: nothing is known. */
  readonly catalogue: Catalogue | null;
  readonly defaultSchema: string | null;
  readonly modes: TextModes;
}
