import type { LoginLimits, LoginRights } from "@rockpool/base";
import type { FeedLogin } from "@rockpool/protocol/backhaul";
import type { DatabaseAccount } from "./database/database-target.ts";

/** A login as the origin knows it. */
export interface OriginLogin {
  readonly name: string;
  readonly schema: string | null;
  readonly account: DatabaseAccount;
  readonly rights: LoginRights;
}

/** A login as configured. */
export interface ConfiguredLogin extends OriginLogin {
  readonly secret:
    | { readonly kind: "password"; readonly password: string }
    | { readonly kind: "hash"; readonly hash: string };
  readonly networks: readonly string[];
  readonly limits: LoginLimits;
}

/** Makes the hash of a plain password; the same one each time for the same login and password. */
export type HashPassword = (password: string, login: string) => Promise<string>;

/** Hashes made at once: each holds a thread of the pool and 16 MiB. */
const HASHES_MAX = 4;

/** By login: the plain password that was hashed, so that a new list with the same one costs nothing. */
type HashedPasswords = Map<string, { readonly password: string; readonly verifier: string }>;

/** The logins of this origin, and what edges may know of them: verifiers, never passwords. */
export class LoginDirectory {
  readonly #hash: HashPassword;
  #logins = new Map<string, OriginLogin>();
  #published: readonly FeedLogin[] = [];
  #hashed: HashedPasswords = new Map();
  #last: Promise<void> = Promise.resolve();

  /** Empty until the first `replace`. */
  constructor(hash: HashPassword) {
    this.#hash = hash;
  }

  /** The login of that name: the same object for as long as its database, account and rights are the same. */
  find(name: string): OriginLogin | null {
    return this.#logins.get(name) ?? null;
  }

  /** What edges are told. */
  get published(): readonly FeedLogin[] {
    return this.#published;
  }

  /**
   * Makes `logins` the whole list, in one step once the plain passwords among them are hashed (some 50 ms of a core for
   * each that is new); calls `onReplaced` in that step, with the names of those that are gone or have another account or
   * other rights. Later lists wait for earlier ones.
   */
  replace(
    logins: readonly ConfiguredLogin[],
    onReplaced: (changed: ReadonlySet<string>) => void = () => {},
  ): Promise<void> {
    const run = this.#last.then(async () => {
      const verifiers = await this.#verifiersOf(logins);
      const before = this.#logins;
      this.#logins = new Map(logins.map((login) => [login.name, keepEqual(before.get(login.name), login)]));
      const changed = [...before].filter(([name, login]) => this.#logins.get(name) !== login);
      this.#published = logins.map((login, index) => ({
        name: login.name,
        verifier: verifiers[index] ?? "",
        schema: login.schema,
        account: login.account.name,
        rights: login.rights,
        networks: login.networks,
        limits: login.limits,
      }));
      onReplaced(new Set(changed.map(([name]) => name)));
    });
    this.#last = run.catch(() => {});
    return run;
  }

  async #verifiersOf(logins: readonly ConfiguredLogin[]): Promise<string[]> {
    const verifiers: string[] = [];
    const hashed: HashedPasswords = new Map();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < logins.length; at = next++) {
        const login = logins[at];
        if (login === undefined) return;
        verifiers[at] = await this.#verifierOf(login, hashed);
      }
    };
    await Promise.all(Array.from({ length: HASHES_MAX }, work));
    this.#hashed = hashed;
    return verifiers;
  }

  async #verifierOf({ name, secret }: ConfiguredLogin, hashed: HashedPasswords): Promise<string> {
    if (secret.kind === "hash") return secret.hash;
    const { password } = secret;
    const known = this.#hashed.get(name);
    const verifier =
      known !== undefined && known.password === password ? known.verifier : await this.#hash(password, name);
    hashed.set(name, { password, verifier });
    return verifier;
  }
}

/** `before` when it means the same, so that who holds it can tell. */
function keepEqual(before: OriginLogin | undefined, login: ConfiguredLogin): OriginLogin {
  const { name, schema, account, rights } = login;
  const after = { name, schema, account, rights };
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}
