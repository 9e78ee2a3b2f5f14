import type { BypassReason, VirtualSet } from "./facts.ts";
import { parseTextModes } from "./text-modes.ts";

/** Most assignments a session may carry: the allow-list is shorter, so it is never reached by honest means. */
export const VIRTUAL_SETS_MAX = 64;

/** What `SET NAMES` assigns, so that earlier assignments of these are void. */
const NAMES_VARIABLES = new Set([
  "character_set_client",
  "character_set_connection",
  "character_set_results",
  "collation_connection",
]);

/**
 * `current` after the assignments of `added`: a later assignment replaces the earlier one of its name and moves to the end,
 * so that replaying the list in order gives the session's state. `names` also replaces the variables it sets.
 */
export function applyVirtualSets(
  current: readonly VirtualSet[],
  added: readonly VirtualSet[],
): readonly VirtualSet[] {
  let list = [...current];
  for (const set of added) {
    list = list.filter(
      (old) => old.name !== set.name && !(set.name === "names" && NAMES_VARIABLES.has(old.name)),
    );
    list.push(set);
  }
  return list;
}

/** One SET statement that replays the list on a connection in its initial state; `""` for an empty list. */
export function formatVirtualSets(sets: readonly VirtualSet[]): string {
  if (sets.length === 0) return "";
  return `SET ${sets.map((set) => (set.name === "names" ? `NAMES ${set.value}` : `SESSION ${set.name} = ${set.value}`)).join(", ")}`;
}

/** What a list of virtual assignments means for reading and caching the session's statements. */
export interface VirtualState {
  /** The `sql_mode` it sets, for `AnalysisContext.modes`; `""` when it sets none. */
  readonly modes: string;
  /** Why no read of the session is cached, `null` = nothing stands against it. */
  readonly block: BypassReason | null;
  /** For `AnalysisContext.charsetUnsafe`. */
  readonly charsetUnsafe: boolean;
  /** The session's autocommit where the list sets it, else `null`. */
  readonly autocommit: boolean | null;
}

/** Reads the list; see `VirtualState`. */
export function describeVirtualSets(sets: readonly VirtualSet[]): VirtualState {
  const valueOf = (name: string): string | null => sets.findLast((set) => set.name === name)?.value ?? null;
  const modeValue = valueOf("sql_mode");
  const modes = modeValue === null || modeValue.toUpperCase() === "DEFAULT" ? "" : unquote(modeValue);
  const client =
    sets.findLast((set) => set.name === "names" || set.name === "character_set_client")?.value ?? "utf8mb4";
  const charset = unquote(client.split(" ")[0] ?? "").toLowerCase();
  const autocommit = valueOf("autocommit");
  return {
    modes,
    block: !UTF8_CHARSETS.has(charset)
      ? "charset-introducer"
      : parseTextModes(modes).harmless
        ? null
        : "sql-mode",
    charsetUnsafe: !isTransparentCharset(charset),
    autocommit:
      autocommit === null || autocommit === "DEFAULT"
        ? null
        : TRUE_WORDS.has(unquote(autocommit).toUpperCase()),
  };
}

const TRUE_WORDS = new Set(["1", "ON", "TRUE"]);
const UTF8_CHARSETS = new Set(["utf8", "utf8mb3", "utf8mb4", "ascii"]);
/** Character sets in which every ASCII byte is its ASCII character, also inside a longer character. */
const TRANSPARENT_CHARSETS = new Set(
  (
    "utf8 utf8mb3 utf8mb4 ascii binary latin1 latin2 latin5 latin7 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 " +
    "koi8r koi8u greek hebrew macce macroman geostd8 armscii8 keybcs2 tis620 ujis eucjpms euckr gb2312"
  ).split(" "),
);

/** False for character sets whose second bytes can look like quotes or backslashes (gbk, sjis, big5, cp932, gb18030), and unknown ones. */
export function isTransparentCharset(name: string): boolean {
  return TRANSPARENT_CHARSETS.has(name.toLowerCase());
}

function unquote(value: string): string {
  return value.startsWith("'") ? value.slice(1, -1) : value;
}
