import type { Position } from "@rockpool/base";
import type { Dispatched, Finish } from "@rockpool/protocol/backhaul";
import { applyVirtualSets, describeVirtualSets, type StatementFacts } from "@rockpool/sql";
import type { Session } from "./session.ts";

/** The session after a statement that ran to its explicit end; `succeeded` = without a database error. */
export function nextSession(
  session: Session,
  facts: StatementFacts,
  finish: Finish,
  dispatched: Dispatched | null,
  succeeded: boolean,
): Session {
  const sets = succeeded ? (facts.virtualSets ?? []) : [];
  const { autocommit } = describeVirtualSets(sets);
  const bookmark = nextBookmark(session, finish, dispatched);
  return {
    ...session,
    pin: finish.pin,
    lost: false,
    inTransaction: finish.inTransaction,
    autocommit: autocommit ?? session.autocommit,
    variables: sets.length === 0 ? session.variables : applyVirtualSets(session.variables, sets),
    lastInsertId: finish.lastInsertId,
    schema: succeeded && facts.useSchema !== undefined ? facts.useSchema : session.schema,
    bookmark,
  };
}

/** The session after its pinned state was lost: only ROLLBACK brings it back (S3). */
export function sessionAfterLoss(session: Session): Session {
  return { ...session, pin: null, lost: true, inTransaction: false };
}

/** A position of no epoch: binds every read until the next answer brings one to compare (R8). */
const UNKNOWN_POSITION: Position = { epoch: "", seq: 0 };

/** The session after a statement whose outcome is unknown: its own write must not be missed, at any edge. */
export function sessionAfterUnknown(session: Session, facts: StatementFacts): Session {
  const after = facts.pure ? session : { ...session, bookmark: UNKNOWN_POSITION };
  return session.pin === null ? after : sessionAfterLoss(after);
}

function nextBookmark(session: Session, finish: Finish, dispatched: Dispatched | null): Session["bookmark"] {
  if (finish.change !== null) return { epoch: finish.epoch, seq: finish.seq };
  if (session.bookmark === null || dispatched === null) return session.bookmark;
  // A bookmark of an epoch that is over cannot be compared. This answer was read after the write it stands for, so
  // the position it was stamped with is a bookmark of the present epoch that means the same.
  if (session.bookmark.epoch === dispatched.epoch) return session.bookmark;
  return { epoch: dispatched.epoch, seq: dispatched.seq };
}
