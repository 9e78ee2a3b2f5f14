import { createHmac, randomBytes } from "node:crypto";
import { type Clock, RockpoolError, toRockpoolError } from "@rockpool/base";
import type { EngineLogin } from "@rockpool/engine";
import type { FeedLogin } from "@rockpool/protocol/backhaul";
import { visibilityOf } from "@rockpool/sql";
import { type AddressSet, createAddressSet } from "./access/address-set.ts";
import { type Credentials, formatBasic, parseBasic } from "./access/basic-credentials.ts";
import type { ClientAddress } from "./access/client-address.ts";
import { FailureDamper, type FailureDamperOptions } from "./access/failure-damper.ts";
import { HashGate } from "./access/hash-gate.ts";
import { createLoginMeter, type LoginMeter } from "./access/login-meter.ts";

/** A login that has proven its password. The same object for as long as the list says the same of it. */
export interface VerifiedLogin extends EngineLogin {
  /** Where it may be used from; null = everywhere. */
  readonly networks: AddressSet | null;
  /** What it uses of this edge; null = it has no limits of its own. */
  readonly meter: LoginMeter | null;
}

/** What a directory works with. */
export interface LoginDirectoryOptions {
  readonly clock: Pick<Clock, "now">;
  /** Whether `hash` is the password's; takes its time, off the main thread. */
  readonly verify: (password: string, hash: string) => Promise<boolean>;
  readonly damping: FailureDamperOptions;
  /** A password was looked at, or was not. */
  readonly onVerified?: (outcome: VerifyOutcome) => void;
}

/** What can become of a password that is not known to be right: proven, wrong, wrong again, not looked at. */
export const VERIFY_OUTCOMES = ["right", "wrong", "known-wrong", "damped", "busy"] as const;

/** One of `VERIFY_OUTCOMES`. */
export type VerifyOutcome = (typeof VERIFY_OUTCOMES)[number];

interface Listed {
  readonly feed: FeedLogin;
  readonly verified: VerifiedLogin;
}

/** Authorization headers whose verdict is remembered; older ones are verified again. */
const VERDICTS_MAX = 10_000;
const WRONGS_MAX = 10_000;
/** Longest name that a login can have. */
const NAME_LENGTH_MAX = 256;
/** Stands in for a hash where there is none at all. */
const NOBODY = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/**
 * The logins of the origin's configuration as the feed told them. A header that was right once is known from then on:
 * one look-up, no hash, whatever others do wrong. Its text is the key of that look-up: a digest would cost every hit
 * 0.4 µs (SHA-256) to 2 µs (HMAC) more (login-directory.bench.ts), and whoever can read the memory of this process finds the
 * headers of recent requests there anyway. Wrong ones are kept as keyed digests only.
 */
export class LoginDirectory {
  readonly #options: LoginDirectoryOptions;
  readonly #damper: FailureDamper;
  readonly #gate = new HashGate();
  readonly #digestKey = randomBytes(32);
  readonly #wrongs = new Set<string>();
  readonly #underWay = new Map<string, Promise<VerifiedLogin | RockpoolError>>();
  #logins = new Map<string, Listed>();
  #verdicts = new Map<string, VerifiedLogin>();
  #hashes: readonly string[] = [];
  readonly #firstList = Promise.withResolvers<void>();
  #isKnown = false;

  constructor(options: LoginDirectoryOptions) {
    this.#options = options;
    this.#damper = new FailureDamper(() => options.damping);
  }

  /**
   * The feed told the whole list anew (R15). Verdicts on passwords that did not change stay, and mean the login as it is
   * now; all others are void.
   */
  replace(logins: readonly FeedLogin[]): void {
    this.#isKnown = true;
    this.#firstList.resolve();
    const before = this.#logins;
    this.#logins = new Map(logins.map((feed) => [feed.name, list(feed, before.get(feed.name))]));
    this.#hashes = logins.map(({ verifier }) => verifier);
    this.#wrongs.clear();
    const verdicts = new Map<string, VerifiedLogin>();
    for (const [header, { name }] of this.#verdicts) {
      const after = this.#logins.get(name);
      if (after !== undefined && after.feed.verifier === before.get(name)?.feed.verifier)
        verdicts.set(header, after.verified);
    }
    this.#verdicts = verdicts;
  }

  /** Whether a list has ever been told: before it, nobody can be refused for good. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when a list has been told. */
  whenKnown(): Promise<void> {
    return this.#firstList.promise;
  }

  /** A login for the edge's own probe of the way to the database: one that may read. */
  first(): EngineLogin | null {
    let any: EngineLogin | null = null;
    for (const { verified } of this.#logins.values()) {
      if (verified.visibility === null) return verified;
      any ??= verified;
    }
    return any;
  }

  /** Passwords being hashed, and waiting to be. */
  get hashing(): { readonly running: number; readonly waiting: number } {
    return this.#gate;
  }

