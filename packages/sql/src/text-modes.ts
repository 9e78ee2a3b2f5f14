/** What a session's `sql_mode` means for reading its statements (CORRECTNESS R16). */
export interface TextModes {
  /** False when the mode text itself, or a mode in it, is one we do not know: then no statement can be read for certain. */
  readonly readable: boolean;
  /** True when no mode changes how text is read: the only case in which reads are cached. */
  readonly harmless: boolean;
  readonly noBackslashEscapes: boolean;
  readonly ansiQuotes: boolean;
  /** Short text that is equal for modes that read alike; part of the plan key. */
  readonly className: string;
}

const HARMLESS = new Set(
  (
    "ALLOW_INVALID_DATES EMPTY_STRING_IS_NULL ERROR_FOR_DIVISION_BY_ZERO NO_AUTO_CREATE_USER " +
    "NO_AUTO_VALUE_ON_ZERO NO_DIR_IN_CREATE NO_ENGINE_SUBSTITUTION NO_FIELD_OPTIONS NO_KEY_OPTIONS " +
    "NO_TABLE_OPTIONS NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY " +
    "PAD_CHAR_TO_FULL_LENGTH REAL_AS_FLOAT SIMULTANEOUS_ASSIGNMENT STRICT_ALL_TABLES STRICT_TRANS_TABLES " +
    "TIME_ROUND_FRACTIONAL TIME_TRUNCATE_FRACTIONAL TRADITIONAL"
  ).split(" "),
);

/** Modes that change the reading in a way the lexer knows, so that writes can still be understood. */
const UNDERSTOOD = new Set([
  "ANSI",
  "ANSI_QUOTES",
  "HIGH_NOT_PRECEDENCE",
  "IGNORE_SPACE",
  "NO_BACKSLASH_ESCAPES",
  "PIPES_AS_CONCAT",
]);

/** Reads a `sql_mode` text, e.g. `STRICT_TRANS_TABLES,ANSI_QUOTES`. `""` is harmless; what is not understood is unreadable. */
export function parseTextModes(text: string): TextModes {
  const modes = text
    .toUpperCase()
    .split(",")
    .map((mode) => mode.trim())
    .filter((mode) => mode !== "");
  const readable = modes.every((mode) => HARMLESS.has(mode) || UNDERSTOOD.has(mode));
  const harmless = modes.every((mode) => HARMLESS.has(mode));
  const noBackslashEscapes = modes.includes("NO_BACKSLASH_ESCAPES");
  const ansiQuotes = modes.includes("ANSI_QUOTES") || modes.includes("ANSI");
  const className = !readable
    ? "?"
    : harmless
      ? ""
      : `${noBackslashEscapes ? "b" : ""}${ansiQuotes ? "q" : ""}m`;
  return { readable, harmless, noBackslashEscapes, ansiQuotes, className };
}
