import type { FeedHandlers } from "@rockpool/backhaul";
import type { Clock, Instant, Position } from "@rockpool/base";
import type { EdgeFreshness, LoginBookmarks } from "@rockpool/freshness";
import { BACKHAUL_VERSION, type FeedMessage, type Hello } from "@rockpool/protocol/backhaul";
import { createDampedWarning } from "@rockpool/runtime";
import { type Analyser, type CatalogueData, createCatalogue } from "@rockpool/sql";
import type { Logger } from "@rockpool/telemetry";
import type { EdgeMetrics } from "./edge-metrics.ts";
import type { LoginDirectory } from "./login-directory.ts";
import type { SessionCodec } from "./http/session-codec.ts";
import type { OriginUpstream } from "./origin-upstream.ts";

/** What the origin says of itself, for whoever shows it. */
export interface FeedWord {
  /** What it promises; null before the first welcome. */
  consistency: "ttl" | "log" | null;
  /** Whether it reached its database when last asked. */
  databaseUp: boolean;
}

/** The parts of an edge that the feed drives. */
export interface FeedFollowerOptions {
  readonly heard: FeedWord;
  readonly metrics: Pick<EdgeMetrics, "feedOpened" | "backhaulRoundTripSeconds">;
  readonly freshness: EdgeFreshness;
  readonly loginBookmarks: LoginBookmarks;
  readonly analyser: Analyser;
  readonly engine: {
    setCatalogue(position: Position | null): void;
    setProfile(account: string, hash: string, sqlMode: string): void;
    forgetProfiles(): void;
  };
  readonly cache: { clear(): void };
  readonly logins: LoginDirectory;
  readonly codec: SessionCodec;
  readonly upstream: OriginUpstream;
  readonly clock: Clock;
  readonly log: Logger;
  /** The feed contradicts itself: start over. */
  restart(cause: Error): void;
}

/** Applies the feed to the edge, in feed order. */
export class FeedFollower implements FeedHandlers {
  readonly #options: FeedFollowerOptions;
  #instance: string | null = null;
  #epoch = "";
  #generation = 0;
  readonly #warnUnreachable: (reason: string) => void;

  constructor(options: FeedFollowerOptions) {
    this.#options = options;
    this.#warnUnreachable = createDampedWarning("the origin cannot be reached", options.log, options.clock);
  }

  hello(): Hello {
    const position = this.#options.freshness.position();
    return { version: BACKHAUL_VERSION, epoch: position?.epoch ?? null, applied: position?.seq ?? 0 };
  }

  onMessage(message: FeedMessage): void {
    const { freshness, logins, engine, analyser } = this.#options;
    switch (message.kind) {
      case "welcome":
        return this.#welcome(message);
      case "change":
      case "doubt":
      case "settled":
        if (!freshness.onFeedItem(message)) this.#options.restart(new Error("the feed has a gap"));
        return;
      case "catalogue":
        // Data of the same version of the messages: the origin's own buildCatalogue made it.
        analyser.setCatalogue(message.data === null ? null : createCatalogue(message.data as CatalogueData));
        return engine.setCatalogue(message.data === null ? null : { epoch: this.#epoch, seq: message.seq });
      case "logins":
        return logins.replace(message.logins);
      case "profile":
        return engine.setProfile(message.account, message.profile, message.sqlMode);
      case "pong": // comes through onPong
    }
  }

  onPong(pong: Extract<FeedMessage, { kind: "pong" }>, askedAt: Instant, arrivedAt: Instant): void {
    const { freshness, loginBookmarks, upstream, clock, heard, metrics } = this.#options;
    metrics.backhaulRoundTripSeconds.record((arrivedAt - askedAt) * 1000);
    freshness.onWallClock(clock.now(), clock.wallMs());
    const { epoch, seq, sampleAgeMs } = pong;
    const applied = freshness.position();
    // The feed is one stream: what was published before the answer was sent before it, or has been lost.
    if (applied !== null && applied.epoch === epoch && applied.seq < seq) {
      return this.#options.restart(new Error("the feed is behind its heartbeat"));
    }
    freshness.onHeartbeat({ epoch, seq, askedAt, arrivedAt, sampleAgeMs });
    heard.databaseUp = pong.databaseUp;
    if (this.#instance !== null) upstream.setClock(this.#instance, pong.originNow, askedAt);
    const asOf = freshness.asOf();
    if (asOf !== null) loginBookmarks.settle(asOf);
  }

  onLost(cause: Error): void {
    this.#options.freshness.onFeedLost();
    this.#options.heard.databaseUp = false;
    // Origins restart; one that stays away is warned of by the attempts to reach it.
    this.#options.log.info("feed lost", { reason: cause.message });
  }

  onUnreachable(reason: string): void {
    this.#warnUnreachable(reason);
  }

  #welcome(message: Extract<FeedMessage, { kind: "welcome" }>): void {
    const { freshness, engine, analyser, cache, codec, upstream, log, heard, metrics } = this.#options;
    if (message.version !== BACKHAUL_VERSION) {
      this.#options.restart(new Error(`the origin speaks backhaul version ${message.version}`));
      return;
    }
    if (message.instance !== this.#instance) upstream.forgetClock();
    this.#instance = message.instance;
    heard.consistency = message.consistency;
    metrics.feedOpened.add();
    codec.setKey(message.tokenKey);
    // The catalogue and the profiles follow in the feed; until then nothing can be judged by old ones.
    analyser.setCatalogue(null);
    engine.setCatalogue(null);
    this.#epoch = message.epoch;
    engine.forgetProfiles();
    freshness.onWelcome(message);
    if (freshness.generation !== this.#generation) cache.clear();
    this.#generation = freshness.generation;
    log.info("feed open", { epoch: message.epoch, seq: message.seq, resumed: message.resumed });
  }
}
