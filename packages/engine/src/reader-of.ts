import { type Bookmarks, NO_BOOKMARKS, type Reader } from "@rockpool/freshness";
import type { Session } from "./session.ts";

const readers = new WeakMap<Session, Reader>();

/** The session as freshness sees it; the same object for the same session, so that the hit path makes none. */
export function readerOf(session: Session): Reader {
  const known = readers.get(session);
  if (known !== undefined) return known;
  const bookmarks: Bookmarks =
    session.bookmark === null ? NO_BOOKMARKS : { position: session.bookmark, known: null, times: [] };
  const reader = { bookmarks, login: session.login.name };
  readers.set(session, reader);
  return reader;
}
