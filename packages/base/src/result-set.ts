/** One column definition packet's payload (Protocol::ColumnDefinition41, MariaDB's extended block removed) and what stood beside it. */
export interface RawColumn {
  /** The packet's payload, without the 4-byte header. */
  readonly definition: Uint8Array;
  /** MariaDB's extended metadata said `format=json`: the only sign of a JSON column there. */
  readonly json: boolean;
}

/** The end of a result: what OK and EOF packets say, decoded. */
export interface StatementEnd {
  /** Server status flags (SERVER_STATUS_*). */
  readonly status: number;
  readonly warnings: number;
  /** Only for statements without a result set; 0n otherwise. */
  readonly affectedRows: bigint;
  /** Unsigned 64 bit; only for statements without a result set. */
  readonly insertId: bigint;
  /** The OK packet's human-readable info, `""` if none. */
  readonly info: string;
}

/** SERVER_STATUS_IN_TRANS: a transaction is open on the connection. */
export const STATUS_IN_TRANSACTION = 0x0001;
/** SERVER_STATUS_AUTOCOMMIT. */
export const STATUS_AUTOCOMMIT = 0x0002;
/** SERVER_MORE_RESULTS_EXISTS. */
export const STATUS_MORE_RESULTS = 0x0008;