  /** The login of a header that was right before: the hot path. Its `networks` are for the caller to check. */
  known(header: string | undefined): VerifiedLogin | null {
    return header === undefined ? null : (this.#verdicts.get(header) ?? null);
  }

  /**
   * The login of an `Authorization: Basic` header; else the error to answer with. An unknown name, a wrong password and
   * a login that may not be used from there cost the same and get the same answer.
   */
  async verifyBasic(
    header: string | undefined,
    client: ClientAddress,
  ): Promise<VerifiedLogin | RockpoolError> {
    if (!this.#isKnown) return new RockpoolError("origin-unreachable");
    const credentials = header === undefined ? null : parseBasic(header);
    if (header === undefined || credentials === null) return new RockpoolError("access-denied");
    const listed = this.#logins.get(credentials.name);
    const isInside = listed !== undefined && listed.verified.networks?.has(client) !== false;
    // Other spellings of the same credentials are neither hashed, counted nor remembered once more.
    const spelling = formatBasic(credentials);
    const known = this.#verdicts.get(spelling);
    if (known !== undefined && isInside) return known;
    // From outside it is looked at like a stranger's: no password can be found out to be right there.
    const digest = this.#digest(spelling, isInside);
    if (this.#wrongs.has(digest)) {
      this.#options.onVerified?.("known-wrong");
      return new RockpoolError("access-denied");
    }
    const underWay = this.#underWay.get(digest);
    if (underWay !== undefined) return underWay;
    const run = this.#verify(spelling, credentials, client, isInside ? listed : null).finally(() =>
      this.#underWay.delete(digest),
    );
    this.#underWay.set(digest, run);
    return run;
  }

  async #verify(
    header: string,
    { name, password }: Credentials,
    client: ClientAddress,
    listed: Listed | null,
  ): Promise<VerifiedLogin | RockpoolError> {
    const { verify, onVerified } = this.#options;
    const counted = name.slice(0, NAME_LENGTH_MAX);
    try {
      this.#assertMayTry(counted, client);
      const isRight = await this.#gate.run(client, async () => {
        // Others of this client may have been wrong while it waited.
        this.#assertMayTry(counted, client);
        const isProven =
          (await verify(password, listed?.feed.verifier ?? this.#strangerHash(name))) && listed !== null;
        if (!isProven) this.#damper.failed(counted, client, this.#options.clock.now());
        return isProven;
      });
      onVerified?.(isRight ? "right" : "wrong");
      if (isRight && listed !== null) return this.#remember(header, listed, counted, client);
    } catch (error) {
      const known = toRockpoolError(error);
      if (known.code === "too-many-logins") onVerified?.("busy");
      if (known.code === "too-many-failures") onVerified?.("damped");
      return known;
    }
    if (this.#wrongs.size >= WRONGS_MAX) this.#wrongs.clear();
    // The list may be another one by now: then nothing is known of this password.
    if (listed === null || this.#logins.get(name) === listed)
      this.#wrongs.add(this.#digest(header, listed !== null));
    return new RockpoolError("access-denied");
  }

  #remember(
    header: string,
    { feed }: Listed,
    counted: string,
    client: ClientAddress,
  ): VerifiedLogin | RockpoolError {
    this.#damper.succeeded(counted, client);
    // The list may have been replaced meanwhile: what was proven is that hash, not that list.
    const now = this.#logins.get(feed.name);
    if (now === undefined || now.feed.verifier !== feed.verifier) return new RockpoolError("access-denied");
    if (now.verified.networks?.has(client) === false) return new RockpoolError("access-denied");
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
    this.#verdicts.set(header, now.verified);
    return now.verified;
  }

  #assertMayTry(name: string, client: ClientAddress): void {
    const waitMs = this.#damper.waitMs(name, client, this.#options.clock.now());
    if (waitMs <= 0) return;
    const retryAfterSeconds = Math.ceil(waitMs / 1000);
    throw new RockpoolError("too-many-failures", { context: { retryAfterSeconds } });
  }

  /**
   * What the password of a name that may not come in is hashed like: as that of one of the logins, always the same one,
   * so that what it costs says nothing of whether the name exists. It is never taken for right, whatever comes of it.
   */
  #strangerHash(name: string): string {
    if (this.#hashes.length === 0) return NOBODY;
    const draw = createHmac("sha256", this.#digestKey).update(name).digest().readUInt32BE(0);
    return this.#hashes[draw % this.#hashes.length] ?? NOBODY;
  }

  #digest(header: string, isInside: boolean): string {
    const mac = createHmac("sha256", this.#digestKey).update(isInside ? "+" : "-");
    return mac.update(header).digest("base64");
  }
}

/** `before` where the list says the same, so that whoever holds its objects goes on. */
function list(feed: FeedLogin, before: Listed | undefined): Listed {
  if (before !== undefined && JSON.stringify(before.feed) === JSON.stringify(feed)) return before;
  const { name, account, schema, rights, networks, limits } = feed;
  const verified = {
    name,
    account,
    schema,
    rights,
    visibility: visibilityOf(rights),
    networks: networks.length === 0 ? null : createAddressSet(networks),
    meter: createLoginMeter(limits, before?.verified.meter ?? null),
  };
  return { feed, verified };
}
