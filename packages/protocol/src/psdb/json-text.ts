const NOT_ASCII = /[\u0080-\uffff]/g;

/**
 * A JSON string literal of ASCII characters only: everything else is escaped as `\uXXXX`. So every text this folder
 * makes has as many bytes as characters, stays a one-byte string in memory, and can be written as latin1.
 */
export function encodeJsonText(text: string): string {
  return JSON.stringify(text).replace(NOT_ASCII, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
