import type { ChangeSet, Dependencies, Instant } from "@rockpool/base";

import { addTimeBookmark, notBefore, TIME_BOOKMARK_MAX, type TimeBookmark } from "./bookmarks.ts";

/** Time bookmarks per login (R8): for clients that do not carry their session's token. Lives in one worker. */
export interface LoginBookmarks {
  /** A write of `login` was answered at `now` without its change; it may have touched `affected`. */
  note(login: string, affected: ChangeSet, now: Instant): void;
  /** Whether a hit with these dependencies is forbidden to the login while `asOf` is installed. */
  bindsHit(login: string, deps: Dependencies, asOf: Instant | null): boolean;
  /** The instant before which a read cannot contain what the login wrote into these dependencies; `-Infinity` if none. */
  notBefore(login: string, deps: Dependencies): Instant;
  /** Drops what no longer binds once `asOf` is installed. */
  settle(asOf: Instant): void;
  /** No login has a bookmark. */
  readonly isEmpty: boolean;
}

/** Creates an empty table for at most `loginMax` logins; beyond it, a bookmark binds every login on everything. */
export function createLoginBookmarks(loginMax: number): LoginBookmarks {
  return new LoginTable(loginMax);
}

/** One clock only: the name does not matter. */
const OWN_CLOCK = "";

class LoginTable implements LoginBookmarks {
  readonly #loginMax: number;
  readonly #times = new Map<string, readonly TimeBookmark[]>();
  #everyLoginAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(loginMax: number) {
    this.#loginMax = loginMax;
  }

  get isEmpty(): boolean {
    return this.#times.size === 0 && this.#everyLoginAt === Number.NEGATIVE_INFINITY;
  }

  note(login: string, affected: ChangeSet, now: Instant): void {
    const known = this.#times.get(login);
    if (known === undefined && this.#times.size >= this.#loginMax) {
      this.#everyLoginAt = Math.max(this.#everyLoginAt, now);
      return;
    }
    const added = { clock: OWN_CLOCK, at: now, affected };
    this.#times.set(login, addTimeBookmark(known ?? [], added, TIME_BOOKMARK_MAX));
  }

  bindsHit(login: string, deps: Dependencies, asOf: Instant | null): boolean {
    const instant = this.notBefore(login, deps);
    return instant !== Number.NEGATIVE_INFINITY && (asOf === null || asOf < instant);
  }

  notBefore(login: string, deps: Dependencies): Instant {
    const times = this.#times.get(login);
    if (times === undefined) return this.#everyLoginAt;
    return Math.max(this.#everyLoginAt, notBefore(times, OWN_CLOCK, deps));
  }

  settle(asOf: Instant): void {
    if (this.#everyLoginAt <= asOf) this.#everyLoginAt = Number.NEGATIVE_INFINITY;
    for (const [login, times] of this.#times) {
      const binding = times.filter((time) => time.at > asOf);
      if (binding.length === 0) this.#times.delete(login);
      else if (binding.length < times.length) this.#times.set(login, binding);
    }
  }
}
