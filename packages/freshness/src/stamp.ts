/** The stamp of a read, as its answer carries it: the answer contains every change up to `seq`. */
export interface Stamp {
  readonly epoch: string;
  /** The published position when the read was dispatched to the database, never later. */
  readonly seq: number;
  /** The position of the catalogue its plan was made with (R11). */
  readonly catalogueSeq: number;
}
