import type { RawColumn, StatementEnd } from "@rockpool/base";

/** Lists, and ends, that are remembered; when there are more, all are forgotten and made known anew. */
const LISTS_MAX = 4_096;
const ENDS_MAX = 256;
/** A list whose definitions are longer than this in all is not looked up: few answers would share it. */
const DEFINITIONS_MAX_BYTES = 64 * 1024;

/**
 * Lets answers of one shape share what is the same in them. Five columns take 1.4 KB of heap as objects of their own,
 * which is more than the rows of a typical answer.
 */
export class SharedParts {
  readonly #lists = new Map<string, readonly RawColumn[]>();
  readonly #ends = new Map<number, StatementEnd>();

  /** The list that is known with this content; `columns` itself when it is the first. */
  columns(columns: readonly RawColumn[]): readonly RawColumn[] {
    const text = describe(columns);
    if (text === null) return columns;
    const known = this.#lists.get(text);
    if (known !== undefined) return known;
    if (this.#lists.size >= LISTS_MAX) this.#lists.clear();
    this.#lists.set(text, columns);
    return columns;
  }

  /** The same for the end of a result, of which only the status ever differs. */
  end(end: StatementEnd): StatementEnd {
    const { status, warnings, affectedRows, insertId, info } = end;
    if (warnings !== 0 || affectedRows !== 0n || insertId !== 0n || info !== "") return end;
    const known = this.#ends.get(status);
    if (known !== undefined) return known;
    if (this.#ends.size >= ENDS_MAX) this.#ends.clear();
    this.#ends.set(status, end);
    return end;
  }
}

/** All bytes of a list, unambiguously; null = too long. */
function describe(columns: readonly RawColumn[]): string | null {
  let text = "";
  for (const { definition, json } of columns) {
    if (text.length + definition.length > DEFINITIONS_MAX_BYTES) return null;
    text += `${definition.length}${json ? "j" : ":"}${latin1Of(definition)}`;
  }
  return text;
}

/** Bytes as a string of as many units: on the heap, and a fraction of what a small typed array costs. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
