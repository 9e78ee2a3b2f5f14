import type { Position } from "@rockpool/base";

/** The stamp of a read, as its answer carries it: the answer contains every change up to `seq`. */
export interface Stamp {
  readonly epoch: string;
  /** The published position when the read was dispatched to the database, never later. */
  readonly seq: number;
  /** The position of the catalogue its plan was made with (R11), in the same epoch. */
  readonly catalogueSeq: number;
}

/** Below every position: a plan made with another epoch's catalogue is never current. */
const OTHER_EPOCH_SEQ = -1;

/** The stamp of a read dispatched at `dispatch`, planned with the catalogue of position `catalogue`. */
export function createStamp(dispatch: Position, catalogue: Position): Stamp {
  // One string for all entries of an epoch, where each answer brings its own.
  if (catalogue.epoch === dispatch.epoch)
    return { epoch: catalogue.epoch, seq: dispatch.seq, catalogueSeq: catalogue.seq };
  return { epoch: dispatch.epoch, seq: dispatch.seq, catalogueSeq: OTHER_EPOCH_SEQ };
}
