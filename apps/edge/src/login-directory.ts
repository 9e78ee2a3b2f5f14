import { createHash, timingSafeEqual } from "node:crypto";
import type { EngineLogin } from "@rockpool/engine";
import type { FeedLogin } from "@rockpool/protocol/backhaul";

/** A login that has proven its password. */
export interface VerifiedLogin extends EngineLogin {
  /** Rises with every new list: what was made for an older one is void. */
  readonly generation: number;
}

/** Authorization headers whose verdict is remembered; older ones are verified again. */
const VERDICTS_MAX = 10_000;
/** Longest header that is looked at. */
const HEADER_MAX_LENGTH = 1_024;
/** Stands in for an unknown login's verifier, so that unknown and wrong cost the same. */
const NOBODY: FeedLogin = {
  name: "",
  verifier: "00".repeat(32),
  salt: "00".repeat(16),
  schema: null,
  account: "",
};

/** The logins of the origin's configuration as the feed told them; verifies HTTP Basic credentials at the edge. */
export class LoginDirectory {
  #logins = new Map<string, FeedLogin>();
  #verdicts = new Map<string, VerifiedLogin>();
  #generation = 0;
  #known = false;

  /** The feed told the whole list anew: every verdict is void (R15). */
  replace(logins: readonly FeedLogin[]): void {
    this.#generation += 1;
    this.#known = true;
    this.#verdicts = new Map();
    this.#logins = new Map(logins.map((login) => [login.name, login]));
  }

  /** Whether a list has ever been told: before it, nobody can be refused for good. */
  get isKnown(): boolean {
    return this.#known;
  }

  /** Changes whenever the list does. */
  get generation(): number {
    return this.#generation;
  }

  /** Any login, for the edge's own probe of the way to the database. */
  first(): EngineLogin | null {
    for (const login of this.#logins.values()) return login;
    return null;
  }

  /** The login of an `Authorization: Basic` header; null when it is not one, unknown, or the password is wrong. */
  verifyBasic(header: string | undefined): VerifiedLogin | null {
    if (header === undefined) return null;
    const known = this.#verdicts.get(header);
    if (known !== undefined) return known;
    const credentials = parseBasic(header);
    if (credentials === null) return null;
    const login = this.#logins.get(credentials.name);
    const { salt, verifier } = login ?? NOBODY;
    const hash = createHash("sha256").update(Buffer.from(salt, "hex")).update(credentials.password).digest();
    const matches = timingSafeEqual(hash, Buffer.from(verifier, "hex"));
    if (login === undefined || !matches) return null;
    const verified = {
      name: login.name,
      account: login.account,
      schema: login.schema,
      generation: this.#generation,
    };
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
    this.#verdicts.set(header, verified);
    return verified;
  }
}

/** RFC 7617: base64 of `name:password`, split at the first colon; UTF-8, as browsers and `btoa` of ASCII send it. */
function parseBasic(header: string): { name: string; password: string } | null {
  if (header.length > HEADER_MAX_LENGTH) return null;
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header);
  if (match?.[1] === undefined) return null;
  const text = Buffer.from(match[1], "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
