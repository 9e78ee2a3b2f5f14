import {
  assertNever,
  type RawColumn,
  RockpoolError,
  STATUS_MORE_RESULTS,
  type StatementEnd,
} from "@rockpool/base";
import {
  decodeEof,
  decodeErr,
  decodeResultHead,
  isEofPacket,
  isErrPacket,
  ProtocolError,
  stripExtendedMetadata,
} from "@rockpool/protocol/mysql";
import type { RelayOutcome, ResultSink } from "./result-sink.ts";

/** What one packet meant: more is to come, the server wants a local file, or the statement has ended. */
export type AnswerStep =
  | { readonly kind: "more" }
  | { readonly kind: "refuse-infile" }
  | { readonly kind: "ended"; readonly outcome: RelayOutcome }
  | { readonly kind: "refused"; readonly error: RockpoolError };

const MORE: AnswerStep = { kind: "more" };

/**
 * Follows one answer to COM_QUERY (or to a command answered by OK or ERR) packet by packet and calls the sink.
 * Without CLIENT_DEPRECATE_EOF, so an EOF ends the columns and an EOF ends the rows.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 */
export class AnswerReader {
  readonly #sink: ResultSink;
  readonly #extendedMetadata: boolean;
  #state: "head" | "columns" | "columns-eof" | "rows" | "infile-refused" = "head";
  #columnCount = 0;
  #columns: RawColumn[] = [];
  #status: number | null = null;

  /** `extendedMetadata`: the connection negotiated MariaDB's extended block in column definitions. */
  constructor(sink: ResultSink, extendedMetadata: boolean) {
    this.#sink = sink;
    this.#extendedMetadata = extendedMetadata;
  }

  /** Server status flags of the last OK or EOF seen; null before the first. */
  get status(): number | null {
    return this.#status;
  }

  /** Takes the next packet's payload (a view, not kept). Throws `ProtocolError`, or what the sink throws. */
  read(payload: Uint8Array): AnswerStep {
    switch (this.#state) {
      case "rows":
        if (isEofPacket(payload)) return this.#end(decodeEof(payload));
        if (isErrPacket(payload))
          return { kind: "ended", outcome: { kind: "error", error: decodeErr(payload) } };
        this.#sink.row(payload);
        return MORE;
      case "head":
        return this.#readHead(payload);
      case "columns":
        return this.#readColumn(payload);
      case "columns-eof":
        if (!isEofPacket(payload)) throw new ProtocolError("no EOF after the column definitions");
        this.#sink.columns(this.#columns);
        this.#state = "rows";
        return MORE;
      case "infile-refused":
        return { kind: "refused", error: new RockpoolError("unsupported-statement") };
      default:
        return assertNever(this.#state);
    }
  }

  #readHead(payload: Uint8Array): AnswerStep {
    const head = decodeResultHead(payload);
    switch (head.kind) {
      case "ok":
        return this.#end(head.end);
      case "error":
        return { kind: "ended", outcome: head };
      case "local-infile":
        this.#state = "infile-refused";
        return { kind: "refuse-infile" };
      case "columns":
        if (head.count === 0) throw new ProtocolError("a result set without columns");
        this.#columnCount = head.count;
        this.#columns = [];
        this.#state = "columns";
        return MORE;
      default:
        return assertNever(head);
    }
  }

  #readColumn(payload: Uint8Array): AnswerStep {
    const { definition, json } = stripExtendedMetadata(payload, this.#extendedMetadata);
    // The payload is a view into the socket's buffer; a definition outlives it.
    this.#columns.push({ definition: definition === payload ? new Uint8Array(payload) : definition, json });
    if (this.#columns.length === this.#columnCount) this.#state = "columns-eof";
    return MORE;
  }

  #end(end: StatementEnd): AnswerStep {
    this.#status = end.status;
    const more = (end.status & STATUS_MORE_RESULTS) !== 0;
    this.#sink.end(end, more);
    this.#state = "head";
    return more ? MORE : { kind: "ended", outcome: { kind: "done" } };
  }
}
