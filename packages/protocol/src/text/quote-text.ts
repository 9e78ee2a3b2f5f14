const ESCAPES: Readonly<Record<string, string>> = {
  "'": "''",
  "\\": "\\\\",
  "\0": "\\0",
  "\n": "\\n",
  "\r": "\\r",
};
const QUOTED_SPECIALS = /['\\\0\n\r]/g;

/** The SQL string literal of a text, for a server that reads backslash escapes; no text can end it, even for one that does not. */
export function quoteText(text: string): string {
  return `'${text.replace(QUOTED_SPECIALS, escapeSpecial)}'`;
}

function escapeSpecial(special: string): string {
  return ESCAPES[special] ?? special;
}
