import { MIB, type RawColumn, type StatementEnd } from "@rockpool/base";
import type { StoredResult } from "@rockpool/engine";
import { RowStreamDecoder } from "@rockpool/protocol/backhaul";
import {
  closeResult,
  createRowEncoder,
  encodeFields,
  encodeOkResult,
  openResult,
  type RowEncoder,
} from "@rockpool/protocol/psdb";

/** The largest row that is relayed; the server's own limit (`max_allowed_packet`) is at most 1 GiB. */
const ROW_MAX_BYTES = 1024 * MIB;

/** Makes the psdb `result` JSON of a passing result, piece by piece. Of several results (CALL) the first with columns counts. */
export class ResultEncoder {
  readonly #emit: (text: string) => void;
  readonly #decoder = new RowStreamDecoder(ROW_MAX_BYTES);
  #encoder: RowEncoder | null = null;
  #state: "none" | "rows" | "done" | "broken" = "none";
  #okEnd: StatementEnd | null = null;

  /** `emit` gets the text in order, ASCII. */
  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  /** A row was none: the text ends anywhere, and nothing makes JSON of it. */
  get isBroken(): boolean {
    return this.#state === "broken";
  }

  columns(columns: readonly RawColumn[]): void {
    if (this.#state !== "none") return;
    this.#state = "rows";
    this.#encoder = createRowEncoder(columns.length);
    this.#emit(openResult(encodeFields(columns)));
  }

  rows(piece: Uint8Array): void {
    const encoder = this.#encoder;
    if (this.#state !== "rows" || encoder === null) return;
    this.#state = "broken";
    this.#decoder.push(piece, (row) => {
      for (const text of encoder.push(row)) this.#emit(text);
    });
    this.#state = "rows";
  }

  end(end: StatementEnd): void {
    if (this.#state === "rows") this.#closeRows();
    else if (this.#state === "none") this.#okEnd = end;
  }

  /** After the last end: a statement without any result set becomes its OK. */
  finish(): void {
    if (this.#state === "none" && this.#okEnd !== null) this.#emit(encodeOkResult(this.#okEnd));
    if (this.#state !== "broken") this.#state = "done";
  }

  /** The statement failed inside a result: what was begun is closed, so that the answer stays JSON. */
  abandon(): void {
    if (this.#state === "rows") this.#closeRows();
  }

  #closeRows(): void {
    this.#emit((this.#encoder?.end() ?? "") + closeResult());
    this.#encoder = null;
    this.#state = "done";
  }
}

/** The psdb `result` JSON of a stored result. */
export function encodeStoredResult(stored: StoredResult): string {
  const pieces: string[] = [];
  const encoder = new ResultEncoder((text) => pieces.push(text));
  encoder.columns(stored.columns);
  encoder.rows(stored.rows);
  encoder.end(stored.end);
  encoder.finish();
  return pieces.join("");
}
