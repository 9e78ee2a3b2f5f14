import type { DatabaseError, RawColumn, RockpoolError, StatementEnd } from "@rockpool/base";
import type { StoredEntry } from "./stored-result.ts";
import type { Session } from "./session.ts";

/** Where an answer goes: a door's writer. Calls come in the order columns, rows*, end (per result), then one of the last three. */
export interface AnswerSink {
  columns(columns: readonly RawColumn[]): void;
  /** A piece of the row stream (@rockpool/protocol/backhaul), a view valid only during the call. False = full: call `resume` later. */
  rows(piece: Uint8Array): boolean;
  end(end: StatementEnd, more: boolean): void;
  /** The whole answer at once, out of an entry that another one's read has just made; nothing else is called. */
  whole(session: Session, entry: StoredEntry): void;
  /** The complete, successful end. `entry` is what was stored of it, if anything. */
  finish(session: Session, entry: StoredEntry | null): void;
  /** The database refused or failed it; may come after rows. */
  databaseError(error: DatabaseError, session: Session): void;
  /** We failed it; may come after rows. */
  failure(error: RockpoolError, session: Session): void;
}
