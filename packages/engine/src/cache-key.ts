import type { Session } from "./session.ts";

/**
 * The session's part of a cache key (DESIGN section 3, R15, R16): everything but the text that shapes an answer.
 * JSON of a fixed list, so that no two different sessions can spell the same prefix.
 */
export function keyPrefixOf(session: Session, profile: string): string {
  const variables = session.variables
    .filter((variable) => variable.name !== "autocommit")
    .map((variable) => [variable.name, variable.value]);
  const { account, visibility } = session.login;
  return `${JSON.stringify([account, visibility, session.schema, profile, variables])}\n`;
}

/** Remembers prefixes per session object and profile: the hit path builds no JSON. */
export class KeyPrefixes {
  readonly #known = new WeakMap<Session, { readonly profile: string; readonly prefix: string }>();

  of(session: Session, profile: string): string {
    const known = this.#known.get(session);
    if (known !== undefined && known.profile === profile) return known.prefix;
    const prefix = keyPrefixOf(session, profile);
    this.#known.set(session, { profile, prefix });
    return prefix;
  }
}
