/** Nothing in any of our protocols is nested deeper than five. */
const DEPTH_MAX = 32;
/** Values of a body; the most that a statement may have are 65,535 bind variables with two members each. */
const VALUES_MAX = 500_000;
/** A shorter text can do no harm. */
const HARMLESS_LENGTH = 4 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * `JSON.parse` for what strangers send: millions of brackets would stop the process for seconds and fill its memory, so
 * they are counted first. Throws a `SyntaxError` for them as for everything that is not JSON.
 */
export function parseBoundedJson(text: string, valuesMax: number = VALUES_MAX): unknown {
  if (text.length > HARMLESS_LENGTH) checkShape(text, valuesMax);
  return JSON.parse(text);
}

/** Reads no values, only where strings end and how much is nested and listed outside of them. */
function checkShape(text: string, valuesMax: number): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        break;
      default:
        break;
    }
    if (depth > DEPTH_MAX || values > valuesMax) throw new SyntaxError("nested or listed beyond all use");
  }
}

/** The place of the closing quote; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}
