import { MIB, type RawColumn, type StatementEnd } from "@rockpool/base";
import { rowsOf, type StoredResult } from "@rockpool/engine";
import { RowStreamDecoder } from "@rockpool/protocol/backhaul";
import type { ResultForm, ResultRows } from "@rockpool/protocol/psdb";

/** The largest row that is relayed; the server's own limit (`max_allowed_packet`) is at most 1 GiB. */
const ROW_MAX_BYTES = 1024 * MIB;

/** Makes a passing result's text in one form, piece by piece. Of several results (CALL) the first with columns counts. */
export class ResultEncoder {
  readonly #form: ResultForm;
  readonly #emit: (text: string) => void;
  readonly #decoder = new RowStreamDecoder(ROW_MAX_BYTES);
  #rows: ResultRows | null = null;
  #state: "none" | "rows" | "done" | "broken" = "none";
  #okEnd: StatementEnd | null = null;

  /** `emit` gets the text in order, ASCII. */
  constructor(form: ResultForm, emit: (text: string) => void) {
    this.#form = form;
    this.#emit = emit;
  }

  /** A row was none: the text ends anywhere, and nothing makes JSON of it. */
  get isBroken(): boolean {
    return this.#state === "broken";
  }

  columns(columns: readonly RawColumn[]): void {
    if (this.#state !== "none") return;
    this.#state = "broken";
    const { text, rows } = this.#form.open(columns);
    this.#state = "rows";
    this.#rows = rows;
    this.#emit(text);
  }

  rows(piece: Uint8Array): void {
    const rows = this.#rows;
    if (this.#state !== "rows" || rows === null) return;
    this.#state = "broken";
    this.#decoder.push(piece, (row) => {
      for (const text of rows.push(row)) this.#emit(text);
    });
    this.#state = "rows";
  }

  end(end: StatementEnd): void {
    if (this.#state === "rows") this.#closeRows();
    else if (this.#state === "none") this.#okEnd = end;
  }

  /** After the last end: a statement without any result set becomes its OK. */
  finish(): void {
    if (this.#state === "none" && this.#okEnd !== null) this.#emit(this.#form.ok(this.#okEnd));
    if (this.#state !== "broken") this.#state = "done";
  }

  /** The statement failed inside a result: what was begun is closed, so that the answer stays JSON. */
  abandon(): void {
    if (this.#state === "rows") this.#closeRows();
  }

  #closeRows(): void {
    this.#emit((this.#rows?.end() ?? "") + this.#form.close);
    this.#rows = null;
    this.#state = "done";
  }
}

/** A stored result's text in one form. */
export function encodeStoredResult(stored: StoredResult, form: ResultForm): string {
  const pieces: string[] = [];
  const encoder = new ResultEncoder(form, (text) => pieces.push(text));
  encoder.columns(stored.columns);
  encoder.rows(rowsOf(stored));
  encoder.end(stored.end);
  encoder.finish();
  return pieces.join("");
}
