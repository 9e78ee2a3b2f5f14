import type { RawColumn, StatementEnd } from "@rockpool/base";
import { latin1Of, type SharedParts } from "./shared-parts.ts";
import type { StoredResult } from "./stored-result.ts";

/** Keeps a copy of a passing result as long as it stays small enough to be stored. */
export class ResultCollector {
  readonly #sizeMaxBytes: number;
  readonly #shared: SharedParts;
  #columns: readonly RawColumn[] | null = null;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #end: StatementEnd | null = null;
  #spoilt = false;

  constructor(sizeMaxBytes: number, shared: SharedParts) {
    this.#sizeMaxBytes = sizeMaxBytes;
    this.#shared = shared;
  }

  /** It can no longer become an entry: too large, several results, or warnings. */
  get isSpoilt(): boolean {
    return this.#spoilt;
  }

  columns(columns: readonly RawColumn[]): void {
    if (this.#columns !== null) this.spoil();
    else this.#columns = columns;
  }

  rows(piece: Uint8Array): void {
    if (this.#spoilt) return;
    this.#bytes += piece.length;
    if (this.#bytes > this.#sizeMaxBytes) this.spoil();
    else this.#pieces.push(new Uint8Array(piece));
  }

  end(end: StatementEnd, more: boolean): void {
    if (more || this.#end !== null || end.warnings > 0) this.spoil();
    this.#end = end;
  }

  /** Lets go of what was gathered. */
  spoil(): void {
    this.#spoilt = true;
    this.#pieces = [];
  }

  /** The whole result; null when it has no columns or is spoilt. */
  take(): StoredResult | null {
    if (this.#spoilt || this.#columns === null || this.#end === null) return null;
    const columns = this.#shared.columns(this.#columns);
    const ownsColumns = columns === this.#columns;
    return {
      columns,
      ownsColumns,
      rowsLatin1: this.#join(),
      end: this.#shared.end(this.#end),
      renderings: [],
    };
  }

  #join(): string {
    const [first] = this.#pieces;
    return latin1Of(this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces));
  }
}
