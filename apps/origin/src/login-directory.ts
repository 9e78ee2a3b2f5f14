import { createHash, randomBytes } from "node:crypto";
import type { FeedLogin } from "@rockpool/protocol/backhaul";
import type { DatabaseAccount } from "./database/database-target.ts";

/** A login as the origin knows it. */
export interface OriginLogin {
  readonly name: string;
  readonly schema: string | null;
  readonly account: DatabaseAccount;
}

/** A login as configured. */
export interface ConfiguredLogin extends OriginLogin {
  readonly password: string;
}

/** The logins of this origin, and what edges may know of them: verifiers, never passwords. */
export class LoginDirectory {
  readonly #logins = new Map<string, OriginLogin>();
  readonly #published: FeedLogin[] = [];

  constructor(logins: readonly ConfiguredLogin[]) {
    for (const { name, password, schema, account } of logins) {
      const salt = randomBytes(16);
      this.#logins.set(name, { name, schema, account });
      this.#published.push({
        name,
        salt: salt.toString("hex"),
        verifier: createHash("sha256").update(salt).update(password).digest("hex"),
        schema,
        account: account.name,
      });
    }
  }

  find(name: string): OriginLogin | null {
    return this.#logins.get(name) ?? null;
  }

  /** What edges are told. */
  get published(): readonly FeedLogin[] {
    return this.#published;
  }
}
