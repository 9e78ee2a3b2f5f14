import type { DatabaseError, RawColumn, StatementEnd } from "@rockpool/base";

/** Where a statement's results go, packet by packet, in the server's order. A sink that throws loses the connection. */
export interface ResultSink {
  /** Column definitions of one result set; called again for each further result set of a CALL. The bytes are copies. */
  columns(columns: readonly RawColumn[]): void;
  /** One text-protocol row payload without its header: a view that is valid only during the call. */
  row(payload: Uint8Array): void;
  /** One result set or OK is complete; `more` = another result follows. */
  end(end: StatementEnd, more: boolean): void;
}

/** How a statement ended while its connection stayed usable: `error` is the server's own ERR packet. */
export type RelayOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly error: DatabaseError };

/** The sink of statements whose results nobody reads. */
export const DISCARD: ResultSink = { columns() {}, row() {}, end() {} };
