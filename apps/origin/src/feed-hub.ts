import type { FeedResponder } from "@rockpool/backhaul";
import type { Clock } from "@rockpool/base";
import type { FeedItem } from "@rockpool/freshness";
import {
  BACKHAUL_VERSION,
  encodeFeedMessage,
  type FeedLogin,
  type FeedMessage,
  type FeedRequest,
  type Hello,
} from "@rockpool/protocol/backhaul";
import type { CatalogueData } from "@rockpool/sql";
import type { ChangeSource } from "./change-source.ts";

/** What the hub needs of the origin to speak for it. */
export interface FeedHubOptions {
  /** Names this origin process. */
  readonly instance: string;
  readonly tokenKey: string;
  readonly logins: () => readonly FeedLogin[];
  readonly clock: Clock;
  readonly changes: () => ChangeSource;
  readonly isDatabaseUp: () => boolean;
}

/** The base profile of an account's connections, as edges are told it (R16). */
interface AccountProfile {
  readonly profile: string;
  readonly sqlMode: string;
}

/** All edges' feeds: what one hears, all hear, in one order. */
export class FeedHub {
  readonly #options: FeedHubOptions;
  readonly #feeds = new Set<FeedResponder>();
  readonly #profiles = new Map<string, AccountProfile>();
  #catalogue: { readonly seq: number; readonly data: CatalogueData | null } = { seq: 0, data: null };

  constructor(options: FeedHubOptions) {
    this.#options = options;
  }

  /** Edges that listen now. */
  get feedCount(): number {
    return this.#feeds.size;
  }

  /** Takes a new feed; it joins the others at its `hello`. */
  open(feed: FeedResponder): { onRequest(request: FeedRequest): void; onClosed(): void } {
    return {
      onRequest: (request) => {
        if (request.kind === "hello") this.#welcome(feed, request.hello);
        else if (this.#feeds.has(feed)) feed.send(encodeFeedMessage(this.#pong(request.id)));
      },
      onClosed: () => {
        this.#feeds.delete(feed);
      },
    };
  }

  /** An item has been published. */
  item(item: FeedItem): void {
    this.#broadcast(item);
  }

  /** A catalogue has been loaded; `seq` was published before the loading began (R11). Null = there is none now. */
  catalogue(seq: number, data: CatalogueData | null): void {
    this.#catalogue = { seq, data };
    this.#broadcast({ kind: "catalogue", seq, data });
  }

  /** The list of logins is another one. */
  loginsChanged(): void {
    this.#broadcast({ kind: "logins", logins: this.#options.logins() });
  }

  /** A connection of `account` has been opened or reset; told only when its profile differs from the last one. */
  profile(account: string, profile: string, sqlMode: string): void {
    if (this.#profiles.get(account)?.profile === profile) return;
    this.#profiles.set(account, { profile, sqlMode });
    this.#broadcast({ kind: "profile", account, profile, sqlMode });
  }

  /** Whether the profile of an account's connections has been seen. */
  knowsProfile(account: string): boolean {
    return this.#profiles.has(account);
  }

  /** The `sql_mode` of an account's connections; `""` before the first one. */
  sqlModeOf(account: string): string {
    return this.#profiles.get(account)?.sqlMode ?? "";
  }

  /** A new epoch has begun: every edge must come back and drop what it has. */
  dropAll(): void {
    this.#catalogue = { seq: 0, data: null };
    this.#profiles.clear();
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
  }

  #welcome(feed: FeedResponder, hello: Hello): void {
    if (hello.version !== BACKHAUL_VERSION || this.#feeds.has(feed)) return feed.close();
    const { instance, tokenKey, changes, logins } = this.#options;
    const { publisher, consistency } = changes();
    const after = hello.epoch === null ? null : { epoch: hello.epoch, seq: hello.applied };
    const { welcome, items } = publisher.welcome(after);
    const messages: FeedMessage[] = [
      {
        kind: "welcome",
        version: BACKHAUL_VERSION,
        instance,
        consistency,
        tokenKey,
        ...welcome,
        doubts: welcome.doubts ?? [],
      },
      ...items,
      { kind: "catalogue", ...this.#catalogue },
      { kind: "logins", logins: logins() },
    ];
    for (const [account, profile] of this.#profiles) messages.push({ kind: "profile", account, ...profile });
    if (messages.every((message) => feed.send(encodeFeedMessage(message)))) this.#feeds.add(feed);
  }

  #pong(id: number): FeedMessage {
    const { clock, changes, isDatabaseUp } = this.#options;
    const { epoch, seq } = changes().publisher.position();
    return {
      kind: "pong",
      id,
      originNow: clock.now(),
      epoch,
      seq,
      sampleAgeMs: changes().sampleAgeMs(),
      databaseUp: isDatabaseUp(),
    };
  }

  #broadcast(message: FeedMessage): void {
    if (this.#feeds.size === 0) return;
    const frame = encodeFeedMessage(message);
    for (const feed of this.#feeds) if (!feed.send(frame)) this.#feeds.delete(feed);
  }
}
