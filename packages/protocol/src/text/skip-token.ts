import { RockpoolError } from "@rockpool/base";

const QUOTE_SINGLE = 0x27;
const QUOTE_DOUBLE = 0x22;
const QUOTE_BACK = 0x60;
const BACKSLASH = 0x5c;
const HASH = 0x23;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;
const EXECUTABLE = /^(?:!|[Mm]!)/;
/** Introducers of character sets in which a backslash can be the second byte of a character. */
const UNSAFE_INTRODUCER = /(?<![\w$\u0080-\uffff])_(?:gbk|gb18030|big5|sjis|cp932)(?![\w$\u0080-\uffff])/i;

/**
 * Where the text goes on after the string, quoted identifier, comment or single character at `at`; quotes are read as
 * MySQL does by default (backslash escapes). For whoever puts literals into a text: throws
 * `RockpoolError("unsupported-statement")` for an executable comment, whose end depends on the server.
 */
export function skipToken(query: string, at: number): number {
  switch (query.charCodeAt(at)) {
    case QUOTE_SINGLE:
    case QUOTE_DOUBLE:
      return skipString(query, at);
    case QUOTE_BACK:
      return skipPast(query, "`", at + 1);
    case HASH:
      return skipPast(query, "\n", at + 1);
    case DASH:
      return isDashComment(query, at) ? skipPast(query, "\n", at + 2) : at + 1;
    case SLASH:
      return query.charCodeAt(at + 1) === STAR ? skipBlockComment(query, at) : at + 1;
    default:
      return at + 1;
  }
}

/**
 * Throws `RockpoolError("unsupported-statement")` for a text that reads a string in a character set whose characters can
 * end in a backslash (`_gbk '…'`): a literal put behind it could end early.
 */
export function refuseUnsafeIntroducers(query: string): void {
  if (UNSAFE_INTRODUCER.test(query)) throw unsupported("values beside such a character set introducer");
}

/** MySQL wants a blank or a control character (or the end) behind the two dashes. */
function isDashComment(query: string, at: number): boolean {
  if (query.charCodeAt(at + 1) !== DASH) return false;
  const next = query.charCodeAt(at + 2);
  return Number.isNaN(next) || next <= 0x20 || next === 0x7f;
}

/**
 * Where an executable comment ends depends on the server's version and on what nests in it; a literal set behind a
 * wrong end would stand inside a comment or string, where its text could become SQL.
 */
function skipBlockComment(query: string, at: number): number {
  if (EXECUTABLE.test(query.slice(at + 2, at + 4))) throw unsupported("values beside an executable comment");
  return skipPast(query, "*/", at + 2);
}

/** A doubled quote reads as the end of one string and the start of the next, which comes to the same. */
function skipString(query: string, start: number): number {
  const quote = query.charCodeAt(start);
  for (let at = start + 1; at < query.length; at++) {
    const unit = query.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === quote) return at + 1;
  }
  return query.length;
}

function skipPast(query: string, end: string, from: number): number {
  const found = query.indexOf(end, from);
  return found < 0 ? query.length : found + end.length;
}

function unsupported(reason: string): RockpoolError {
  return new RockpoolError("unsupported-statement", { context: { reason } });
}
